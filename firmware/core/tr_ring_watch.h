/* When a token that gives no sign is taken for lost (PROTOCOL.md 12.5), the same as in
 * protocol/ring_watch.py.
 */
#ifndef TR_RING_WATCH_H
#define TR_RING_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "tr_jitter.h"

/* How fast the ring is: the ack timeout of the node's successor, and over how long claims spread. */
typedef struct tr_ring_pace {
    uint16_t ack_timeout_ms;
    uint32_t jitter_ms;
} tr_ring_pace_t;

/* Expects the next sign by some time, and learns how much later than that signs come. */
typedef struct tr_ring_watch {
    uint32_t delay_ms;
    uint32_t peak_ms;
    uint32_t expected_ms;
    uint32_t patience_ms; /* how much later the token is taken for lost */
} tr_ring_watch_t;

/* A sign came; the next is expected by `next_ms`. Of a token whose epoch was not known it tells less. */
void tr_ring_watch_heard(tr_ring_watch_t *watch, tr_jitter_t *jitter, uint32_t now_ms, uint32_t next_ms,
                         const tr_ring_pace_t *pace, bool is_known);

/* Nothing needs to come before that time; this is no news of how late signs are. */
void tr_ring_watch_wait_until(tr_ring_watch_t *watch, tr_jitter_t *jitter, uint32_t time_ms,
                              const tr_ring_pace_t *pace);

/* As tr_ring_watch_wait_until, if that is later than what was expected. */
void tr_ring_watch_wait_longer(tr_ring_watch_t *watch, tr_jitter_t *jitter, uint32_t time_ms,
                               const tr_ring_pace_t *pace);

/* No sign came, and this node makes another token; if that was too soon, it is to wait longer. */
void tr_ring_watch_gave_up(tr_ring_watch_t *watch);

/* The token was here: the longest delay since the last visit counts, older ones fade. */
void tr_ring_watch_visited(tr_ring_watch_t *watch);

/* How long until the token is taken for lost. */
uint32_t tr_ring_watch_wait_ms(const tr_ring_watch_t *watch, uint32_t now_ms);

#endif
