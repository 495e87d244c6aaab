#include "tr_polling.h"

#include <string.h>

#include "tr_bytes.h"
#include "tr_polling_parts.h"
#include "tr_serial_number.h"

tr_polling_config_t tr_polling_config_default(uint16_t node_id, uint32_t seed)
{
    /* Not one initialiser: an AVR would keep that in RAM too. */
    tr_polling_config_t config;
    tr_polling_timing_t *timing = &config.timing;
    config.peer = tr_peer_config_default(node_id, seed);
    config.first_metric = 0;
    config.first_version = 1;
    timing->period_ms = TR_POLLING_DEFAULT_PERIOD_MS;
    timing->ack_timeouts.first_ms = TR_POLLING_DEFAULT_ACK_TIMEOUT_FIRST_MS;
    timing->ack_timeouts.least_ms = TR_POLLING_DEFAULT_ACK_TIMEOUT_LEAST_MS;
    timing->ack_timeouts.limit_ms = TR_POLLING_DEFAULT_ACK_TIMEOUT_LIMIT_MS;
    timing->ack_timeouts.least_margin_ms = TR_POLLING_DEFAULT_ACK_TIMEOUT_LEAST_MARGIN_MS;
    timing->peers = tr_peer_timing_default();
    timing->slow_ms = TR_POLLING_DEFAULT_SLOW_MS;
    timing->beat_ms = TR_POLLING_DEFAULT_BEAT_MS;
    timing->lease_ms = TR_POLLING_DEFAULT_LEASE_MS;
    timing->stagger_ms = TR_POLLING_DEFAULT_STAGGER_MS;
    timing->jitter_ms = TR_POLLING_DEFAULT_JITTER_MS;
    timing->tries = TR_POLLING_DEFAULT_TRIES;
    timing->concurrency = TR_POLLING_DEFAULT_CONCURRENCY;
    return config;
}

static bool is_right(const tr_polling_config_t *config)
{
    const tr_polling_timing_t *timing = &config->timing;
    return config->first_metric <= TR_METRIC_MASK && timing->period_ms > 0 &&
           timing->period_ms <= TR_MAX_PERIOD_MS &&
           timing->ack_timeouts.limit_ms <= TR_LONGEST_ACK_TIMEOUT_MS && timing->beat_ms > 0 &&
           timing->tries > 0 && timing->concurrency > 0 && timing->peers.hello_wait_ms > 0 &&
           timing->peers.hello_wait_limit_ms > 0;
}

int tr_polling_init(tr_polling_t *node, const tr_polling_config_t *config, uint32_t now_ms)
{
    const tr_polling_timing_t *timing = &config->timing;
    memset(node, 0, sizeof *node);
    if (!is_right(config) || tr_peer_node_init(&node->base, &config->peer) < 0)
        return TR_ERROR_CONFIG;
    node->config = config;
    for (uint8_t i = 0; i < node->base.peers.count; i++)
        node->base.peers.known[i].is_present = false; /* configured, and not heard yet */
    node->primary = TR_NO_NODE;
    node->version = (uint16_t)(config->first_version - 1);
    node->period_ms = timing->period_ms;
    node->began_ms = now_ms - timing->period_ms;
    node->places = timing->concurrency;
    tr_polling_wait(node,
                    now_ms + timing->lease_ms + (uint32_t)TR_POLLING_LISTEN_STAGGERS * timing->stagger_ms);
    node->hello_ms = now_ms + tr_jitter_below(&node->base.jitter, timing->peers.hello_spread_ms);
    node->hello_wait_ms = timing->peers.hello_wait_ms;
    node->primary_since_ms = node->beat_sent_ms = node->beat_ms = node->answered_ms = now_ms;
    return 0;
}

/* --- frames received --- */

static void on_hello(tr_polling_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    tr_hello_t hello;
    tr_hello_read(&hello, frame->payload);
    if (hello.network != TR_NETWORK_POLLING) {
        tr_peer_node_drop(&node->base, TR_DROP_STATE, frame->source);
        return;
    }
    tr_polling_hear_at(node, frame->source, now_ms);
    if (tr_polling_is_newer_epoch(hello.epoch, node->epoch)) {
        tr_polling_take_epoch(node, hello.epoch, hello.version, now_ms);
        return;
    }
    tr_polling_learn_version(node, hello.epoch, hello.version, false, now_ms);
    if (tr_polling_is_primary(node) && hello.epoch != node->epoch)
        tr_polling_beat_soon(node, now_ms);
}

