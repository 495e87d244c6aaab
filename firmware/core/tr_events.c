#include "tr_events.h"

void tr_events_put(tr_events_t *events, uint8_t kind, uint16_t node, uint16_t value)
{
    const tr_event_t event = {.kind = kind, .node = node, .value = value};
    if (events->count == TR_MAX_EVENTS) {
        events->first = (uint16_t)((events->first + 1) % TR_MAX_EVENTS);
        events->count--;
    }
    events->ring[(events->first + events->count) % TR_MAX_EVENTS] = event;
    events->count++;
}

bool tr_events_take(tr_events_t *events, tr_event_t *taken)
{
    if (events->count == 0)
        return false;
    *taken = events->ring[events->first];
    events->first = (uint16_t)((events->first + 1) % TR_MAX_EVENTS);
    events->count--;
    return true;
}
