#include "clock.h"

#include <avr/interrupt.h>
#include <avr/io.h>

static const uint8_t PRESCALER = 64;

static volatile uint8_t ticks; // since the start; wraps

ISR(TIMER1_COMPA_vect)
{
    ticks++;
}

void clock_begin()
{
    TCCR1A = 0;
    OCR1A = F_CPU / PRESCALER / 1000 - 1;
    TCCR1B = _BV(WGM12) | _BV(CS11) | _BV(CS10); // clear on compare match, clock / 64
    TIMSK1 = _BV(OCIE1A);
}

uint32_t clock_ms()
{
    static uint32_t now_ms;
    static uint8_t counted;
    const uint8_t now = ticks;
    now_ms += uint8_t(now - counted);
    counted = now;
    return now_ms;
}
