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

/* Adds a frame, in place of one of the same type for the same node. False when there is no room. */
bool tr_outbox_put(tr_outbox_t *outbox, const tr_waiting_t *frame);

/* Takes the frame that is due first, of equal times the one that came first. False when none is due. */
bool tr_outbox_take_due(tr_outbox_t *outbox, uint32_t now_ms, tr_waiting_t *taken);

/* Forgets what waits of that type. */
void tr_outbox_discard(tr_outbox_t *outbox, uint8_t type);

/* How long until a frame is due; TR_FOREVER_MS if none waits. */
uint32_t tr_outbox_wait_ms(const tr_outbox_t *outbox, uint32_t now_ms);

#endif
