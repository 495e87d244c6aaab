#include "tr_events.h"

#include <string.h>

#include "tr_inline.h"

TR_OUTLINE static void remove_oldest(tr_events_t *events)
{
    events->count--;
    memmove(events->waiting, events->waiting + 1, events->count * sizeof *events->waiting);
}

void tr_events_put(tr_events_t *events, uint8_t kind, uint16_t node, uint16_t value)
{
    if (events->count == TR_MAX_EVENTS)
        remove_oldest(events);
    tr_event_t *event = &events->waiting[events->count++];
    event->kind = kind;
    event->node = node;
    event->value = value;
}

bool tr_events_take(tr_events_t *events, tr_event_t *taken)
{
    if (events->count == 0)
        return false;
    *taken = events->waiting[0];
    remove_oldest(events);
    return true;
}
