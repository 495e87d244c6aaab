#include "tr_timer.h"

#include "tr_inline.h"

TR_OUTLINE uint32_t tr_ms_until(uint32_t then_ms, uint32_t now_ms)
{
    const uint32_t wait_ms = then_ms - now_ms;
    return (int32_t)wait_ms > 0 ? wait_ms : 0;
}

TR_OUTLINE void tr_timer_set(tr_timer_t *timer, uint32_t at_ms)
{
    timer->at_ms = at_ms;
    timer->is_set = true;
}

TR_OUTLINE uint32_t tr_timer_wait_ms(const tr_timer_t *timer, uint32_t now_ms)
{
    return timer->is_set ? tr_ms_until(timer->at_ms, now_ms) : TR_FOREVER_MS;
}

bool tr_timer_is_due(const tr_timer_t *timer, uint32_t now_ms)
{
    return tr_timer_wait_ms(timer, now_ms) == 0;
}

TR_OUTLINE uint32_t tr_shorter(uint32_t a_ms, uint32_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}
