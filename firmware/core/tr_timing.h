/* The timers and policies of PROTOCOL.md section 7. */
#ifndef TR_TIMING_H
#define TR_TIMING_H

#include <stdint.h>

#include "tr_constants.h"

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

/* What section 7 says. */
tr_timing_t tr_timing_default(void);

/* The longest time that one hop may need when an answer is waited for so long. */
uint32_t tr_timing_hop_wait_ms(const tr_timing_t *timing, uint16_t ack_timeout_ms);

/* The window over which helpers spread their offers. */
uint16_t tr_timing_help_spread_ms(const tr_timing_t *timing);

/* The longest window over which leaves spread. */
uint32_t tr_timing_longest_spread_ms(const tr_timing_t *timing);

#endif