/* Somebody else takes itself for the primary, and is wrong. */
static void contradict(tr_polling_t *node, uint16_t source, uint16_t epoch, uint16_t version, uint32_t now_ms)
{
    tr_peer_node_drop(&node->base, TR_DROP_STATE, source);
    tr_polling_learn_version(node, epoch, version, true, now_ms);
    if (tr_polling_is_primary(node))
        tr_polling_beat_soon(node, now_ms);
}

static void on_beat(tr_polling_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    tr_beat_t beat;
    tr_beat_read(&beat, frame->payload, frame->payload_bytes);
    if (beat.epoch == TR_POLLING_NO_EPOCH || beat.period_ms == 0 || beat.period_ms > TR_MAX_PERIOD_MS) {
        tr_peer_node_drop(&node->base, TR_DROP_STATE, frame->source);
        return;
    }
    tr_polling_hear_at(node, frame->source, now_ms);
    if (tr_polling_yields_to(node, frame->source, beat.epoch, now_ms)) {
        tr_polling_follow(node, frame->source, &beat, now_ms);
        return;
    }
    contradict(node, frame->source, beat.epoch, beat.version, now_ms);
    if (beat.epoch != node->epoch)
        tr_polling_hello_within_spread(node, now_ms);
}

/* A poll of the primary that this node follows (13.2). */
static void asked_for(tr_polling_t *node, uint16_t primary, const tr_poll_t *poll, uint32_t now_ms)
{
    tr_asked_t *asked = &node->asked;
    if (asked->is_asked && asked->primary == primary && asked->poll.epoch == poll->epoch &&
        asked->poll.version == poll->version) {
        if (asked->has_readings)
            tr_peer_node_put(&node->base, TR_READING, primary);
        return;
    }
    if (tr_version_is_newer(node->version, poll->version) ||
        (asked->is_asked && !tr_version_is_newer(poll->version, asked->poll.version))) {
        tr_peer_node_drop(&node->base, TR_DROP_STALE_VERSION, primary);
        node->hello_ms = now_ms;
        return;
    }
    tr_polling_forget_asked(node);
    node->version = poll->version;
    asked->is_asked = true;
    asked->has_readings = false;
    asked->primary = primary;
    asked->poll = *poll;
    tr_polling_no_hello(node, now_ms);
    tr_peer_node_say(&node->base, TR_EVENT_MEASUREMENT_DUE, TR_NO_NODE, poll->version);
}

static void on_poll(tr_polling_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    tr_poll_t poll;
    tr_poll_read(&poll, frame->payload);
    if (poll.epoch == TR_POLLING_NO_EPOCH) {
        tr_peer_node_drop(&node->base, TR_DROP_STATE, frame->source);
        return;
    }
    tr_polling_hear_at(node, frame->source, now_ms);
    if (!tr_polling_yields_to(node, frame->source, poll.epoch, now_ms)) {
        contradict(node, frame->source, poll.epoch, poll.version, now_ms);
        if (poll.epoch != node->epoch)
            node->hello_ms = now_ms;
        return;
    }
    if (frame->source != node->primary || poll.epoch != node->epoch) {
        const tr_beat_t assumed = {
            .epoch = poll.epoch,
            .version = poll.version,
            .age_ms = node->period_ms,
            .period_ms = node->period_ms,
            .lease_ms = node->config->timing.lease_ms,
        };
        tr_polling_follow(node, frame->source, &assumed, now_ms);
    }
    asked_for(node, frame->source, &poll, now_ms);
}

/* A node leaves; a lease that it has is over (13.3). */
static void on_goodbye(tr_polling_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    const tr_peer_t *peer = tr_peers_get(&node->base.peers, frame->source);
    const bool is_missing =
        peer && tr_polled_round_is_waiting_for(node, (uint8_t)(peer - node->base.peers.known));
    tr_polling_lose(node, frame->source, TR_WHY_GOODBYE);
    if (frame->source == node->primary)
        tr_polling_wait(node, now_ms);
    if (is_missing) {
        tr_peer_node_say(&node->base, TR_EVENT_PEER_MISSING, frame->source, node->round.version);
        tr_polling_end_round_if_due(node, now_ms);
    }
}

