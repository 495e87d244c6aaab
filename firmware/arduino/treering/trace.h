// What happens to the node, told on the chip's general purpose registers: on a real board nothing is there,
// and an emulator (firmware/emulator/boards.c) listens. Ten instructions an event.

#ifndef TREERING_TRACE_H
#define TREERING_TRACE_H

#include <avr/io.h>

#include "network.h"

// Before any event: all the chance there is in what the node does.
static inline void trace_seed(uint32_t seed)
{
    GPIOR1 = seed >> 24;
    GPIOR1 = seed >> 16;
    GPIOR1 = seed >> 8;
    GPIOR1 = seed;
    GPIOR0 = 0; // no kind of event
}

static inline void trace(const tr_event_t &event)
{
    GPIOR1 = event.node >> 8;
    GPIOR1 = event.node;
    GPIOR1 = event.value >> 8;
    GPIOR1 = event.value;
    GPIOR0 = event.kind; // the event is whole
}

#endif
