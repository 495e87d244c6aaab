/* The rounds and polls of a primary (PROTOCOL.md 13.1, 13.2). */
#include "tr_polling_parts.h"
#include "tr_serial_number.h"

/* --- rounds --- */

uint32_t tr_polling_next_round_ms(const tr_polling_t *node)
{
    return node->began_ms + node->period_ms;
}

bool tr_polling_may_start(const tr_polling_t *node, uint32_t now_ms)
{
    const bool is_alone = tr_peers_count_present(&node->base.peers) == 0;
    return !is_alone ||
           now_ms - node->primary_since_ms >= (uint32_t)TR_POLLING_LONE_BEATS * node->config->timing.beat_ms;
}

static bool is_long_missing(const tr_polling_t *node, const tr_peer_t *peer, uint32_t now_ms)
{
    (void)node, (void)now_ms;
    return peer->misses >= TR_POLLING_ABSENT_MISSES;
}

void tr_polling_start_round(tr_polling_t *node, uint32_t now_ms)
{
    tr_polling_lose_all(node, is_long_missing, TR_WHY_MISSED, now_ms);
    const uint32_t due_ms = tr_polling_next_round_ms(node);
    node->began_ms = now_ms - due_ms < node->period_ms ? due_ms : now_ms;
    node->version++;
    tr_polled_round_begin(node);
    node->beat_ms = now_ms;
    tr_peer_node_say(&node->base, TR_EVENT_MEASUREMENT_DUE, TR_NO_NODE, node->version);
}

uint32_t tr_polling_end_of_round_ms(const tr_polling_t *node)
{
    const uint32_t limit_ms = node->round.began_ms + 4 * node->period_ms / 5;
    uint32_t done_ms;
    if (node->round.is_measured && tr_polled_round_done_ms(node, &done_ms))
        return tr_earlier(done_ms, limit_ms);
    return limit_ms;
}

/* Fewer polls at a time where the link does not carry them, and after a while more again. */
static void adapt_places(tr_polling_t *node)
{
    if (tr_polled_round_is_crowded(node)) {
        node->calm_rounds = 0;
        node->places = node->places > 1 ? (uint8_t)(node->places / 2) : 1;
    } else if (++node->calm_rounds >= TR_POLLING_CALM_ROUNDS) {
        node->calm_rounds = 0;
        node->places = (uint8_t)tr_shorter(UINT32_C(2) * node->places, node->config->timing.concurrency);
    }
}

static void count_missing(tr_polling_t *node)
{
    tr_peers_t *peers = &node->base.peers;
    for (uint8_t i = 0; i < peers->count; i++) {
        const uint8_t flags = node->polled[i].flags;
        if (!(flags & TR_POLLED_IN_ROUND) || flags & TR_POLLED_ANSWERED)
            continue;
        tr_peer_node_say(&node->base, TR_EVENT_PEER_MISSING, peers->known[i].id, node->round.version);
        if (node->polled[i].attempts > 0) {
            peers->known[i].misses++;
            tr_round_trip_not_answered(&peers->known[i].round_trip, &node->config->timing.ack_timeouts);
        }
    }
}

static void report(tr_polling_t *node, uint32_t now_ms)
{
    tr_polled_round_close(node, now_ms);
    tr_peer_node_say(&node->base, TR_EVENT_REPORT_SEALED, TR_NO_NODE, node->round.version);
    tr_peer_node_say(&node->base, TR_EVENT_ROUND_FINISHED, TR_NO_NODE, node->round.version);
    tr_peer_node_put(&node->base, TR_RESULT, TR_HOST);
}

static bool is_any(const tr_polling_t *node, const tr_peer_t *peer, uint32_t now_ms)
{
    (void)node, (void)peer, (void)now_ms;
    return true;
}

static void check_cut_off(tr_polling_t *node, uint32_t now_ms)
{
    if (now_ms - node->answered_ms > node->config->timing.lease_ms + node->period_ms) {
        tr_polling_lose_all(node, is_any, TR_WHY_NOBODY_ANSWERS, now_ms);
        tr_polling_step_down(node, TR_WHY_NOBODY_ANSWERS, now_ms);
    }
}

void tr_polling_end_round_if_due(tr_polling_t *node, uint32_t now_ms)
{
    if (!node->round.is_running || !tr_has_come(tr_polling_end_of_round_ms(node), now_ms))
        return;
    node->round.is_running = false;
    adapt_places(node);
    count_missing(node);
    if (tr_polled_round_is_unanswered(node)) {
        check_cut_off(node, now_ms);
    } else {
        node->answered_ms = now_ms;
        report(node, now_ms);
    }
}

