/* A node's rounds and reports, and the children that make them (PROTOCOL.md sections 6 and 7). */
#include "tr_inline.h"
#include "tr_node_parts.h"
#include "tr_serial_number.h"

/* --- rounds --- */

uint32_t tr_next_round_wait_ms(const tr_node_t *node, uint32_t now_ms)
{
    if (!tr_has_way(node))
        return TR_FOREVER_MS;
    return tr_way_ms_until(&node->way, (uint16_t)(node->round.items.version + 1), now_ms);
}

/* A hop's share of the period: all hops from the furthest leaf to the root have 4/5 of it. */
TR_OUTLINE static uint32_t slot_ms(const tr_node_t *node)
{
    const uint16_t hops = (uint16_t)(node->way.distance.hop_count + tr_children_depth(&node->children) + 1);
    return 4 * node->way.period_ms / 5 / hops;
}

static uint32_t hop_wait_ms(const tr_node_t *node)
{
    const tr_timing_t *timing = TR_TIMING(node);
    return tr_timing_hop_wait_ms(timing, tr_parent_link_ack_timeout_ms(&node->link, timing));
}

/* How long to wait for the children, scaled by the distance to the furthest leaf (section 7). */
static uint32_t child_wait_for_ms(const tr_node_t *node)
{
    const uint32_t hops = (uint32_t)tr_children_depth(&node->children) + 1;
    const uint32_t slot = slot_ms(node);
    /* A longer hop wait changes nothing, but hops of it may take more than 32 bits. */
    const uint32_t hop_wait = tr_shorter(hop_wait_ms(node), slot);
    return tr_shorter(hops * hop_wait + tr_timing_longest_spread_ms(TR_TIMING(node)), hops * slot);
}

TR_OUTLINE static void set_child_wait(tr_node_t *node)
{
    const uint32_t wait_ms = child_wait_for_ms(node);
    const uint32_t left_ms = tr_ms_until(wait_ms, tr_way_running_for_ms(&node->way, node->now_ms));
    /* A round entered late, after the clock was set. */
    const uint32_t least_ms = tr_shorter(wait_ms, hop_wait_ms(node));
    tr_timer_set(&node->timers[TR_CHILD_WAIT], node->now_ms + (left_ms > least_ms ? left_ms : least_ms));
}

void tr_start_round(tr_node_t *node)
{
    if (tr_round_is_undelivered(&node->round))
        tr_children_announce_all(&node->children);
    if (tr_is_root(node)) {
        tr_advance_root(node);
        tr_outbox_discard(&node->outbox, TR_RESULT);
    }
    const uint16_t version = tr_way_version_at(&node->way, node->now_ms);
    if (node->request == TR_DATA)
        tr_end_request(node);
    tr_round_begin(&node->round, version);
    node->request_bears_report = false;
    set_child_wait(node);
    tr_check_way(node);
    if (tr_has_way(node))
        tr_say(node, TR_EVENT_MEASUREMENT_DUE, TR_NO_NODE, version);
}

void tr_seal_if_complete(tr_node_t *node)
{
    const tr_round_t *round = &node->round;
    if (tr_has_way(node) && !round->has_report && round->has_readings &&
        !tr_children_are_owing(&node->children, round->items.version))
        tr_seal(node);
}

static void close_books(tr_node_t *node, uint16_t version)
{
    tr_children_t *children = &node->children;
    tr_child_t *child = children->children;
    for (uint8_t left = children->count; left > 0; left--) {
        if (tr_children_close_round(children, child, version, TR_TIMING(node)->missed_rounds))
            tr_lose_child(node, child); /* the next one is in its place now */
        else
            child++;
    }
}

/* Puts the report of the round together and sends it on. */
void tr_seal(tr_node_t *node)
{
    tr_round_t *round = &node->round;
    const uint16_t version = round->items.version;
    const bool is_leaf = node->children.count == 0; /* before those are given up that it waited for */
    node->timers[TR_CHILD_WAIT].is_set = false;
    close_books(node, version);
    tr_children_compose(&node->children, &round->items);
    if (round->items.aggregate_count == 0)
        tr_items_put_empty(&round->items, node->first_metric);
    round->has_report = true;
    tr_say(node, TR_EVENT_REPORT_SEALED, TR_NO_NODE, version);
    if (tr_is_root(node))
        tr_finish_round(node);
    else if (node->state == TR_STATE_JOINED)
        tr_send_request(node, TR_DATA,
                        tr_parent_link_send_delay_ms(&node->link, TR_TIMING(node), slot_ms(node), is_leaf));
}

/* --- children --- */

/* The child that the sender is, taken now if it was none; NULL when the table is full. */
tr_child_t *tr_admit(tr_node_t *node)
{
    const uint16_t id = node->heard.source;
    tr_child_t *child = tr_children_find(&node->children, id);
    if (child)
        return child;
    child = tr_children_add(&node->children, id, (uint16_t)(node->round.items.version + 1));
    if (child)
        tr_say(node, TR_EVENT_CHILD_JOINED, id, 0);
    else
        tr_drop(node, TR_DROP_TABLE_FULL);
    return child;
}

/* Gives a child up, and hands that on. */
void tr_lose_child(tr_node_t *node, tr_child_t *child)
{
    tr_say(node, TR_EVENT_CHILD_LOST, child->id, 0);
    tr_children_give_up(&node->children, child);
}

/* Whether a report is of the running round, or of the next and that is about to begin (6.2). */
static bool may_count(const tr_node_t *node, uint16_t version)
{
    const int16_t ahead = tr_version_distance(version, node->round.items.version);
    return ahead == 0 || (ahead == 1 && tr_way_ms_until(&node->way, version, node->now_ms) <=
                                            tr_way_clock_error_ms(&node->way));
}

/* Lets a report with aggregates stand for the child, if it is of this round or the next (6.2). False if there
 * is no place for it: then it must not be acknowledged. */
bool tr_accept(tr_node_t *node, tr_child_t *child)
{
    const uint16_t version = tr_items_version(&node->heard.items);
    child->depth = node->heard.payload[0];
    child->missed_rounds = 0;
    tr_tell_grown_depth(node);
    if (!may_count(node, version)) {
        tr_drop(node, TR_DROP_STALE_VERSION);
        return true;
    }
    if (!tr_children_store(&node->children, child, &node->heard.items)) {
        tr_drop(node, TR_DROP_TABLE_FULL);
        return false;
    }
    tr_say(node, TR_EVENT_REPORT_ACCEPTED, child->id, version);
    return true;
}

void tr_tell_grown_depth(tr_node_t *node)
{
    if (tr_children_depth(&node->children) > node->told_depth)
        tr_tell_depth(node);
}

void tr_tell_depth(tr_node_t *node)
{
    if (node->parent != TR_NO_NODE) {
        node->told_depth = tr_children_depth(&node->children);
        tr_put(node, TR_DEPTH, node->parent);
    }
}
