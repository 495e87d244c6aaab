#include "tr_outbox.h"

#include <string.h>

#include "tr_timer.h"

static void remove_at(tr_outbox_t *outbox, uint8_t place)
{
    outbox->count--;
    memmove(&outbox->waiting[place], &outbox->waiting[place + 1],
            (size_t)(outbox->count - place) * sizeof *outbox->waiting);
}

bool tr_outbox_put(tr_outbox_t *outbox, const tr_waiting_t *frame)
{
    for (uint8_t i = 0; i < outbox->count; i++) {
        if (outbox->waiting[i].type == frame->type && outbox->waiting[i].destination == frame->destination) {
            remove_at(outbox, i);
            break; /* there is one at most */
        }
    }
    if (outbox->count == TR_OUTBOX_FRAMES)
        return false;
    outbox->waiting[outbox->count++] = *frame;
    return true;
}

bool tr_outbox_take_due(tr_outbox_t *outbox, uint32_t now_ms, tr_waiting_t *taken)
{
    uint8_t first = outbox->count;
    for (uint8_t i = 0; i < outbox->count; i++) {
        const uint32_t due_ms = outbox->waiting[i].due_ms;
        if (tr_ms_until(due_ms, now_ms) == 0 &&
            (first == outbox->count || tr_ms_until(outbox->waiting[first].due_ms, due_ms) > 0))
            first = i;
    }
    if (first == outbox->count)
        return false;
    *taken = outbox->waiting[first];
    remove_at(outbox, first);
    return true;
}

void tr_outbox_discard(tr_outbox_t *outbox, uint8_t type)
{
    for (uint8_t i = outbox->count; i-- > 0;) {
        if (outbox->waiting[i].type == type)
            remove_at(outbox, i);
    }
}

uint32_t tr_outbox_wait_ms(const tr_outbox_t *outbox, uint32_t now_ms)
{
    uint32_t wait_ms = TR_FOREVER_MS;
    for (uint8_t i = 0; i < outbox->count; i++)
        wait_ms = tr_shorter(wait_ms, tr_ms_until(outbox->waiting[i].due_ms, now_ms));
    return wait_ms;
}
