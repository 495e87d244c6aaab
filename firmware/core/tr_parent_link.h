/* The link to the parent as a node has found it, the same as in protocol/parent_link.py: its ETX, its round
 * trip, and when to send (PROTOCOL.md 5.5 and section 7). */
#ifndef TR_PARENT_LINK_H
#define TR_PARENT_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "tr_jitter.h"
#include "tr_timing.h"

/* Begins anew with every parent, but remembers the last one's ETX. */
typedef struct tr_parent_link {
    uint16_t parent; /* the last one is kept until there is another; TR_NO_NODE: there was none */
    uint16_t former;
    uint16_t etx16; /* to the parent, in sixteenths of a try */
    uint16_t former_etx16;
    tr_span_ms_t round_trip_8ths; /* smoothed, in eighths of a millisecond; 0: not measured yet */
    tr_span_ms_t margin_ms;
    tr_span_ms_t spread_ms; /* the window over which a leaf sends now */
    uint16_t fraction;      /* of the window, in 65536ths: the node's time of the round */
} tr_parent_link_t;

/* Draws a time of the round. `link` is all zero. */
void tr_parent_link_init(tr_parent_link_t *link, const tr_timing_t *timing, tr_jitter_t *jitter);

/* The node has that parent now. */
void tr_parent_link_begin(tr_parent_link_t *link, uint16_t parent);

/* A report was acknowledged after so many tries; the round trip is that of the last try. */
void tr_parent_link_answered(tr_parent_link_t *link, const tr_timing_t *timing, uint16_t tries,
                             uint32_t round_trip_ms);

/* Nothing came in time: wait longer, and after a first try send the next report at another time of the round.
 */
void tr_parent_link_not_answered(tr_parent_link_t *link, const tr_timing_t *timing, tr_jitter_t *jitter,
                                 uint16_t tries);

/* How long to wait for an answer: measured, or as configured before anything was. */
uint16_t tr_parent_link_ack_timeout_ms(const tr_parent_link_t *link, const tr_timing_t *timing);

/* How old an answer is when it arrives: half of the round trip; 0 before one was measured. */
tr_span_ms_t tr_parent_link_delay_ms(const tr_parent_link_t *link);

/* When to send a report after it is complete; `slot_ms` is a hop's share of the period. */
tr_span_ms_t tr_parent_link_send_delay_ms(const tr_parent_link_t *link, const tr_timing_t *timing,
                                          uint32_t slot_ms, bool is_leaf);

/* Whether it is time to look for a better parent. */
bool tr_parent_link_is_bad(const tr_parent_link_t *link, const tr_timing_t *timing);

/* What a way over that neighbour costs, `hop_count` hops from the root, in sixteenths of a transmission. */
uint16_t tr_parent_link_cost(const tr_parent_link_t *link, uint16_t neighbour, uint8_t hop_count);

#endif
