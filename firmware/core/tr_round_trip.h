/* How long to wait for a neighbour's answer, the same as in protocol/round_trip.py: RFC 6298 in whole
 * milliseconds (PROTOCOL.md section 7). */
#ifndef TR_ROUND_TRIP_H
#define TR_ROUND_TRIP_H

#include <stdbool.h>
#include <stdint.h>

/* So that four times the longest error fits 16 bits. */
#define TR_LONGEST_ACK_TIMEOUT_MS 0x3fffu

/* How long to wait before anything was measured, and the limits of what is. */
typedef struct tr_ack_timeouts {
    uint16_t first_ms;
    uint16_t least_ms;
    uint16_t limit_ms; /* at most TR_LONGEST_ACK_TIMEOUT_MS */
    uint16_t least_margin_ms;
} tr_ack_timeouts_t;

/* The times from frames to their answers, of one neighbour. All zero: nothing is known yet. */
typedef struct tr_round_trip {
    uint32_t smoothed_8ths; /* in eighths of a millisecond; 0: not measured yet */
    uint16_t margin_ms;
    uint16_t guess_ms; /* 0: none */
} tr_round_trip_t;

/* An answer took so long; within limits, whatever a late driver or a stranger's frame makes of it. */
void tr_round_trip_answered(tr_round_trip_t *round_trip, const tr_ack_timeouts_t *timeouts, uint32_t took_ms);

/* An answer took at most so long, since nobody knows to which of several tries it was. It counts until one is
 * measured. */
void tr_round_trip_guess(tr_round_trip_t *round_trip, const tr_ack_timeouts_t *timeouts, uint32_t took_ms);

/* Nothing came in time: wait a little longer from now on. */
void tr_round_trip_not_answered(tr_round_trip_t *round_trip, const tr_ack_timeouts_t *timeouts);

/* Whether any answer was measured; and whether anything is known, were it a guess. */
bool tr_round_trip_is_measured(const tr_round_trip_t *round_trip);
bool tr_round_trip_is_known(const tr_round_trip_t *round_trip);

/* How long to wait for an answer. */
uint16_t tr_round_trip_timeout_ms(const tr_round_trip_t *round_trip, const tr_ack_timeouts_t *timeouts);

/* Half of the round trip; 0 before one was measured. */
uint16_t tr_round_trip_one_way_ms(const tr_round_trip_t *round_trip);

#endif
