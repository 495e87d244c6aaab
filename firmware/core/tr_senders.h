/* Whose long counter is known, and which of their frames were heard (PROTOCOL.md 10.3; RFC 4303, 3.4.3; as
 * protocol/replay_window.py). The table is an array of TR_MAX_SENDERS, with
 * the sender known last first. */
#ifndef TR_SENDERS_H
#define TR_SENDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "tr_config.h"
#include "tr_long_counter.h"

typedef struct tr_sender {
    uint16_t id; /* TR_NO_NODE: the place is free */
    uint8_t newest[TR_NUMBER_BYTES];
    uint32_t seen; /* bit i: the one i before the newest */
} tr_sender_t;

/* What the number of a frame says, before its tag is looked at. */
enum tr_judgement {
    TR_NUMBER_NEW,
    TR_NUMBER_UNPROVEN,
    TR_NUMBER_SEEN,
    TR_NUMBER_TOO_OLD,     /* to tell whether it was seen */
    TR_NUMBER_LONG_BEFORE, /* the newest, so that this may be another member's lie */
};

void tr_senders_clear(tr_sender_t *senders);

/* NULL: not proven. */
tr_sender_t *tr_senders_find(tr_sender_t *senders, uint16_t id);

/* Of a number in the life that is proven. `is_heard`: the tag was right, and what is new is no longer. */
enum tr_judgement tr_sender_judge(tr_sender_t *sender, const uint8_t *number, bool is_heard);

/* Life and newest counter are known now; all before it counts as seen. Takes the place of the sender known
 * for longest, if need be. */
void tr_senders_prove(tr_sender_t *senders, uint16_t id, const uint8_t *number);

#endif