void tr_polling_measured(tr_polling_t *node, uint32_t now_ms)
{
    node->round.is_measured = true;
    tr_polled_round_add(node, node->base.id, &node->readings);
    tr_peer_node_say(&node->base, TR_EVENT_READINGS_HEARD, node->base.id, node->round.version);
    tr_polling_end_round_if_due(node, now_ms);
}

/* --- polls and answers --- */

static void time_poll(tr_polling_t *node, tr_polled_t *polled, uint32_t now_ms)
{
    if (polled->flags & TR_POLLED_TIMED &&
        now_ms - polled->timed_ms <= node->config->timing.ack_timeouts.limit_ms)
        return;
    polled->flags |= TR_POLLED_TIMED;
    polled->timed_ms = now_ms;
    polled->timed_version = node->round.version;
    polled->timed_attempt = polled->attempts;
}

bool tr_polling_send_poll(tr_polling_t *node, uint16_t *to, tr_poll_t *poll, uint32_t now_ms)
{
    const int place = node->round.is_running ? tr_polled_round_next_poll(node, now_ms) : -1;
    if (place < 0)
        return false;
    tr_peer_t *peer = &node->base.peers.known[place];
    tr_polled_t *polled = &node->polled[place];
    if (polled->attempts > 0)
        tr_round_trip_not_answered(&peer->round_trip, &node->config->timing.ack_timeouts);
    polled->attempts++;
    polled->sent_ms = now_ms;
    time_poll(node, polled, now_ms);
    *to = peer->id;
    poll->epoch = node->epoch;
    poll->version = node->round.version;
    poll->attempt = polled->attempts;
    return true;
}

/* Measures the response time, if this answers the poll that is timed. */
static void measure_response(tr_polling_t *node, tr_peer_t *peer, const tr_poll_t *reading, uint32_t now_ms)
{
    tr_polled_t *polled = tr_polling_polled(node, peer);
    if (!(polled->flags & TR_POLLED_TIMED) || tr_version_is_newer(polled->timed_version, reading->version))
        return;
    if (reading->version == polled->timed_version && reading->attempt == polled->timed_attempt)
        tr_round_trip_answered(&peer->round_trip, &node->config->timing.ack_timeouts,
                               now_ms - polled->timed_ms);
    polled->flags &= (uint8_t)~TR_POLLED_TIMED;
}

static void accept(tr_polling_t *node, tr_peer_t *peer, const tr_frame_t *frame, uint32_t now_ms)
{
    const uint16_t version = node->round.version;
    tr_polling_polled(node, peer)->flags |= TR_POLLED_ANSWERED;
    node->round.has_answer = true;
    peer->misses = 0;
    tr_pairs_read(&node->readings, frame->payload + TR_POLL_BYTES,
                  (uint8_t)(frame->payload_bytes - TR_POLL_BYTES));
    tr_polled_round_add(node, peer->id, &node->readings);
    tr_peer_node_say(&node->base, TR_EVENT_REPORT_ACCEPTED, peer->id, version);
    tr_peer_node_say(&node->base, TR_EVENT_READINGS_HEARD, peer->id, version);
    tr_polling_end_round_if_due(node, now_ms);
}

void tr_polling_on_reading(tr_polling_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    tr_poll_t reading;
    tr_poll_read(&reading, frame->payload);
    tr_polling_hear_at(node, frame->source, now_ms);
    if (!tr_polling_is_primary(node) || reading.epoch != node->epoch) {
        tr_peer_node_drop(&node->base, TR_DROP_STATE, frame->source);
        return;
    }
    tr_peer_t *peer = tr_peers_get(&node->base.peers, frame->source);
    if (peer != NULL)
        measure_response(node, peer, &reading, now_ms);
    if (!node->round.is_running || reading.version != node->round.version)
        tr_peer_node_drop(&node->base, TR_DROP_STALE_VERSION, frame->source);
    else if (peer == NULL || !(tr_polling_polled(node, peer)->flags & TR_POLLED_IN_ROUND))
        tr_peer_node_drop(&node->base, TR_DROP_STATE, frame->source);
    else if (!(tr_polling_polled(node, peer)->flags & TR_POLLED_ANSWERED))
        accept(node, peer, frame, now_ms);
}