static void dispatch(tr_polling_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    switch (frame->type) {
    case TR_HELLO: on_hello(node, frame, now_ms); break;
    case TR_BEAT: on_beat(node, frame, now_ms); break;
    case TR_POLL: on_poll(node, frame, now_ms); break;
    case TR_READING: tr_polling_on_reading(node, frame, now_ms); break;
    case TR_GOODBYE: on_goodbye(node, frame, now_ms); break;
    default: tr_peer_node_drop(&node->base, TR_DROP_STATE, frame->source);
    }
}

/* --- the seam --- */

void tr_polling_receive(tr_polling_t *node, const uint8_t *bytes, size_t length, uint32_t now_ms)
{
    tr_frame_t frame = {0}; /* or avr-gcc takes it for read before it is written, when it links */
    tr_polling_check_lease(node, now_ms);
    if (node->base.has_left ||
        !tr_peer_node_accepts(&node->base, &frame, tr_polling_frame_decode(&frame, bytes, length)))
        return;
    if (tr_peer_node_is_for(&node->base, &frame))
        dispatch(node, &frame, now_ms);
    else
        tr_polling_overhear(node, &frame, now_ms);
}

static void start_round_if_due(tr_polling_t *node, uint32_t now_ms)
{
    if (!tr_has_come(tr_polling_next_round_ms(node), now_ms))
        return;
    if (tr_polling_may_start(node, now_ms))
        tr_polling_start_round(node, now_ms);
    else
        node->began_ms += node->config->timing.beat_ms;
}

static void take_over_if_due(tr_polling_t *node, uint32_t now_ms)
{
    const tr_polling_timing_t *timing = &node->config->timing;
    const uint32_t takeover_ms = tr_polling_takeover_ms(node);
    if (!tr_has_come(takeover_ms, now_ms))
        return;
    if (now_ms - takeover_ms > timing->beat_ms)
        tr_polling_wait(node,
                        now_ms + timing->lease_ms); /* it was stopped: what it missed waits to be read */
    else
        tr_polling_take_over(node, now_ms);
}

void tr_polling_handle_timer(tr_polling_t *node, uint32_t now_ms)
{
    if (node->base.has_left)
        return;
    tr_polling_keep_times(node, now_ms);
    tr_polling_check_lease(node, now_ms);
    tr_polling_end_round_if_due(node, now_ms);
    if (tr_polling_is_primary(node))
        start_round_if_due(node, now_ms);
    else
        take_over_if_due(node, now_ms);
}

/* By metric; of too many the first are kept. */
static void take_readings(tr_pairs_t *pairs, const tr_reading_t *readings, uint8_t count)
{
    pairs->count = 0;
    for (uint8_t i = 0; i < count; i++) {
        uint8_t place = 0;
        while (place < pairs->count && pairs->pairs[place].metric < readings[i].metric)
            place++;
        if (place == TR_MAX_PAIRS)
            continue;
        if (pairs->count < TR_MAX_PAIRS)
            pairs->count++;
        memmove(&pairs->pairs[place + 1], &pairs->pairs[place],
                (size_t)(pairs->count - 1 - place) * sizeof *pairs->pairs);
        pairs->pairs[place] = readings[i];
    }
}

bool tr_polling_measure(tr_polling_t *node, uint16_t version, const tr_reading_t *readings, uint8_t count,
                        uint32_t now_ms)
{
    tr_asked_t *asked = &node->asked;
    tr_polling_check_lease(node, now_ms);
    if (node->round.is_running && node->round.version == version && !node->round.is_measured) {
        take_readings(&node->readings, readings, count);
        tr_polling_measured(node, now_ms);
        return true;
    }
    if (!asked->is_asked || asked->poll.version != version || asked->has_readings ||
        asked->primary != node->primary || asked->poll.epoch != node->epoch)
        return false;
    take_readings(&node->readings, readings, count);
    asked->has_readings = true;
    tr_peer_node_say(&node->base, TR_EVENT_REPORT_SEALED, TR_NO_NODE, version);
    tr_peer_node_put(&node->base, TR_READING, asked->primary);
    return true;
}

