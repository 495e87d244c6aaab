#include "adc.h"

#include <avr/io.h>

uint16_t adc_read(uint8_t channel)
{
    ADMUX = _BV(REFS0) | channel; // against AVcc
    // One conversion, the first after power-on: 25 cycles of 16 MHz / 128.
    ADCSRA = _BV(ADEN) | _BV(ADSC) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
    while (ADCSRA & _BV(ADSC)) {
    }
    const uint16_t level = ADC;
    ADCSRA = 0;
    return level;
}
