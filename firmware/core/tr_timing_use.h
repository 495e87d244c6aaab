/* The timers in use, and what follows from them (PROTOCOL.md section 7). For the core's own use. */
#ifndef TR_TIMING_USE_H
#define TR_TIMING_USE_H

#include "tr_constants.h"
#include "tr_timing.h"

/* What section 7 says. */
static const tr_timing_t TR_TIMING_DEFAULT = {
    .period_ms = TR_DEFAULT_PERIOD_MS,
    .discovery_ms = TR_DEFAULT_DISCOVERY_MS,
    .jitter_ms = TR_DEFAULT_JITTER_MS,
    .spread_ms = TR_DEFAULT_SPREAD_MS,
    .ack_timeout_ms = TR_DEFAULT_ACK_TIMEOUT_MS,
    .ack_timeout_least_ms = TR_DEFAULT_ACK_TIMEOUT_LEAST_MS,
    .ack_timeout_limit_ms = TR_DEFAULT_ACK_TIMEOUT_LIMIT_MS,
    .listen_ms = TR_DEFAULT_LISTEN_MS,
    .offer_window_ms = TR_DEFAULT_OFFER_WINDOW_MS,
    .help_wait_ms = TR_DEFAULT_HELP_WAIT_MS,
    .help_wait_limit_ms = TR_DEFAULT_HELP_WAIT_LIMIT_MS,
    .leaf_wait_ms = TR_DEFAULT_LEAF_WAIT_MS,
    .switch_etx16 = TR_DEFAULT_SWITCH_ETX16,
    .max_retries = TR_DEFAULT_MAX_RETRIES,
    .missed_rounds = TR_DEFAULT_MISSED_ROUNDS,
};

/* The timers that count: the configured ones, unless they are built in. */
static inline const tr_timing_t *tr_timing_in_use(const tr_timing_t *configured)
{
    return TR_FIXED_TIMING ? &TR_TIMING_DEFAULT : configured;
}

/* The longest time that one hop may need when an answer is waited for so long. */
static inline uint32_t tr_timing_hop_wait_ms(const tr_timing_t *timing, uint16_t ack_timeout_ms)
{
    const uint32_t tries = (uint32_t)timing->max_retries + 1;
    return tries * ack_timeout_ms + tries * (tries + 1) / 2 * timing->jitter_ms;
}

/* The window over which helpers spread their offers. */
static inline uint16_t tr_timing_help_spread_ms(const tr_timing_t *timing)
{
    return timing->spread_ms / 2;
}

/* The longest window over which leaves spread. */
static inline uint32_t tr_timing_longest_spread_ms(const tr_timing_t *timing)
{
    return (uint32_t)TR_SPREAD_GROWTH * timing->spread_ms;
}

#endif
