#include "tr_ring.h"

#include <string.h>

#include "tr_inline.h"
#include "tr_ring_parts.h"
#include "tr_serial_number.h"

/* Nothing depends on whether a time is longer ago: it stays so long ago, that the clock may wrap. */
#define LONG_AGO_MS (UINT32_C(1) << 30)

/* --- the seam --- */

static tr_ring_timing_t default_timing(void)
{
    /* Not one initialiser: an AVR would keep that in RAM too. */
    tr_ring_timing_t timing;
    timing.period_ms = TR_RING_DEFAULT_PERIOD_MS;
    timing.ack_timeouts.first_ms = TR_RING_DEFAULT_ACK_TIMEOUT_FIRST_MS;
    timing.ack_timeouts.least_ms = TR_RING_DEFAULT_ACK_TIMEOUT_LEAST_MS;
    timing.ack_timeouts.limit_ms = TR_RING_DEFAULT_ACK_TIMEOUT_LIMIT_MS;
    timing.ack_timeouts.least_margin_ms = TR_RING_DEFAULT_ACK_TIMEOUT_LEAST_MARGIN_MS;
    timing.tries = TR_RING_DEFAULT_TRIES;
    timing.measure_wait_ms = TR_RING_DEFAULT_MEASURE_WAIT_MS;
    timing.jitter_ms = TR_RING_DEFAULT_JITTER_MS;
    timing.first_jitter_ms = TR_RING_DEFAULT_FIRST_JITTER_MS;
    timing.first_delay_ms = TR_RING_DEFAULT_FIRST_DELAY_MS;
    timing.claim_least_ms = TR_RING_DEFAULT_CLAIM_LEAST_MS;
    timing.listen_ms = TR_RING_DEFAULT_LISTEN_MS;
    timing.peers = tr_peer_timing_default();
    return timing;
}

TR_OUTLINE tr_ring_config_t tr_ring_config_default(uint16_t node_id, uint32_t seed)
{
    const tr_ring_config_t config = {
        .peer = tr_peer_config_default(node_id, seed),
        .metric_count = 1, /* metric 0 */
        .first_version = 1,
        .timing = default_timing(),
    };
    return config;
}

static bool is_in_range(const tr_ring_config_t *config)
{
    const tr_ring_timing_t *timing = &config->timing;
    if (config->metric_count > TR_MAX_PAIRS)
        return false;
    for (uint8_t i = 0; i < config->metric_count; i++) {
        if (config->metrics[i] > TR_METRIC_MASK)
            return false;
    }
    return timing->period_ms > 0 && timing->period_ms <= TR_MAX_PERIOD_MS &&
           timing->tries <= TR_RING_MOST_TRIES && timing->measure_wait_ms <= TR_LONGEST_ACK_TIMEOUT_MS &&
           timing->ack_timeouts.limit_ms <= TR_LONGEST_ACK_TIMEOUT_MS;
}

static void start_timers(tr_ring_t *ring)
{
    const tr_ring_timing_t *timing = &ring->config->timing;
    ring->began_ms = ring->now_ms;
    ring->quiet_ms = ring->now_ms;
    ring->adds_from_ms = ring->now_ms + timing->listen_ms;
    ring->watch.delay_ms = timing->first_delay_ms;
    tr_ring_expect(ring, ring->adds_from_ms, timing->first_jitter_ms);
    tr_ring_start(ring, &ring->hello, tr_ring_jitter_ms(ring, timing->peers.hello_spread_ms));
    ring->hello_wait_ms = timing->peers.hello_wait_ms;
}

int tr_ring_init(tr_ring_t *ring, const tr_ring_config_t *config, uint32_t now_ms)
{
    memset(ring, 0, sizeof *ring);
    if (!is_in_range(config) || tr_peer_node_init(&ring->node, &config->peer) != 0)
        return TR_ERROR_CONFIG;
    ring->config = config;
    ring->now_ms = now_ms;
    ring->version = (uint16_t)(config->first_version - 1);
    ring->visited_version = ring->version;
    ring->successor = TR_NO_NODE;
    ring->passed_over = TR_NO_NODE;
    ring->last_holder = TR_NO_NODE;
    ring->usual_timeout_ms = config->timing.ack_timeouts.first_ms;
    ring->sensor_timeouts = config->timing.ack_timeouts;
    ring->sensor_timeouts.first_ms = config->timing.measure_wait_ms;
    ring->sensor_timeouts.limit_ms = config->timing.measure_wait_ms;
    start_timers(ring);
    return 0;
}

