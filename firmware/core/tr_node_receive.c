/* What each type of frame does to a node: the tables of PROTOCOL.md 5.1. */
#include "tr_bytes.h"
#include "tr_inline.h"
#include "tr_node_parts.h"

static bool is_of_parent(const tr_node_t *node)
{
    return node->heard.source == node->parent;
}

static bool acks_round(const tr_node_t *node)
{
    return node->round.items.version == tr_get_u16(node->heard.payload);
}

/* The child that sent this, or NULL: then the frame is dropped. */
static tr_child_t *child_of(tr_node_t *node)
{
    tr_child_t *child = tr_children_find(&node->children, node->heard.source);
    if (!child)
        tr_drop(node, TR_DROP_NOT_A_CHILD);
    return child;
}

/* The child that the sender may become, or NULL: then the frame is dropped. */
static tr_child_t *admit(tr_node_t *node)
{
    if (node->state == TR_STATE_JOINED && !is_of_parent(node))
        return tr_admit(node);
    tr_drop(node, TR_DROP_STATE);
    return NULL;
}

static void on_discovery(tr_node_t *node)
{
    if (!node->heard.is_feasible)
        return;
    if (is_of_parent(node))
        tr_follow(node);
    else if (node->state == TR_STATE_SEEKING)
        tr_consider(node, TR_DISC_ACK);
}

static void on_disc_ack(tr_node_t *node)
{
    if (admit(node)) {
        tr_put(node, TR_DISC_ACK_ACK, node->heard.source);
        tr_tell_grown_depth(node);
    }
}

static void on_disc_ack_ack(tr_node_t *node)
{
    if (tr_answers(node, TR_DISC_ACK))
        tr_join(node);
}

static void on_depth(tr_node_t *node)
{
    tr_child_t *child = child_of(node);
    if (child) {
        child->depth = node->heard.payload[0];
        tr_tell_grown_depth(node);
    }
}

static void on_data(tr_node_t *node)
{
    tr_child_t *child = child_of(node);
    if (child && tr_accept(node, child)) {
        tr_put_ack(node, TR_DATA_ACK, tr_items_version(&node->heard.items));
        tr_seal_if_complete(node);
    }
}

static void on_data_ack(tr_node_t *node)
{
    if (!is_of_parent(node)) {
        tr_drop(node, TR_DROP_STATE);
        return;
    }
    if (node->request == TR_DATA && acks_round(node)) {
        node->round.is_acked = true;
        tr_end_request(node);
        tr_parent_link_answered(&node->link, TR_TIMING(node), node->unanswered,
                                tr_ms_until(node->now_ms, node->data_sent_ms));
        tr_look_for_better(node);
    }
    node->unanswered = 0;
    node->parent_has_called = false;
    if (node->heard.way.distance.hop_count == TR_NO_HOP_COUNT)
        tr_lose_parent(node, TR_WHY_NO_WAY);
    else if (node->heard.is_feasible)
        tr_follow(node);
}

static void on_help(tr_node_t *node)
{
    const bool has_sought = node->heard.way.distance.hop_count != TR_NO_HOP_COUNT;
    if (is_of_parent(node)) {
        if (!has_sought)
            tr_lose_parent(node, TR_WHY_STARTED_ANEW);
        else if (node->parent_has_called)
            tr_lose_parent(node, TR_WHY_FINDS_NONE);
        node->parent_has_called = true;
    } else if (node->state == TR_STATE_JOINED) {
        if (tr_is_root(node) && has_sought)
            tr_hear_distance(node);
        tr_offer_way(node);
    }
}

/* A child wants a newer way to help somebody: tell what is known here, or ask further up. */
static void on_look_of_child(tr_node_t *node)
{
    const tr_distance_t *own = &node->way.distance;
    if (!child_of(node) || !tr_has_way(node))
        return;
    if (tr_is_better(own->version, (uint8_t)(own->hop_count + 1), &node->heard.way.distance))
        tr_put_after_jitter(node, TR_DISCOVERY, TR_BROADCAST);
    else
        tr_need_newer_way(node, TR_VAIN_CALLS);
}

static void on_look(tr_node_t *node, uint16_t destination)
{
    if (destination != TR_BROADCAST)
        on_look_of_child(node);
    else if (node->state == TR_STATE_JOINED && !is_of_parent(node) &&
             !tr_children_find(&node->children, node->heard.source))
        tr_offer_way(node);
}

static void on_help_ack(tr_node_t *node)
{
    if ((node->state != TR_STATE_SEEKING && !node->timers[TR_OFFER_WAIT].is_set) || is_of_parent(node))
        return; /* an offer that came late, or nothing new */
    if (node->heard.is_feasible)
        tr_consider(node, TR_HELP_ACK_DATA);
    else
        tr_drop(node, TR_DROP_NOT_FEASIBLE);
}

static void on_help_ack_data(tr_node_t *node)
{
    tr_child_t *child = admit(node);
    uint16_t acked = node->round.items.version;
    if (!child)
        return;
    if (node->heard.items.aggregate_count > 0) {
        acked = tr_items_version(&node->heard.items);
        if (!tr_accept(node, child))
            return;
    }
    child->depth = node->heard.payload[0];
    tr_put_ack(node, TR_HELP_CONFIRM, acked);
    tr_tell_grown_depth(node);
    tr_seal_if_complete(node);
}

static void on_help_confirm(tr_node_t *node)
{
    if (!tr_answers(node, TR_HELP_ACK_DATA))
        return;
    if (node->request_bears_report && acks_round(node))
        node->round.is_acked = true;
    tr_join(node);
}

static void on_goodbye(tr_node_t *node)
{
    tr_child_t *child = tr_children_find(&node->children, node->heard.source);
    if (is_of_parent(node)) {
        tr_lose_parent(node, TR_WHY_GOODBYE);
    } else if (child) {
        tr_lose_child(node, child);
        tr_seal_if_complete(node);
    }
}

/* What the sender says of its way, if it does. */
static void read_way(tr_node_t *node, const tr_frame_t *frame)
{
    tr_way_t *way = &node->heard.way;
    if (frame->payload_bytes >= TR_SYNC_BYTES) {
        const uint8_t *sync = frame->payload + frame->payload_bytes - TR_SYNC_BYTES; /* it comes last */
        node->heard.is_feasible =
            tr_way_read(way, node->now_ms, sync) &&
            (!tr_has_way(node) ||
             tr_is_better(way->distance.version, way->distance.hop_count, &node->way.distance));
    } else if (frame->payload_bytes == TR_HELP_BYTES) {
        way->distance.version = tr_get_u16(frame->payload);
        way->distance.hop_count = frame->payload[2];
    }
}

void tr_dispatch(tr_node_t *node, const tr_frame_t *frame)
{
    node->heard.payload = frame->payload;
    read_way(node, frame);
    switch (frame->type) {
    case TR_DISCOVERY: on_discovery(node); break;
    case TR_DISC_ACK: on_disc_ack(node); break;
    case TR_DISC_ACK_ACK: on_disc_ack_ack(node); break;
    case TR_DEPTH: on_depth(node); break;
    case TR_DATA: on_data(node); break;
    case TR_DATA_ACK: on_data_ack(node); break;
    case TR_HELP: on_help(node); break;
    case TR_HELP_ACK: on_help_ack(node); break;
    case TR_HELP_ACK_DATA: on_help_ack_data(node); break;
    case TR_HELP_CONFIRM: on_help_confirm(node); break;
    case TR_LOOK: on_look(node, frame->destination); break;
    case TR_GOODBYE: on_goodbye(node); break;
    default: tr_drop(node, TR_DROP_STATE); break;
    }
}
