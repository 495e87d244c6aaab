/* Senders whose long counter is proven, and which of their frames were heard (PROTOCOL.md 10.3; RFC
 * 4303, 3.4.3; as protocol/replay_window.py). */
#ifndef TR_SENDERS_H
#define TR_SENDERS_H

#include <stdint.h>

#include "tr_config.h"
#include "tr_long_counter.h"

typedef struct tr_sender {
    uint16_t id;
    uint8_t newest[TR_NUMBER_BYTES];
    uint32_t seen; /* bit i: the one i + 1 before the newest */
} tr_sender_t;

/* The one heard last stands first. All zero is empty. */
typedef struct tr_senders {
    uint8_t count;
    tr_sender_t senders[TR_MAX_SENDERS];
} tr_senders_t;

/* What the number of a frame says, before its tag is looked at. */
enum tr_judgement {
    TR_NUMBER_NEW,
    TR_NUMBER_UNPROVEN,
    TR_NUMBER_SEEN,
    TR_NUMBER_TOO_OLD, /* to tell whether it was seen */
};

/* NULL: not proven. */
tr_sender_t *tr_senders_find(tr_senders_t *senders, uint16_t id);

/* Of a frame whose counter stands in `number`. If its life is not shown, the one that it must be of is
 * written there, which the tag proves or not; of one that is shown, another than the proven life is not
 * proven, nor one long before the newest, which may be another member's lie. */
enum tr_judgement tr_sender_judge(const tr_sender_t *sender, uint8_t *number, bool is_shown);

/* A frame that was judged new, and whose tag was right, is heard. */
void tr_senders_take(tr_senders_t *senders, tr_sender_t *sender, const uint8_t *number);

/* Life and newest counter are known now; all before it counts as seen. Takes the place of the sender not
 * heard for longest, if need be. */
void tr_senders_prove(tr_senders_t *senders, uint16_t id, const uint8_t *number);

#endif
