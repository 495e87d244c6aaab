/* Times in milliseconds on a clock that wraps: they are compared by their difference, which stays below 2^31.
 */
#ifndef TR_TIMER_H
#define TR_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/* How long until nothing is due. */
#define TR_FOREVER_MS UINT32_C(0xffffffff)

typedef struct tr_timer {
    uint32_t at_ms;
    bool is_set;
} tr_timer_t;

/* How long from `now_ms` until then; 0 if it has come. */
uint32_t tr_ms_until(uint32_t then_ms, uint32_t now_ms);

void tr_timer_set(tr_timer_t *timer, uint32_t at_ms);
uint32_t tr_timer_wait_ms(const tr_timer_t *timer, uint32_t now_ms);
bool tr_timer_is_due(const tr_timer_t *timer, uint32_t now_ms);

/* The smaller of two spans. */
uint32_t tr_shorter(uint32_t a_ms, uint32_t b_ms);

#endif
