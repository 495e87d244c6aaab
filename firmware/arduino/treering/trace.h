// What happens to the node, told on the chip's general purpose registers: on a real board nothing is there,
// and an emulator (firmware/emulator/boards.c) listens. Ten instructions an event.

#ifndef TREERING_TRACE_H
#define TREERING_TRACE_H

#include <avr/io.h>

#include "core.h"

static inline void trace(const tr_event_t &event)
{
    GPIOR1 = event.node >> 8;
    GPIOR1 = event.node;
    GPIOR1 = event.value >> 8;
    GPIOR1 = event.value;
    GPIOR0 = event.kind; // the event is whole
}

#endif
