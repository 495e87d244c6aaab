#include "tr_senders.h"

#include <string.h>

#include "tr_bytes.h"
#include "tr_constants.h"

enum { WINDOW_FRAMES = 32 };

#define HALF_OF_COUNTERS UINT32_C(0x800000)

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

/* Of one that is not newer than the newest. */
static enum tr_judgement judge_older(const tr_sender_t *sender, const uint8_t *number)
{
    const uint32_t behind = distance(sender->newest, number);
    if (behind > WINDOW_FRAMES)
        return TR_NUMBER_TOO_OLD;
    return behind == 0 || sender->seen >> (uint8_t)(behind - 1) & 1 ? TR_NUMBER_SEEN : TR_NUMBER_NEW;
}

enum tr_judgement tr_sender_locate(const tr_sender_t *sender, uint8_t *number)
{
    const uint32_t ahead = distance(number, sender->newest);
    memcpy(number, sender->newest, TR_LIFE_BYTES);
    const bool is_more = memcmp(number, sender->newest, TR_NUMBER_BYTES) > 0;
    if (ahead == 0 || ahead >= HALF_OF_COUNTERS)
        return is_more ? TR_NUMBER_TOO_OLD /* of the life before */ : judge_older(sender, number);
    if (!is_more)
        tr_number_add(number, TR_LIFE_BYTES - 1, 1);
    return TR_NUMBER_NEW;
}

enum tr_judgement tr_sender_judge(const tr_sender_t *sender, const uint8_t *number)
{
    if (memcmp(number, sender->newest, TR_LIFE_BYTES) != 0)
        return TR_NUMBER_UNPROVEN;
    return memcmp(number, sender->newest, TR_NUMBER_BYTES) > 0 ? TR_NUMBER_NEW : judge_older(sender, number);
}

/* Of the same life and less: lives themselves may wrap. */
static bool is_older(const tr_sender_t *sender, const uint8_t *number)
{
    return memcmp(number, sender->newest, TR_LIFE_BYTES) == 0 &&
           memcmp(number, sender->newest, TR_NUMBER_BYTES) < 0;
}

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
    const uint32_t ahead = distance(number, sender->newest);
    if (is_older(sender, number)) {
        sender->seen |= UINT32_C(1) << (uint8_t)(distance(sender->newest, number) - 1);
        number = sender->newest;
    } else if (ahead > WINDOW_FRAMES) {
        sender->seen = 0;
    } else {
        sender->seen = sender->seen << 1 | 1;
        sender->seen <<= (uint8_t)(ahead - 1);
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
