#include "tr_jitter.h"

void tr_jitter_init(tr_jitter_t *jitter, uint32_t seed)
{
    jitter->state = seed ? seed : 1;
}

uint32_t tr_jitter_below(tr_jitter_t *jitter, uint32_t limit)
{
    uint32_t x = jitter->state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    jitter->state = x;
    return limit ? x % limit : 0;
}
