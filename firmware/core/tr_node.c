#include "tr_node.h"

#include <string.h>

#include "tr_bytes.h"
#include "tr_inline.h"
#include "tr_node_parts.h"

/* --- the seam --- */

TR_OUTLINE tr_node_config_t tr_node_config_default(uint16_t node_id, uint32_t seed)
{
    const tr_node_config_t config = {
        .node_id = node_id,
        .max_children = TR_MAX_CHILDREN,
        .first_version = 1,
        .first_counter = seed,
        .seed = seed,
#if !TR_FIXED_TIMING
        .timing = TR_TIMING_DEFAULT,
#endif
    };
    return config;
}

int tr_node_init(tr_node_t *node, const tr_node_config_t *config, uint32_t now_ms)
{
    const tr_timing_t *timing = TR_TIMING(config);
    if (config->node_id > TR_MAX_NODE_ID || config->max_children > TR_MAX_CHILDREN ||
        config->first_metric > TR_METRIC_MASK || timing->period_ms == 0 ||
        timing->period_ms > TR_MAX_PERIOD_MS || (config->is_root && !TR_CAN_BE_ROOT))
        return TR_ERROR_CONFIG;
    memset(node, 0, sizeof *node);
#if !TR_FIXED_TIMING
    node->timing = *timing;
#endif
    node->now_ms = now_ms;
    node->first_metric = config->first_metric;
    node->parent = TR_NO_NODE;
    node->way.distance.hop_count = TR_NO_HOP_COUNT;
    node->counter = config->first_counter & TR_MAX_U24;
    node->help_wait_ms = timing->help_wait_ms;
    tr_jitter_init(&node->jitter, config->seed);
    tr_parent_link_init(&node->link, timing, &node->jitter);
    tr_children_init(&node->children, config->node_id, config->max_children);
    node->is_root = config->is_root;
    if (tr_is_root(node))
        tr_start_root(node, (uint16_t)(config->first_version - 1));
    else
        tr_start_timer(node, TR_HELP_WAIT,
                       (tr_span_ms_t)(timing->listen_ms +
                                      tr_jitter_below(&node->jitter, UINT32_C(10) * timing->jitter_ms)));
    return 0;
}

TR_OUTLINE void tr_node_receive(tr_node_t *node, const uint8_t *bytes, size_t length, uint32_t now_ms)
{
    tr_frame_t frame;
    if (node->state == TR_STATE_LEFT)
        return;
    node->now_ms = now_ms;
    node->heard.source = TR_NO_NODE;
    const int result = tr_frame_decode(&frame, &node->heard.items, bytes, length);
    if (result < 0) {
        tr_drop(node, (uint8_t)-result);
        return;
    }
    node->heard.source = frame.source;
    if (frame.source == node->children.node_id)
        tr_drop(node, TR_DROP_OWN_ID);
    else if (frame.destination == node->children.node_id || frame.destination == TR_BROADCAST)
        tr_dispatch(node, &frame);
}

TR_OUTLINE static bool is_due(const tr_node_t *node, uint8_t timer)
{
    return tr_timer_is_due(&node->timers[timer], node->now_ms);
}

void tr_node_handle_timer(tr_node_t *node, uint32_t now_ms)
{
    node->now_ms = now_ms;
    if (tr_next_round_wait_ms(node, now_ms) == 0)
        tr_start_round(node);
    if (is_due(node, TR_CHILD_WAIT))
        tr_seal(node);
    if (is_due(node, TR_ACK_WAIT))
        tr_no_answer(node);
    if (is_due(node, TR_LEAF_WAIT)) {
        node->timers[TR_LEAF_WAIT].is_set = false;
        if (node->children.count == 0)
            tr_tell_depth(node);
    }
    if (is_due(node, TR_OFFER_WAIT))
        tr_take_offer(node);
    if (is_due(node, TR_HELP_WAIT))
        tr_call_for_help(node);
}

TR_OUTLINE bool tr_node_measure(tr_node_t *node, uint16_t version, const tr_reading_t *readings,
                                uint8_t count, uint32_t now_ms)
{
    tr_round_t *round = &node->round;
    node->now_ms = now_ms;
    if (!tr_has_way(node) || round->items.version != version || round->has_report)
        return false;
    tr_items_clear(&round->items, version);
    for (; count > 0; count--, readings++) {
        const tr_metric_aggregate_t own = {
            .metric = readings->metric,
            .aggregate = tr_aggregate_of_reading(readings->raw, node->children.node_id),
        };
        tr_items_merge(&round->items, &own);
    }
    round->has_readings = true;
    tr_seal_if_complete(node);
    return true;
}

void tr_node_leave(tr_node_t *node, uint32_t now_ms)
{
    if (node->state == TR_STATE_LEFT)
        return;
    node->now_ms = now_ms;
    node->state = TR_STATE_LEFT;
    node->way.distance.hop_count = TR_NO_HOP_COUNT;
    for (uint8_t timer = 0; timer < TR_TIMERS; timer++)
        node->timers[timer].is_set = false;
    node->outbox.count = 0;
    tr_put(node, TR_GOODBYE, TR_BROADCAST);
}

uint32_t tr_node_wait_ms(const tr_node_t *node, uint32_t now_ms)
{
    uint32_t wait_ms =
        tr_shorter(tr_next_round_wait_ms(node, now_ms), tr_outbox_wait_ms(&node->outbox, now_ms));
    for (uint8_t timer = 0; timer < TR_TIMERS; timer++)
        wait_ms = tr_shorter(wait_ms, tr_timer_wait_ms(&node->timers[timer], now_ms));
    return wait_ms;
}

