#include "tr_outbox.h"

#include <stddef.h>
#include <string.h>

#include "tr_timer.h"

void tr_outbox_remove(tr_outbox_t *outbox, tr_waiting_t *waiting)
{
    outbox->count--;
    memmove(waiting, waiting + 1, (size_t)((char *)&outbox->waiting[outbox->count] - (char *)waiting));
}

tr_waiting_t *tr_outbox_put(tr_outbox_t *outbox, uint8_t type, uint16_t destination)
{
    tr_waiting_t *waiting = outbox->waiting;
    for (uint8_t left = outbox->count; left > 0; left--) {
        if (waiting->type == type && waiting->destination == destination)
            tr_outbox_remove(outbox, waiting);
        else
            waiting++;
    }
    if (outbox->count == TR_OUTBOX_FRAMES)
        return NULL;
    outbox->count++;
    waiting->type = type;
    waiting->destination = destination;
    return waiting;
}

tr_waiting_t *tr_outbox_first_due(tr_outbox_t *outbox, uint32_t now_ms)
{
    tr_waiting_t *first = NULL;
    tr_waiting_t *waiting = outbox->waiting;
    for (uint8_t left = outbox->count; left > 0; left--, waiting++) {
        if (tr_ms_until(waiting->due_ms, first ? first->due_ms - 1 : now_ms) == 0)
            first = waiting;
    }
    return first;
}

void tr_outbox_discard(tr_outbox_t *outbox, uint8_t type)
{
    tr_waiting_t *waiting = outbox->waiting;
    for (uint8_t left = outbox->count; left > 0; left--) {
        if (waiting->type == type)
            tr_outbox_remove(outbox, waiting);
        else
            waiting++;
    }
}

uint32_t tr_outbox_wait_ms(const tr_outbox_t *outbox, uint32_t now_ms)
{
    uint32_t wait_ms = TR_FOREVER_MS;
    const tr_waiting_t *waiting = outbox->waiting;
    for (uint8_t left = outbox->count; left > 0; left--, waiting++)
        wait_ms = tr_shorter(wait_ms, tr_ms_until(waiting->due_ms, now_ms));
    return wait_ms;
}
