/* The timers and policies of PROTOCOL.md section 7. */
#ifndef TR_TIMING_H
#define TR_TIMING_H

#include <stdint.h>

#include "tr_config.h"

typedef struct tr_timing {
    uint32_t period_ms;    /* 1 to TR_MAX_PERIOD_MS; the root's, the others learn it */
    uint32_t discovery_ms; /* the root's */
    uint16_t jitter_ms;
    uint16_t spread_ms;
    uint16_t ack_timeout_ms;
    uint16_t ack_timeout_least_ms;
    uint16_t ack_timeout_limit_ms;
    uint16_t listen_ms;
    uint16_t offer_window_ms;
    uint16_t help_wait_ms;
    uint16_t help_wait_limit_ms;
    uint16_t leaf_wait_ms;
    uint16_t switch_etx16; /* in sixteenths of a try; 0: never look for a better parent */
    uint8_t max_retries;
    uint8_t missed_rounds;
} tr_timing_t;

/* Spans that are made of these timers, but for the periods. For those of section 7 fewer bits do. */
#if TR_FIXED_TIMING
typedef uint16_t tr_span_ms_t;
#else
typedef uint32_t tr_span_ms_t;
#endif

#endif
