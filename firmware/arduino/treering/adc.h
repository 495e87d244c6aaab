// The analog pins, against the supply voltage. The converter has power only while it measures: Atmel says
// 0.2 mA. Source: ATmega328P data sheet, chapter "Analog-to-Digital Converter".

#ifndef TREERING_ADC_H
#define TREERING_ADC_H

#include <stdint.h>

// 0 to 1023 for 0 V up to the supply, after 0.2 ms.
uint16_t adc_read(uint8_t channel);

#endif
