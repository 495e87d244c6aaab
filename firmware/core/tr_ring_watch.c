/* When a token that gives no sign is taken for lost (PROTOCOL.md 12.5), as in protocol/ring_watch.py. */
#include "tr_inline.h"
#include "tr_ring_parts.h"

TR_OUTLINE static void was_late(tr_ring_watch_t *watch, uint32_t late_ms)
{
    late_ms = tr_shorter(late_ms, TR_RING_LONGEST_DELAY_MS);
    if (late_ms > watch->peak_ms)
        watch->peak_ms = late_ms;
}

TR_OUTLINE void tr_ring_expect(tr_ring_t *ring, uint32_t time_ms, uint32_t jitter_ms)
{
    tr_ring_watch_t *watch = &ring->watch;
    const uint32_t delay_ms = watch->delay_ms > watch->peak_ms ? watch->delay_ms : watch->peak_ms;
    watch->expected_ms = time_ms;
    watch->patience_ms = 2 * (tr_ring_ack_timeout_ms(ring) + delay_ms) + tr_ring_jitter_ms(ring, jitter_ms);
}

void tr_ring_wait_until(tr_ring_t *ring, uint32_t time_ms)
{
    tr_ring_expect(ring, time_ms, tr_ring_spread_ms(ring, ring->config->timing.jitter_ms));
}

void tr_ring_wait_longer(tr_ring_t *ring, uint32_t time_ms)
{
    if (tr_ms_until(time_ms, ring->watch.expected_ms) > 0)
        tr_ring_wait_until(ring, time_ms);
}

void tr_ring_heard_sign(tr_ring_t *ring, uint32_t hold_ms, bool is_known)
{
    tr_ring_watch_t *watch = &ring->watch;
    const uint32_t late_ms = tr_ms_until(ring->now_ms, watch->expected_ms);
    uint32_t next_ms = ring->now_ms + hold_ms;
    was_late(watch, is_known ? late_ms : tr_shorter(late_ms, watch->patience_ms));
    if (tr_ms_until(ring->quiet_ms, next_ms) > 0)
        next_ms = ring->quiet_ms;
    tr_ring_wait_until(ring, next_ms);
}

void tr_ring_gave_up(tr_ring_t *ring)
{
    was_late(&ring->watch, ring->watch.patience_ms);
}

TR_OUTLINE void tr_ring_visited(tr_ring_t *ring)
{
    tr_ring_watch_t *watch = &ring->watch;
    watch->delay_ms -= watch->delay_ms / 4;
    if (watch->peak_ms > watch->delay_ms)
        watch->delay_ms = watch->peak_ms;
    watch->peak_ms = 0;
}

uint32_t tr_ring_lost_wait_ms(const tr_ring_t *ring, uint32_t now_ms)
{
    return tr_ms_until(ring->watch.expected_ms + ring->watch.patience_ms, now_ms);
}
