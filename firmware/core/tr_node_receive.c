/* What each type of frame does to a node: the tables of PROTOCOL.md 5.1. */
#include "tr_bytes.h"
#include "tr_node_parts.h"
#include "tr_serial_number.h"

static void on_discovery(tr_node_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    tr_sync_t sync;
    tr_sync_read(&sync, frame->payload);
    if (frame->source == node->parent)
        tr_follow(node, &sync, now_ms);
    else if (node->state == TR_STATE_SEEKING && tr_is_feasible(node, &sync))
        tr_consider(node, TR_DISC_ACK, frame->source, sync.hop_count, now_ms);
}

static void on_disc_ack(tr_node_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    if (node->state != TR_STATE_JOINED || frame->source == node->parent) {
        tr_drop(node, TR_DROP_STATE, frame->source);
    } else if (tr_admit(node, frame->source)) {
        tr_put(node, TR_DISC_ACK_ACK, frame->source, now_ms);
        tr_tell_grown_depth(node, now_ms);
    }
}

static void on_disc_ack_ack(tr_node_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    tr_sync_t sync;
    tr_sync_read(&sync, frame->payload);
    if (tr_answers(node, TR_DISC_ACK, frame->source))
        tr_join(node, frame->source, &sync, now_ms);
}

/* The child that sent this, or NULL: then the frame is dropped. */
static tr_child_t *child_of(tr_node_t *node, const tr_frame_t *frame)
{
    tr_child_t *child = tr_children_find(&node->children, frame->source);
    if (!child)
        tr_drop(node, TR_DROP_NOT_A_CHILD, frame->source);
    return child;
}

static void on_depth(tr_node_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    tr_child_t *child = child_of(node, frame);
    if (child) {
        child->depth = frame->payload[0];
        tr_tell_grown_depth(node, now_ms);
    }
}

static void on_data(tr_node_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    tr_child_t *child = child_of(node, frame);
    if (child) {
        tr_received_items_t items;
        tr_frame_items(frame, TR_DEPTH_BYTES, &items);
        tr_accept(node, child, frame->payload[0], &items, now_ms);
        tr_put_ack(node, TR_DATA_ACK, child->id, tr_items_version(&items), now_ms);
        tr_seal_if_complete(node, now_ms);
    }
}

static void on_data_ack(tr_node_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    tr_sync_t sync;
    if (frame->source != node->parent) {
        tr_drop(node, TR_DROP_STATE, frame->source);
        return;
    }
    if (node->request == TR_DATA && node->has_round &&
        node->round.items.version == tr_get_u16(frame->payload)) {
        node->round.is_acked = true;
        tr_end_request(node);
        tr_parent_link_answered(&node->link, &node->config->timing, node->unanswered,
                                tr_ms_until(now_ms, node->data_sent_ms));
        tr_look_for_better(node, now_ms);
    }
    node->unanswered = 0;
    node->parent_has_called = false;
    tr_sync_read(&sync, frame->payload + 2);
    if (sync.hop_count == TR_NO_HOP_COUNT)
        tr_lose_parent(node, TR_WHY_NO_WAY, now_ms);
    else
        tr_follow(node, &sync, now_ms);
}

/* The payload of HELP and LOOK: where the sender is. */
static tr_distance_t distance_wanted(const tr_frame_t *frame)
{
    const tr_distance_t wanted = {.version = tr_get_u16(frame->payload), .hop_count = frame->payload[2]};
    return wanted;
}

static void on_help(tr_node_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    const tr_distance_t wanted = distance_wanted(frame);
    const bool has_sought = wanted.hop_count != TR_NO_HOP_COUNT;
    if (frame->source == node->parent) {
        if (!has_sought)
            tr_lose_parent(node, TR_WHY_STARTED_ANEW, now_ms);
        else if (node->parent_has_called)
            tr_lose_parent(node, TR_WHY_FINDS_NONE, now_ms);
        node->parent_has_called = true;
        return;
    }
    if (node->state != TR_STATE_JOINED)
        return;
    if (node->config->is_root && has_sought &&
        tr_version_is_newer(wanted.version, node->way.distance.version)) {
        /* The node's clock may have run on until it forgets its way: no version is used twice (5.4). */
        node->heard_version = (uint16_t)(wanted.version + wanted.hop_count + TR_FORGET_PERIODS);
        node->has_heard_version = true;
        node->way.origin_ms = now_ms - node->way.period_ms; /* the next round is due now */
    }
    tr_offer_way(node, frame->source, wanted, now_ms);
}