void tr_polling_leave(tr_polling_t *node, uint32_t now_ms)
{
    (void)now_ms;
    if (node->base.has_left)
        return;
    node->primary = TR_NO_NODE;
    node->round.is_running = false;
    tr_polling_forget_asked(node);
    tr_peer_node_leave(&node->base);
}

uint32_t tr_polling_wait_ms(const tr_polling_t *node, uint32_t now_ms)
{
    uint32_t wait_ms;
    if (node->base.ready_count > 0)
        return 0;
    if (node->base.has_left)
        return TR_FOREVER_MS;
    if (!tr_polling_is_primary(node))
        return tr_shorter(tr_ms_until(tr_polling_takeover_ms(node), now_ms),
                          tr_ms_until(node->hello_ms, now_ms));
    wait_ms = tr_ms_until(node->beat_ms, now_ms);
    if (!node->round.is_running)
        return tr_shorter(wait_ms, tr_ms_until(tr_polling_next_round_ms(node), now_ms));
    wait_ms = tr_shorter(wait_ms, tr_ms_until(tr_polling_end_of_round_ms(node), now_ms));
    return tr_shorter(wait_ms, tr_polled_round_wait_ms(node, now_ms));
}

static uint8_t write_payload(tr_polling_t *node, uint8_t type, uint8_t *payload)
{
    switch (type) {
    case TR_READING:
        tr_poll_write(&node->asked.poll, payload);
        return (uint8_t)(TR_POLL_BYTES + tr_pairs_write(&node->readings, payload + TR_POLL_BYTES));
    case TR_RESULT:
        tr_put_u24(payload, node->round.duration_ms);
        return (uint8_t)(TR_DURATION_BYTES +
                         tr_items_write(&node->round.items, 0, payload + TR_DURATION_BYTES));
    default: return 0;
    }
}

/* What is to be sent now, and its payload. False if that is nothing. */
static bool next_payload(tr_polling_t *node, tr_ready_t *sent, uint8_t *payload, uint8_t *payload_bytes,
                         uint32_t now_ms)
{
    tr_beat_t beat;
    tr_hello_t hello;
    tr_poll_t poll;
    const bool is_primary = tr_polling_is_primary(node);
    sent->destination = TR_BROADCAST;
    if (is_primary && tr_has_come(node->beat_ms, now_ms)) {
        sent->type = TR_BEAT;
        tr_polling_beat(node, &beat, now_ms);
        *payload_bytes = tr_beat_write(&beat, payload);
        node->beat_sent_ms = now_ms;
        node->beat_ms = now_ms + node->config->timing.beat_ms;
    } else if (!is_primary && !node->base.has_left && tr_has_come(node->hello_ms, now_ms)) {
        sent->type = TR_HELLO;
        tr_polling_hello(node, &hello, now_ms);
        *payload_bytes = tr_hello_write(&hello, payload);
    } else if (tr_polling_send_poll(node, &sent->destination, &poll, now_ms)) {
        sent->type = TR_POLL;
        *payload_bytes = tr_poll_write(&poll, payload);
    } else {
        if (!tr_peer_node_take_ready(&node->base, sent))
            return false;
        *payload_bytes = write_payload(node, sent->type, payload);
    }
    return true;
}

int tr_polling_next_frame(tr_polling_t *node, uint32_t now_ms, uint8_t *bytes, size_t capacity,
                          enum tr_link_name *link)
{
    tr_ready_t sent;
    uint8_t payload_bytes;
    if (capacity < TR_MAX_FRAME_BYTES)
        return TR_ERROR_CAPACITY;
    tr_polling_check_lease(node, now_ms);
    if (!next_payload(node, &sent, bytes + TR_HEADER_BYTES, &payload_bytes, now_ms))
        return 0;
    return tr_peer_node_encode(&node->base, &sent, payload_bytes, bytes, link);
}

bool tr_polling_next_event(tr_polling_t *node, tr_event_t *event)
{
    return tr_events_take(&node->base.events, event);
}
