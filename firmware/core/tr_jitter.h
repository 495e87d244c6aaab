/* xorshift32 (Marsaglia, 2003), the same as in protocol/node.py: nodes of one seed send at the same times. */
#ifndef TR_JITTER_H
#define TR_JITTER_H

#include <stdint.h>

typedef struct tr_jitter {
    uint32_t state; /* never 0 */
} tr_jitter_t;

void tr_jitter_init(tr_jitter_t *jitter, uint32_t seed);

/* The next number, from 0 to limit - 1; 0 when limit is 0. */
uint32_t tr_jitter_below(tr_jitter_t *jitter, uint32_t limit);

#endif
