// Milliseconds since the start, by timer 1. The Arduino core's clock would tick every 1.024 ms and skip.

#ifndef TREERING_CLOCK_H
#define TREERING_CLOCK_H

#include <stdint.h>

void clock_begin();

// To be called at least every 255 ms, and never in an interrupt.
uint32_t clock_ms();

#endif
