/* Frames that a node is going to send: only what and when; the bytes are made at the moment of sending. */
#ifndef TR_OUTBOX_H
#define TR_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "tr_config.h"

typedef struct tr_waiting {
    uint32_t due_ms;
    uint16_t destination;
    uint16_t acked_version; /* used by DATA_ACK and HELP_CONFIRM only */
    uint8_t type;           /* enum tr_frame_type */
} tr_waiting_t;

/* In the order they came. All zero is empty. */
typedef struct tr_outbox {
    uint8_t count;
    tr_waiting_t waiting[TR_OUTBOX_FRAMES];
} tr_outbox_t;

/* The place of a new frame, instead of one of the same type for the same node; the caller says when it is
 * due. NULL when there is no room. */
tr_waiting_t *tr_outbox_put(tr_outbox_t *outbox, uint8_t type, uint16_t destination);

/* The frame that is due first, of equal times the one that came first. NULL when none is due. */
tr_waiting_t *tr_outbox_first_due(tr_outbox_t *outbox, uint32_t now_ms);

void tr_outbox_remove(tr_outbox_t *outbox, tr_waiting_t *waiting);

/* Forgets what waits of that type. */
void tr_outbox_discard(tr_outbox_t *outbox, uint8_t type);

/* How long until a frame is due; TR_FOREVER_MS if none waits. */
uint32_t tr_outbox_wait_ms(const tr_outbox_t *outbox, uint32_t now_ms);

#endif
