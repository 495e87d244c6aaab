/*
 * A firmware that tries out an emulated board: it sends what it feels on A0 on its last UART, ended by 0x00,
 * writes a byte of its EEPROM, and stands still.
 */
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

#ifdef UDR1
#define UCSRA UCSR1A
#define UCSRB UCSR1B
#define UBRR UBRR1
#define UDR UDR1
#else
#define UCSRA UCSR0A
#define UCSRB UCSR0B
#define UBRR UBRR0
#define UDR UDR0
#endif

#define EEPROM_ADDRESS ((uint8_t *)5)

static void send(uint8_t byte)
{
    while (!(UCSRA & _BV(5))) { /* UDRE */
    }
    UDR = byte;
}

static uint8_t felt(void)
{
    ADMUX = _BV(REFS0) | _BV(ADLAR);
    ADCSRA = _BV(ADEN) | _BV(ADSC) | 7;
    while (ADCSRA & _BV(ADSC)) {
    }
    return ADCH;
}

int main(void)
{
    UCSRA = _BV(1); /* U2X */
    UBRR = 16;      /* 115200 baud */
    UCSRB = _BV(3); /* TXEN */
    send(felt());
    send(0x00);
    eeprom_write_byte(EEPROM_ADDRESS, 0x0F);
    eeprom_busy_wait();
    cli();
    sleep_enable();
    sleep_cpu();
}