bool tr_node_next_event(tr_node_t *node, tr_event_t *event)
{
    return tr_events_take(&node->events, event);
}

/* --- frames sent --- */

static uint8_t write_sync(const tr_node_t *node, uint8_t *payload)
{
    if (node->state == TR_STATE_JOINED)
        tr_way_write(&node->way, node->now_ms, payload);
    else
        tr_way_write_none(payload);
    return TR_SYNC_BYTES;
}

static uint8_t write_report(tr_node_t *node, uint8_t type, uint16_t destination, uint8_t *payload)
{
    node->told_depth = tr_children_depth(&node->children);
    payload[0] = node->told_depth;
    if (type == TR_HELP_ACK_DATA && !node->request_bears_report)
        return TR_DEPTH_BYTES;
    const uint16_t doubt = tr_round_doubt_for(&node->round, destination);
    return (uint8_t)(TR_DEPTH_BYTES + tr_items_write(&node->round.items, doubt, payload + TR_DEPTH_BYTES));
}

static uint8_t write_payload(tr_node_t *node, const tr_waiting_t *waiting, uint8_t *payload)
{
    switch (waiting->type) {
    case TR_DISC_ACK:
    case TR_GOODBYE: return 0;
    case TR_DEPTH: payload[0] = tr_children_depth(&node->children); return TR_DEPTH_BYTES;
    case TR_DATA:
    case TR_HELP_ACK_DATA: return write_report(node, waiting->type, waiting->destination, payload);
    case TR_DATA_ACK:
    case TR_HELP_CONFIRM:
        tr_put_u16(payload, waiting->acked_version);
        write_sync(node, payload + 2);
        return TR_ACK_BYTES;
    case TR_HELP:
    case TR_LOOK:
        tr_put_u16(payload, node->way.distance.version);
        payload[2] = node->way.distance.hop_count;
        return TR_HELP_BYTES;
    case TR_RESULT:
        if (TR_CAN_BE_ROOT) {
            tr_put_u24(payload, node->round.duration_ms);
            return (uint8_t)(TR_DURATION_BYTES + tr_items_write(&node->round.items, node->round.items.doubt,
                                                                payload + TR_DURATION_BYTES));
        }
        /* fall through */
    default: return write_sync(node, payload);
    }
}

int tr_node_next_frame(tr_node_t *node, uint32_t now_ms, uint8_t *bytes, size_t capacity,
                       enum tr_link_name *link)
{
    if (capacity < TR_MAX_FRAME_BYTES)
        return TR_ERROR_CAPACITY;
    node->now_ms = now_ms;
    tr_waiting_t *waiting = tr_outbox_first_due(&node->outbox, now_ms);
    if (!waiting)
        return 0;
    if (waiting->type == TR_DATA)
        node->data_sent_ms = now_ms;
    const tr_frame_t frame = {
        .type = waiting->type,
        .source = node->children.node_id,
        .destination = waiting->destination,
        .counter = node->counter,
        .payload = bytes + TR_HEADER_BYTES,
        .payload_bytes = write_payload(node, waiting, bytes + TR_HEADER_BYTES),
    };
    tr_outbox_remove(&node->outbox, waiting);
    node->counter = (node->counter + 1) & TR_MAX_U24;
    *link = frame.destination == TR_HOST ? TR_LINK_HOST : TR_LINK_AIR;
    return tr_frame_encode(&frame, bytes);
}

/* --- shared with the node's other files --- */

static tr_waiting_t *put(tr_node_t *node, uint8_t type, uint16_t destination)
{
    tr_waiting_t *waiting = tr_outbox_put(&node->outbox, type, destination);
    if (waiting)
        waiting->due_ms = node->now_ms;
    else
        tr_say(node, TR_EVENT_FRAME_DROPPED, node->children.node_id, TR_DROP_QUEUE_FULL);
    return waiting;
}

void tr_put(tr_node_t *node, uint8_t type, uint16_t destination)
{
    put(node, type, destination);
}

/* To the sender of the frame. */
void tr_put_ack(tr_node_t *node, uint8_t type, uint16_t acked_version)
{
    tr_waiting_t *waiting = put(node, type, node->heard.source);
    if (waiting)
        waiting->acked_version = acked_version;
}

void tr_put_after(tr_node_t *node, uint8_t type, uint16_t destination, tr_span_ms_t delay_ms)
{
    tr_waiting_t *waiting = put(node, type, destination);
    if (waiting)
        waiting->due_ms += delay_ms;
}

void tr_put_after_jitter(tr_node_t *node, uint8_t type, uint16_t destination)
{
    tr_put_after(node, type, destination, tr_some_jitter_ms(node));
}

void tr_tell(tr_node_t *node, uint8_t kind, uint16_t other, uint16_t value)
{
    tr_events_put(&node->events, kind, other, value);
}

/* The frame being received is of no use. */
void tr_tell_drop(tr_node_t *node, uint8_t reason)
{
    tr_tell(node, TR_EVENT_FRAME_DROPPED, node->heard.source, reason);
}

uint16_t tr_some_jitter_ms(tr_node_t *node)
{
    return (uint16_t)tr_jitter_below(&node->jitter, TR_TIMING(node)->jitter_ms);
}

void tr_start_timer(tr_node_t *node, uint8_t timer, tr_span_ms_t span_ms)
{
    tr_timer_set(&node->timers[timer], node->now_ms + span_ms);
}
