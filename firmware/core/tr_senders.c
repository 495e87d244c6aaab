#include "tr_senders.h"

#include <string.h>

#include "tr_bytes.h"
#include "tr_constants.h"

enum { LONG_BEFORE = 256 }; /* more frames than a node sends while an answer is waited for */

void tr_senders_clear(tr_sender_t *senders)
{
    for (uint8_t left = TR_MAX_SENDERS; left > 0; left--, senders++)
        senders->id = TR_NO_NODE;
}

tr_sender_t *tr_senders_find(tr_sender_t *senders, uint16_t id)
{
    for (uint8_t left = TR_MAX_SENDERS; left > 0; left--, senders++) {
        if (senders->id == id)
            return senders;
    }
    return NULL;
}

enum tr_judgement tr_sender_judge(tr_sender_t *sender, const uint8_t *number, bool is_heard)
{
    const uint32_t counter = tr_get_u24(number + TR_LIFE_BYTES);
    const uint32_t newest = tr_get_u24(sender->newest + TR_LIFE_BYTES);
    if (counter > newest) {
        if (is_heard) {
            const uint32_t ahead = counter - newest;
            sender->seen = ahead < TR_WINDOW_FRAMES ? sender->seen << (uint8_t)ahead | 1 : 1;
            tr_number_copy(sender->newest, number);
        }
        return TR_NUMBER_NEW;
    }
    const uint32_t behind = newest - counter;
    if (behind >= TR_WINDOW_FRAMES)
        return behind > LONG_BEFORE ? TR_NUMBER_LONG_BEFORE : TR_NUMBER_TOO_OLD;
    const uint32_t bit = UINT32_C(1) << (uint8_t)behind;
    if (sender->seen & bit)
        return TR_NUMBER_SEEN;
    if (is_heard)
        sender->seen |= bit;
    return TR_NUMBER_NEW;
}

void tr_senders_prove(tr_sender_t *senders, uint16_t id, const uint8_t *number)
{
    tr_sender_t *sender = tr_senders_find(senders, id);
    if (!sender) {
        memmove(senders + 1, senders, (TR_MAX_SENDERS - 1) * sizeof *senders);
        sender = senders;
    }
    sender->id = id;
    tr_number_copy(sender->newest, number);
    sender->seen = UINT32_MAX;
}
