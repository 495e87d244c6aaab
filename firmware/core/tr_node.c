#include "tr_node.h"

#include <string.h>

#include "tr_bytes.h"
#include "tr_node_parts.h"

/* --- the seam --- */

tr_node_config_t tr_node_config_default(uint16_t node_id, uint32_t seed)
{
    const tr_node_config_t config = {
        .node_id = node_id,
        .max_children = TR_MAX_CHILDREN,
        .first_version = 1,
        .first_counter = seed,
        .seed = seed,
        .timing = tr_timing_default(),
    };
    return config;
}

int tr_node_init(tr_node_t *node, const tr_node_config_t *config, uint32_t now_ms)
{
    const tr_timing_t *timing = &config->timing;
    if (config->node_id > TR_MAX_NODE_ID || config->max_children > TR_MAX_CHILDREN ||
        config->first_metric > TR_METRIC_MASK || timing->period_ms == 0 ||
        timing->period_ms > TR_MAX_PERIOD_MS)
        return TR_ERROR_CONFIG;
    memset(node, 0, sizeof *node);
    node->config = config;
    node->parent = TR_NO_NODE;
    node->candidate = TR_NO_NODE;
    node->counter = config->first_counter & TR_MAX_U24;
    node->help_wait_ms = timing->help_wait_ms;
    tr_jitter_init(&node->jitter, config->seed);
    tr_parent_link_init(&node->link, timing, &node->jitter);
    tr_children_init(&node->children, config->node_id, config->max_children);
    if (config->is_root)
        tr_start_root(node, (uint16_t)(config->first_version - 1), now_ms);
    else
        tr_timer_set(&node->help, now_ms + timing->listen_ms +
                                      tr_jitter_below(&node->jitter, UINT32_C(10) * timing->jitter_ms));
    return 0;
}

void tr_node_receive(tr_node_t *node, const uint8_t *bytes, size_t length, uint32_t now_ms)
{
    tr_frame_t frame;
    const int result = tr_frame_decode(&frame, bytes, length);
    if (result < 0)
        tr_drop(node, (uint8_t)-result, TR_NO_NODE);
    else if (frame.source == node->config->node_id)
        tr_drop(node, TR_DROP_OWN_ID, frame.source);
    else if (frame.destination == node->config->node_id || frame.destination == TR_BROADCAST)
        tr_dispatch(node, &frame, now_ms);
}

void tr_node_handle_timer(tr_node_t *node, uint32_t now_ms)
{
    if (tr_next_round_wait_ms(node, now_ms) == 0)
        tr_start_round(node, now_ms);
    if (tr_timer_is_due(&node->child_wait, now_ms))
        tr_seal(node, now_ms);
    if (tr_timer_is_due(&node->ack, now_ms))
        tr_no_answer(node, now_ms);
    if (tr_timer_is_due(&node->leaf_wait, now_ms)) {
        node->leaf_wait.is_set = false;
        if (node->children.count == 0)
            tr_tell_depth(node, now_ms);
    }
    if (tr_timer_is_due(&node->offer_wait, now_ms))
        tr_take_offer(node, now_ms);
    if (tr_timer_is_due(&node->help, now_ms))
        tr_call_for_help(node, now_ms);
}

bool tr_node_measure(tr_node_t *node, uint16_t version, const tr_reading_t *readings, uint8_t count,
                     uint32_t now_ms)
{
    tr_round_t *round = &node->round;
    if (!node->has_round || round->items.version != version || round->has_report)
        return false;
    tr_items_clear(&round->items, version);
    for (uint8_t i = 0; i < count; i++) {
        const tr_metric_aggregate_t own = {
            .metric = readings[i].metric,
            .aggregate = tr_aggregate_of_reading(readings[i].raw, node->config->node_id),
        };
        tr_items_merge(&round->items, &own);
    }
    round->has_readings = true;
    tr_seal_if_complete(node, now_ms);
    return true;
}

uint32_t tr_node_wait_ms(const tr_node_t *node, uint32_t now_ms)
{
    uint32_t wait_ms = tr_next_round_wait_ms(node, now_ms);
    wait_ms = tr_shorter(wait_ms, tr_timer_wait_ms(&node->child_wait, now_ms));
    wait_ms = tr_shorter(wait_ms, tr_timer_wait_ms(&node->ack, now_ms));
    wait_ms = tr_shorter(wait_ms, tr_timer_wait_ms(&node->leaf_wait, now_ms));
    wait_ms = tr_shorter(wait_ms, tr_timer_wait_ms(&node->offer_wait, now_ms));
    wait_ms = tr_shorter(wait_ms, tr_timer_wait_ms(&node->help, now_ms));
    return tr_shorter(wait_ms, tr_outbox_wait_ms(&node->outbox, now_ms));
}

bool tr_node_next_event(tr_node_t *node, tr_event_t *event)
{
    return tr_events_take(&node->events, event);
}