static void keep_recent(const tr_ring_t *ring, uint32_t *time_ms)
{
    if (tr_ms_until(ring->now_ms, *time_ms) > LONG_AGO_MS)
        *time_ms = ring->now_ms - LONG_AGO_MS;
}

static void begin_call(tr_ring_t *ring, uint32_t now_ms)
{
    ring->now_ms = now_ms;
    keep_recent(ring, &ring->begun_ms);
    keep_recent(ring, &ring->quiet_ms);
    keep_recent(ring, &ring->adds_from_ms);
    keep_recent(ring, &ring->watch.expected_ms);
}

TR_OUTLINE void tr_ring_receive(tr_ring_t *ring, const uint8_t *bytes, size_t length, uint32_t now_ms)
{
    tr_frame_t frame;
    const int decoded = tr_ring_frame_decode(&frame, bytes, length);
    begin_call(ring, now_ms);
    if (tr_peer_node_accepts(&ring->node, &frame, decoded) && tr_peer_node_is_for(&ring->node, &frame))
        tr_ring_dispatch(ring, &frame);
}

static void end_phase(tr_ring_t *ring)
{
    switch (ring->phase) {
    case TR_RING_MEASURING: tr_ring_end_measuring(ring); break;
    case TR_RING_PASSING: tr_ring_no_sign(ring); break;
    case TR_RING_MUSTERING: tr_ring_pass_on(ring); break;
    default: tr_ring_begin_round(ring); break;
    }
}

static bool is_unheard_since_muster(const tr_peer_t *peer, const void *context)
{
    (void)context;
    return peer->misses > 0;
}

static void say_hello(tr_ring_t *ring)
{
    const tr_ring_timing_t *timing = &ring->config->timing;
    const uint32_t next_wait_ms = UINT32_C(2) * ring->hello_wait_ms;
    tr_ring_put(ring, TR_HELLO, TR_BROADCAST);
    tr_ring_start(ring, &ring->hello, ring->hello_wait_ms + tr_ring_jitter_ms(ring, timing->jitter_ms));
    ring->hello_wait_ms = (uint16_t)tr_shorter(next_wait_ms, timing->peers.hello_wait_limit_ms);
}

void tr_ring_handle_timer(tr_ring_t *ring, uint32_t now_ms)
{
    if (ring->node.has_left)
        return;
    begin_call(ring, now_ms);
    if (tr_timer_is_due(&ring->muster, now_ms)) {
        ring->muster.is_set = false;
        tr_peer_node_lose_all(&ring->node, is_unheard_since_muster, NULL, TR_WHY_NO_MUSTER);
    }
    if (tr_timer_is_due(&ring->phase_end, now_ms))
        end_phase(ring);
    if (ring->is_claiming)
        tr_ring_go_on_claiming(ring);
    else if (!ring->is_holder && tr_ring_lost_wait_ms(ring, now_ms) == 0)
        tr_ring_claim(ring);
    if (tr_timer_is_due(&ring->hello, now_ms))
        say_hello(ring);
}

bool tr_ring_measure(tr_ring_t *ring, uint16_t version, const tr_reading_t *readings, uint8_t count,
                     uint32_t now_ms)
{
    if (ring->phase != TR_RING_MEASURING || ring->held.head.version != version)
        return false;
    ring->now_ms = now_ms;
    tr_round_trip_answered(&ring->sensor, &ring->sensor_timeouts, now_ms - ring->measuring_ms);
    ring->own.count = 0;
    for (uint8_t i = 0; i < ring->config->metric_count; i++) {
        for (uint8_t given = 0; given < count; given++) {
            if (readings[given].metric == ring->config->metrics[i]) {
                ring->own.pairs[ring->own.count++] = readings[given];
                break;
            }
        }
    }
    tr_ring_add(ring);
    return true;
}

void tr_ring_leave(tr_ring_t *ring, uint32_t now_ms)
{
    (void)now_ms;
    tr_peer_node_leave(&ring->node);
    ring->is_holder = false;
    ring->phase = TR_RING_NONE;
    ring->must_sign = false;
}

