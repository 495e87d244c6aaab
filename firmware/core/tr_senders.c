#include "tr_senders.h"

#include <string.h>

#include "tr_bytes.h"
#include "tr_constants.h"

#define HALF_OF_COUNTERS UINT32_C(0x800000)

enum { LONG_BEFORE = 256 };

tr_sender_t *tr_senders_find(tr_senders_t *senders, uint16_t id)
{
    tr_sender_t *sender = senders->senders;
    for (uint8_t left = senders->count; left > 0; left--, sender++) {
        if (sender->id == id)
            return sender;
    }
    return NULL;
}

/* How many counters one number is after another, whatever the lives. */
static uint32_t distance(const uint8_t *number, const uint8_t *before)
{
    return (tr_get_u24(number + TR_LIFE_BYTES) - tr_get_u24(before + TR_LIFE_BYTES)) & TR_MAX_U24;
}

enum tr_judgement tr_sender_judge(const tr_sender_t *sender, uint8_t *number, bool is_shown)
{
    if (!is_shown)
        memcpy(number, sender->newest, TR_LIFE_BYTES);
    else if (memcmp(number, sender->newest, TR_LIFE_BYTES) != 0)
        return TR_NUMBER_UNPROVEN;
    const uint32_t behind = distance(sender->newest, number);
    const bool is_more = memcmp(number, sender->newest, TR_NUMBER_BYTES) > 0;
    if (is_shown ? is_more : behind > HALF_OF_COUNTERS) {
        if (!is_more)
            tr_number_add(number, TR_LIFE_BYTES - 1, 1);
        return TR_NUMBER_NEW;
    }
    if (is_shown && behind > LONG_BEFORE)
        return TR_NUMBER_UNPROVEN;
    if (is_more /* and so of the life before */ || behind > TR_WINDOW_FRAMES)
        return TR_NUMBER_TOO_OLD;
    return behind == 0 || sender->seen >> (uint8_t)(behind - 1) & 1 ? TR_NUMBER_SEEN : TR_NUMBER_NEW;
}

/* The sender, whose window is right already, is heard with that number as the newest. */
static void put_first(tr_senders_t *senders, tr_sender_t *sender, const uint8_t *number)
{
    tr_sender_t moved = *sender;
    memcpy(moved.newest, number, TR_NUMBER_BYTES);
    memmove(senders->senders + 1, senders->senders,
            (size_t)((uint8_t *)sender - (uint8_t *)senders->senders));
    senders->senders[0] = moved;
}

void tr_senders_take(tr_senders_t *senders, tr_sender_t *sender, const uint8_t *number)
{
    /* Of the same life and less: lives wrap. */
    if (memcmp(number, sender->newest, TR_LIFE_BYTES) == 0 &&
        memcmp(number, sender->newest, TR_NUMBER_BYTES) < 0) {
        sender->seen |= UINT32_C(1) << (uint8_t)(distance(sender->newest, number) - 1);
        number = sender->newest;
    } else {
        const uint32_t ahead = distance(number, sender->newest);
        uint8_t newest = 1; /* the one that was: it comes into the window first */
        for (uint8_t left = ahead > TR_WINDOW_FRAMES ? TR_WINDOW_FRAMES + 1 : (uint8_t)ahead; left > 0;
             left--) {
            sender->seen = sender->seen << 1 | newest;
            newest = 0;
        }
    }
    put_first(senders, sender, number);
}

void tr_senders_prove(tr_senders_t *senders, uint16_t id, const uint8_t *number)
{
    tr_sender_t *sender = tr_senders_find(senders, id);
    if (!sender) {
        if (senders->count < TR_MAX_SENDERS)
            senders->count++;
        sender = &senders->senders[senders->count - 1];
        sender->id = id;
    }
    sender->seen = UINT32_MAX;
    put_first(senders, sender, number);
}
