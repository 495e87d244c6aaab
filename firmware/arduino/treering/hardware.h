// What is where on the boards: Uno and Nano (ATmega328P), Mega (ATmega2560), Leonardo (ATmega32U4).
// SETTINGS_PAGE is where settings lie in flash (PROTOCOL.md 16.2).

#ifndef TREERING_HARDWARE_H
#define TREERING_HARDWARE_H

#include <avr/io.h>

#if defined(__AVR_ATmega328P__)
#define LED_PORT PORTB
#define LED_DDR DDRB
#define LED_BIT 5 // pin 13
#define TWI_PORT PORTC
#define TWI_PULL_UPS (_BV(4) | _BV(5)) // A4 SDA, A5 SCL
#define ACTUATOR_PORT PORTD
#define ACTUATOR_DDR DDRD
#define ACTUATOR_BIT 7 // pin 7
#define SETTINGS_PAGE 0x7780
#define SOIL_CHANNEL 0 // A0
#define WIND_CHANNEL 1 // A1
#elif defined(__AVR_ATmega2560__)
#define LED_PORT PORTB
#define LED_DDR DDRB
#define LED_BIT 7 // pin 13
#define TWI_PORT PORTD
#define TWI_PULL_UPS (_BV(0) | _BV(1)) // 21 SCL, 20 SDA
#define ACTUATOR_PORT PORTH
#define ACTUATOR_DDR DDRH
#define ACTUATOR_BIT 4 // pin 7
#define SETTINGS_PAGE 0x3DF80UL
#define SOIL_CHANNEL 0 // A0
#define WIND_CHANNEL 1 // A1
#elif defined(__AVR_ATmega32U4__)
#define LED_PORT PORTC
#define LED_DDR DDRC
#define LED_BIT 7 // pin 13
#define TWI_PORT PORTD
#define TWI_PULL_UPS (_BV(0) | _BV(1)) // 3 SCL, 2 SDA
#define ACTUATOR_PORT PORTE
#define ACTUATOR_DDR DDRE
#define ACTUATOR_BIT 6 // pin 7
#define SETTINGS_PAGE 0x6F80
#define SOIL_CHANNEL 7 // A0
#define WIND_CHANNEL 6 // A1
#else
#error "Treering runs on the ATmega328P, ATmega2560 and ATmega32U4."
#endif

#endif