uint32_t tr_ring_wait_ms(const tr_ring_t *ring, uint32_t now_ms)
{
    if (ring->node.ready_count > 0 || ring->must_sign)
        return 0;
    if (ring->node.has_left)
        return TR_FOREVER_MS;
    uint32_t wait_ms = TR_FOREVER_MS;
    if (ring->is_claiming)
        wait_ms = tr_shorter(tr_ms_until(ring->claim_ms, now_ms), tr_ms_until(ring->claim_again_ms, now_ms));
    else if (!ring->is_holder)
        wait_ms = tr_ring_lost_wait_ms(ring, now_ms);
    wait_ms = tr_shorter(wait_ms, tr_timer_wait_ms(&ring->phase_end, now_ms));
    wait_ms = tr_shorter(wait_ms, tr_timer_wait_ms(&ring->hello, now_ms));
    return tr_shorter(wait_ms, tr_timer_wait_ms(&ring->muster, now_ms));
}

bool tr_ring_next_event(tr_ring_t *ring, tr_event_t *event)
{
    return tr_events_take(&ring->node.events, event);
}

/* --- how fast the ring is --- */

uint16_t tr_ring_timeout_ms(tr_ring_t *ring, uint16_t id)
{
    const tr_peer_t *peer = tr_peers_get(&ring->node.peers, id);
    return peer != NULL && tr_round_trip_is_known(&peer->round_trip)
               ? tr_round_trip_timeout_ms(&peer->round_trip, &ring->config->timing.ack_timeouts)
               : ring->usual_timeout_ms;
}

uint16_t tr_ring_ack_timeout_ms(tr_ring_t *ring)
{
    return tr_ring_timeout_ms(ring, tr_peers_successor(&ring->node.peers));
}

uint32_t tr_ring_spread_ms(const tr_ring_t *ring, uint16_t least_ms)
{
    const uint32_t spread_ms = (tr_peers_count_present(&ring->node.peers) + UINT32_C(1)) * ring->usual_way_ms;
    return spread_ms > least_ms ? spread_ms : least_ms;
}

/* --- what every part does --- */

uint32_t tr_ring_jitter_ms(tr_ring_t *ring, uint32_t limit_ms)
{
    return tr_jitter_below(&ring->node.jitter, limit_ms);
}

TR_OUTLINE void tr_ring_start(const tr_ring_t *ring, tr_timer_t *timer, uint32_t span_ms)
{
    tr_timer_set(timer, ring->now_ms + span_ms);
}

void tr_ring_say(tr_ring_t *ring, uint8_t kind, uint16_t other, uint16_t value)
{
    tr_peer_node_say(&ring->node, kind, other, value);
}

void tr_ring_put(tr_ring_t *ring, uint8_t type, uint16_t destination)
{
    tr_peer_node_put(&ring->node, type, destination);
}

tr_peer_t *tr_ring_hear(tr_ring_t *ring, uint16_t id)
{
    tr_peer_t *peer = tr_peer_node_hear(&ring->node, id);
    if (peer != NULL) {
        peer->heard = ring->visits;
        peer->misses = 0;
        peer->unanswered = 0;
    }
    return peer;
}

TR_OUTLINE void tr_ring_know_version(tr_ring_t *ring, uint16_t version)
{
    if (tr_version_is_newer(version, ring->version))
        ring->version = version;
}

void tr_ring_begin_muster(tr_ring_t *ring)
{
    tr_peers_t *peers = &ring->node.peers;
    for (uint8_t i = 0; i < peers->count; i++) {
        if (peers->known[i].is_present)
            peers->known[i].misses = 1;
    }
    tr_ring_start(ring, &ring->muster,
                  tr_ring_spread_ms(ring, ring->config->timing.peers.hello_spread_ms) +
                      UINT32_C(2) * tr_ring_ack_timeout_ms(ring));
}

void tr_ring_let_go(tr_ring_t *ring)
{
    tr_ring_wait_until(ring, ring->now_ms);
    ring->is_holder = false;
    ring->phase = TR_RING_NONE;
    ring->phase_end.is_set = false;
    tr_peer_node_discard(&ring->node, TR_TOKEN, ring->successor);
}

void tr_ring_give_up(tr_ring_t *ring)
{
    if (!ring->is_holder)
        return;
    ring->former = ring->held.head.id;
    tr_ring_say(ring, TR_EVENT_TOKEN_DROPPED, TR_NO_NODE, 0);
    tr_ring_let_go(ring);
}