/* A child wants a newer way to help somebody: tell what is known here, or ask further up. */
static void on_look_of_child(tr_node_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    if (!child_of(node, frame) || !node->has_way)
        return;
    tr_distance_t offered = node->way.distance;
    offered.hop_count++;
    if (tr_distance_is_better(offered, distance_wanted(frame)))
        tr_put(node, TR_DISCOVERY, TR_BROADCAST, tr_after_jitter(node, now_ms));
    else
        tr_need_newer_way(node, TR_VAIN_CALLS, now_ms);
}

static void on_look(tr_node_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    if (frame->destination != TR_BROADCAST)
        on_look_of_child(node, frame, now_ms);
    else if (node->state == TR_STATE_JOINED && frame->source != node->parent &&
             !tr_children_find(&node->children, frame->source))
        tr_offer_way(node, frame->source, distance_wanted(frame), now_ms);
}

static void on_help_ack(tr_node_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    tr_sync_t sync;
    if (node->state != TR_STATE_SEEKING && !node->offer_wait.is_set)
        return; /* an offer that came late */
    if (frame->source == node->parent)
        return;
    tr_sync_read(&sync, frame->payload);
    if (tr_is_feasible(node, &sync))
        tr_consider(node, TR_HELP_ACK_DATA, frame->source, sync.hop_count, now_ms);
    else
        tr_drop(node, TR_DROP_NOT_FEASIBLE, frame->source);
}

static void on_help_ack_data(tr_node_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    if (node->state != TR_STATE_JOINED || frame->source == node->parent) {
        tr_drop(node, TR_DROP_STATE, frame->source);
        return;
    }
    tr_child_t *child = tr_admit(node, frame->source);
    if (!child)
        return;
    uint16_t acked = node->round.items.version;
    tr_received_items_t items;
    tr_frame_items(frame, TR_DEPTH_BYTES, &items);
    if (items.aggregate_count > 0) {
        acked = tr_items_version(&items);
        tr_accept(node, child, frame->payload[0], &items, now_ms);
    }
    child->depth = frame->payload[0];
    tr_put_ack(node, TR_HELP_CONFIRM, child->id, acked, now_ms);
    tr_tell_grown_depth(node, now_ms);
    tr_seal_if_complete(node, now_ms);
}

static void on_help_confirm(tr_node_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    tr_sync_t sync;
    if (!tr_answers(node, TR_HELP_ACK_DATA, frame->source))
        return;
    if (node->request_bears_report && node->round.items.version == tr_get_u16(frame->payload))
        node->round.is_acked = true;
    tr_sync_read(&sync, frame->payload + 2);
    tr_join(node, frame->source, &sync, now_ms);
}

void tr_dispatch(tr_node_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    switch (frame->type) {
    case TR_DISCOVERY: on_discovery(node, frame, now_ms); break;
    case TR_DISC_ACK: on_disc_ack(node, frame, now_ms); break;
    case TR_DISC_ACK_ACK: on_disc_ack_ack(node, frame, now_ms); break;
    case TR_DEPTH: on_depth(node, frame, now_ms); break;
    case TR_DATA: on_data(node, frame, now_ms); break;
    case TR_DATA_ACK: on_data_ack(node, frame, now_ms); break;
    case TR_HELP: on_help(node, frame, now_ms); break;
    case TR_HELP_ACK: on_help_ack(node, frame, now_ms); break;
    case TR_HELP_ACK_DATA: on_help_ack_data(node, frame, now_ms); break;
    case TR_HELP_CONFIRM: on_help_confirm(node, frame, now_ms); break;
    case TR_LOOK: on_look(node, frame, now_ms); break;
    default: tr_drop(node, TR_DROP_STATE, frame->source); break;
    }
}
