#include "tr_ring_watch.h"

#include "tr_constants.h"
#include "tr_timer.h"

static void was_late(tr_ring_watch_t *watch, uint32_t late_ms)
{
    late_ms = tr_shorter(late_ms, TR_RING_LONGEST_DELAY_MS);
    if (late_ms > watch->peak_ms)
        watch->peak_ms = late_ms;
}

void tr_ring_watch_heard(tr_ring_watch_t *watch, tr_jitter_t *jitter, uint32_t now_ms, uint32_t next_ms,
                         const tr_ring_pace_t *pace, bool is_known)
{
    const uint32_t late_ms = tr_ms_until(now_ms, watch->expected_ms);
    was_late(watch, is_known ? late_ms : tr_shorter(late_ms, watch->patience_ms));
    tr_ring_watch_wait_until(watch, jitter, next_ms, pace);
}

void tr_ring_watch_wait_until(tr_ring_watch_t *watch, tr_jitter_t *jitter, uint32_t time_ms,
                              const tr_ring_pace_t *pace)
{
    const uint32_t delay_ms = watch->delay_ms > watch->peak_ms ? watch->delay_ms : watch->peak_ms;
    watch->expected_ms = time_ms;
    watch->patience_ms =
        2 * ((uint32_t)pace->ack_timeout_ms + delay_ms) + tr_jitter_below(jitter, pace->jitter_ms);
}

void tr_ring_watch_wait_longer(tr_ring_watch_t *watch, tr_jitter_t *jitter, uint32_t time_ms,
                               const tr_ring_pace_t *pace)
{
    if (tr_ms_until(time_ms, watch->expected_ms) > 0)
        tr_ring_watch_wait_until(watch, jitter, time_ms, pace);
}

void tr_ring_watch_gave_up(tr_ring_watch_t *watch)
{
    was_late(watch, watch->patience_ms);
}

void tr_ring_watch_visited(tr_ring_watch_t *watch)
{
    watch->delay_ms -= watch->delay_ms / 4;
    if (watch->peak_ms > watch->delay_ms)
        watch->delay_ms = watch->peak_ms;
    watch->peak_ms = 0;
}

uint32_t tr_ring_watch_wait_ms(const tr_ring_watch_t *watch, uint32_t now_ms)
{
    return tr_ms_until(watch->expected_ms + watch->patience_ms, now_ms);
}