/* --- frames sent --- */

static void write_sync(const tr_node_t *node, uint8_t *payload, uint32_t now_ms)
{
    tr_sync_t sync = {.hop_count = TR_NO_HOP_COUNT};
    if (node->has_way && node->state == TR_STATE_JOINED) {
        const uint32_t age_ms = now_ms - node->way.origin_ms;
        sync.version = node->way.distance.version;
        sync.age = tr_shorter(age_ms / tr_way_age_unit_ms(node->way.period_ms), TR_MAX_U24);
        sync.hop_count = node->way.distance.hop_count;
        sync.period_ms = node->way.period_ms;
    }
    tr_sync_write(&sync, payload);
}

static uint8_t write_report(tr_node_t *node, const tr_waiting_t *waiting, uint8_t *payload)
{
    node->told_depth = tr_children_depth(&node->children);
    payload[0] = node->told_depth;
    if (waiting->type == TR_HELP_ACK_DATA && !node->request_bears_report)
        return TR_DEPTH_BYTES;
    const uint16_t doubt = tr_round_doubt_for(&node->round, waiting->destination);
    return (uint8_t)(TR_DEPTH_BYTES + tr_items_write(&node->round.items, doubt, payload + TR_DEPTH_BYTES));
}

static uint8_t write_payload(tr_node_t *node, const tr_waiting_t *waiting, uint8_t *payload, uint32_t now_ms)
{
    switch (waiting->type) {
    case TR_DISC_ACK: return 0;
    case TR_DEPTH: payload[0] = tr_children_depth(&node->children); return TR_DEPTH_BYTES;
    case TR_DATA:
    case TR_HELP_ACK_DATA: return write_report(node, waiting, payload);
    case TR_DATA_ACK:
    case TR_HELP_CONFIRM:
        tr_put_u16(payload, waiting->acked_version);
        write_sync(node, payload + 2, now_ms);
        return TR_ACK_BYTES;
    case TR_HELP:
    case TR_LOOK:
        tr_put_u16(payload, node->has_way ? node->way.distance.version : 0);
        payload[2] = node->has_way ? node->way.distance.hop_count : TR_NO_HOP_COUNT;
        return TR_HELP_BYTES;
    case TR_RESULT:
        tr_put_u24(payload, node->round.duration_ms);
        return (uint8_t)(TR_DURATION_BYTES + tr_items_write(&node->round.items, node->round.items.doubt,
                                                            payload + TR_DURATION_BYTES));
    default: write_sync(node, payload, now_ms); return TR_SYNC_BYTES;
    }
}

int tr_node_next_frame(tr_node_t *node, uint32_t now_ms, uint8_t *bytes, size_t capacity,
                       enum tr_link_name *link)
{
    tr_waiting_t waiting;
    if (capacity < TR_MAX_FRAME_BYTES)
        return TR_ERROR_CAPACITY;
    if (!tr_outbox_take_due(&node->outbox, now_ms, &waiting))
        return 0;
    if (waiting.type == TR_DATA)
        node->data_sent_ms = now_ms;
    const tr_frame_t frame = {
        .type = waiting.type,
        .source = node->config->node_id,
        .destination = waiting.destination,
        .counter = node->counter,
        .payload = bytes + TR_HEADER_BYTES,
        .payload_bytes = write_payload(node, &waiting, bytes + TR_HEADER_BYTES, now_ms),
    };
    node->counter = (node->counter + 1) & TR_MAX_U24;
    *link = waiting.destination == TR_HOST ? TR_LINK_HOST : TR_LINK_AIR;
    return tr_frame_encode(&frame, bytes);
}

/* --- shared with the node's other files --- */

void tr_put_ack(tr_node_t *node, uint8_t type, uint16_t destination, uint16_t acked_version, uint32_t due_ms)
{
    const tr_waiting_t frame = {
        .due_ms = due_ms,
        .destination = destination,
        .acked_version = acked_version,
        .type = type,
    };
    if (!tr_outbox_put(&node->outbox, &frame))
        tr_drop(node, TR_DROP_QUEUE_FULL, node->config->node_id);
}

void tr_put(tr_node_t *node, uint8_t type, uint16_t destination, uint32_t due_ms)
{
    tr_put_ack(node, type, destination, 0, due_ms);
}

void tr_say(tr_node_t *node, uint8_t kind, uint16_t other, uint16_t value)
{
    tr_events_put(&node->events, kind, other, value);
}

void tr_drop(tr_node_t *node, uint8_t reason, uint16_t source)
{
    tr_say(node, TR_EVENT_FRAME_DROPPED, source, reason);
}

uint32_t tr_after_jitter(tr_node_t *node, uint32_t after_ms)
{
    return after_ms + tr_jitter_below(&node->jitter, node->config->timing.jitter_ms);
}
