/* A node's way to the root, its requests and their answers (PROTOCOL.md 5.1 to 5.4). */
#include "tr_node_parts.h"

#include "tr_inline.h"

/* --- the way to the root --- */

static bool has_fresh_way(const tr_node_t *node)
{
    return tr_is_root(node) ||
           (tr_has_way(node) && !tr_way_is_older_than(&node->way, TR_FRESH_PERIODS, node->now_ms));
}

/* Takes the way of the frame's sender, which is feasible. */
TR_OUTLINE void tr_follow(tr_node_t *node)
{
    const tr_way_t *told = &node->heard.way;
    const bool is_other = tr_has_way(node) && node->way.distance.hop_count != told->distance.hop_count + 1;
    const bool is_newer = !tr_has_way(node) || node->way.distance.version != told->distance.version;
    node->way = *told;
    node->way.distance.hop_count++;
    node->way.origin_ms -= tr_parent_link_delay_ms(&node->link);
    /* Children learn of another distance at once, and so does who called for help in vain (5.2). */
    if ((is_other && node->children.count > 0) || (is_newer && node->vain_calls == TR_VAIN_CALLS))
        tr_put_after_jitter(node, TR_DISCOVERY, TR_BROADCAST);
    if (is_newer)
        node->vain_calls = 0;
}

/* So many calls, TR_VAIN_CALLS at most, were in vain for want of a newer way: in the end the parent may know
 * one. */
TR_OUTLINE void tr_need_newer_way(tr_node_t *node, uint8_t vain_calls)
{
    if (node->vain_calls == TR_VAIN_CALLS)
        return;
    node->vain_calls = vain_calls;
    if (vain_calls == TR_VAIN_CALLS && node->parent != TR_NO_NODE)
        tr_put_after_jitter(node, TR_LOOK, node->parent);
}

/* Offers the own way to a node that seeks one, if it would be feasible there. */
void tr_offer_way(tr_node_t *node)
{
    const tr_distance_t *wanted = &node->heard.way.distance;
    const uint16_t to = node->heard.source;
    if (wanted->hop_count != TR_NO_HOP_COUNT &&
        !tr_is_better(node->way.distance.version, node->way.distance.hop_count, wanted))
        tr_need_newer_way(node, (uint8_t)(node->vain_calls + 1));
    else if (!has_fresh_way(node))
        return;
    else if (tr_children_has_room_for(&node->children, to))
        tr_put_after(node, TR_HELP_ACK, to,
                     (tr_span_ms_t)tr_jitter_below(&node->jitter, tr_timing_help_spread_ms(TR_TIMING(node))));
    else
        tr_drop(node, TR_DROP_TABLE_FULL);
}

static void seek(tr_node_t *node)
{
    node->state = TR_STATE_SEEKING;
    tr_start_timer(node, TR_HELP_WAIT, tr_some_jitter_ms(node));
}

static void await_offers(tr_node_t *node, uint16_t spread_ms)
{
    tr_start_timer(node, TR_OFFER_WAIT, (tr_span_ms_t)TR_TIMING(node)->offer_window_ms + spread_ms);
}

/* Calls for offers while keeping the parent, if its link is bad. */
void tr_look_for_better(tr_node_t *node)
{
    const tr_timing_t *timing = TR_TIMING(node);
    const uint16_t turn = (uint16_t)(node->round.items.version + node->children.node_id);
    if (tr_parent_link_is_bad(&node->link, timing) && turn % TR_LOOK_ROUNDS == 0) {
        tr_put(node, TR_LOOK, TR_BROADCAST);
        await_offers(node, tr_timing_help_spread_ms(timing));
    }
}

/* Of the offers of a short window the cheapest is taken; of equal ones the first. */
void tr_consider(tr_node_t *node, uint8_t request)
{
    const uint16_t source = node->heard.source;
    const uint16_t cost = tr_parent_link_cost(&node->link, source, node->heard.way.distance.hop_count);
    if (!node->offer.request || cost < node->offer.cost) {
        node->offer.cost = cost;
        node->offer.source = source;
        node->offer.request = request;
    }
    if (TR_TIMING(node)->offer_window_ms == 0) {
        tr_take_offer(node);
    } else if (!node->timers[TR_OFFER_WAIT].is_set) {
        node->timers[TR_HELP_WAIT].is_set = false;
        await_offers(node, request == TR_HELP_ACK_DATA ? tr_timing_help_spread_ms(TR_TIMING(node)) : 0);
    }
}

static void forget_offer(tr_node_t *node)
{
    node->offer.request = 0;
    node->timers[TR_OFFER_WAIT].is_set = false;
}

/* Whether it saves enough to leave the parent for it. */
static bool is_worth_a_change(const tr_node_t *node)
{
    const uint8_t parent_hop_count = (uint8_t)(node->way.distance.hop_count - 1);
    return !node->request && node->offer.cost + TR_HYSTERESIS_ETX16 <=
                                 tr_parent_link_cost(&node->link, node->parent, parent_hop_count);
}

/* The offer window is over. */
void tr_take_offer(tr_node_t *node)
{
    const uint8_t request = node->offer.request;
    const bool is_joined = node->state == TR_STATE_JOINED;
    const bool is_taken = request && (!is_joined || is_worth_a_change(node));
    forget_offer(node);
    if (!is_taken)
        return; /* or nobody answered who looked for a better parent */
    if (is_joined)
        tr_lose_parent(node, TR_WHY_BETTER);
    node->state = TR_STATE_JOINING;
    node->timers[TR_HELP_WAIT].is_set = false;
    node->request_bears_report = tr_has_way(node) && tr_round_is_undelivered(&node->round);
    node->unanswered = 0;
    /* Many hear a DISCOVERY, and only one a HELP_ACK. */
    tr_send_request(node, request, request == TR_DISC_ACK ? tr_some_jitter_ms(node) : 0);
}

/* Whether the frame answers that request of a node that joins; dropped if not. */
bool tr_answers(tr_node_t *node, uint8_t request)
{
    if (node->state == TR_STATE_JOINING && node->request == request &&
        node->heard.source == node->offer.source)
        return true;
    tr_drop(node, TR_DROP_STATE);
    return false;
}

/* The sender takes the node as its child. */
void tr_join(tr_node_t *node)
{
    const uint16_t parent = node->heard.source;
    const bool is_by_discovery = node->request == TR_DISC_ACK;
    const bool had_way = tr_has_way(node);
    node->unanswered = 0;
    node->parent_has_called = false;
    tr_end_request(node);
    if (!node->heard.is_feasible) {
        tr_drop(node, TR_DROP_NOT_FEASIBLE);
        seek(node);
        return;
    }
    tr_parent_link_begin(&node->link, parent);
    tr_follow(node);
    if (!had_way) {
        tr_round_begin(&node->round,
                       tr_way_version_at(&node->way, node->now_ms + 2 * tr_way_clock_error_ms(&node->way)));
        node->round.is_acked = true;
    }
    node->state = TR_STATE_JOINED;
    node->parent = parent;
    node->help_wait_ms = TR_TIMING(node)->help_wait_ms;
    tr_child_t *former_child = tr_children_find(&node->children, parent);
    if (former_child) {
        tr_children_remove(&node->children, former_child);
        tr_say(node, TR_EVENT_CHILD_LOST, parent, 0);
    }
    tr_say(node, TR_EVENT_JOINED, parent, node->way.distance.hop_count);
    if (is_by_discovery) {
        node->told_depth = 0; /* a DISC_ACK tells none */
        tr_tell_grown_depth(node);
    }
    if (is_by_discovery || node->children.count > 0) {
        const uint16_t delay_ms = tr_some_jitter_ms(node);
        tr_put_after(node, TR_DISCOVERY, TR_BROADCAST, delay_ms);
        tr_start_timer(node, TR_LEAF_WAIT, (tr_span_ms_t)TR_TIMING(node)->leaf_wait_ms + delay_ms);
    }
    if (tr_round_is_undelivered(&node->round))
        tr_send_request(node, TR_DATA, 0);
}

void tr_lose_parent(tr_node_t *node, uint8_t why)
{
    tr_say(node, TR_EVENT_PARENT_LOST, node->parent, why);
    node->parent = TR_NO_NODE;
    node->timers[TR_LEAF_WAIT].is_set = false;
    forget_offer(node);
    tr_end_request(node);
    seek(node);
}

void tr_call_for_help(tr_node_t *node)
{
    const tr_span_ms_t wait_ms = node->help_wait_ms;
    const uint16_t limit_ms = TR_TIMING(node)->help_wait_limit_ms;
    tr_put(node, TR_HELP, TR_BROADCAST);
    tr_start_timer(node, TR_HELP_WAIT, wait_ms + tr_some_jitter_ms(node));
    node->help_wait_ms = 2 * wait_ms < limit_ms ? (uint16_t)(2 * wait_ms) : limit_ms;
}

static void forget_way(tr_node_t *node)
{
    node->way.distance.version = 0; /* as it is told in a HELP */
    node->way.distance.hop_count = TR_NO_HOP_COUNT;
    node->timers[TR_CHILD_WAIT].is_set = false;
    for (uint8_t i = 0; i < node->children.count; i++)
        tr_say(node, TR_EVENT_CHILD_LOST, node->children.children[i].id, 0);
    tr_children_forget_all(&node->children);
}

/* At every round: is the way to the root still worth following (5.4)? */
void tr_check_way(tr_node_t *node)
{
    if (tr_is_root(node) || !tr_has_way(node))
        return;
    if (node->state == TR_STATE_JOINED) {
        if (!has_fresh_way(node))
            tr_lose_parent(node, TR_WHY_STALE);
        else if (node->unanswered > TR_TIMING(node)->max_retries)
            tr_lose_parent(node, TR_WHY_NO_ANSWER); /* the round was too short to say so */
    } else if (node->state == TR_STATE_SEEKING && !node->offer.request) {
        node->help_wait_ms = TR_TIMING(node)->help_wait_ms;
        seek(node); /* the neighbours learn of a newer version now: then they can help */
    }
    if (node->state != TR_STATE_JOINED && tr_way_is_older_than(&node->way, TR_FORGET_PERIODS, node->now_ms))
        forget_way(node);
}

/* --- requests and their answers --- */

/* To the parent, or to whom the node wants for one. */
void tr_send_request(tr_node_t *node, uint8_t request, tr_span_ms_t delay_ms)
{
    const tr_timing_t *timing = TR_TIMING(node);
    node->request = request;
    if (node->unanswered < UINT16_MAX)
        node->unanswered++;
    tr_put_after(node, request, node->state == TR_STATE_JOINED ? node->parent : node->offer.source, delay_ms);
    node->data_sent_ms = node->now_ms + delay_ms;
    const uint16_t timeout_ms =
        request == TR_DATA ? tr_parent_link_ack_timeout_ms(&node->link, timing) : timing->ack_timeout_ms;
    /* Frames that collided must not meet again: the more tries, the more random the next. */
    const uint16_t tries =
        node->unanswered <= timing->max_retries ? node->unanswered : (uint16_t)(timing->max_retries + 1);
    tr_start_timer(node, TR_ACK_WAIT,
                   delay_ms + timeout_ms +
                       (tr_span_ms_t)tr_jitter_below(&node->jitter, (tr_span_ms_t)tries * timing->jitter_ms));
}

void tr_end_request(tr_node_t *node)
{
    if (node->request)
        tr_outbox_discard(&node->outbox, node->request);
    node->request = 0;
    node->timers[TR_ACK_WAIT].is_set = false;
}

void tr_no_answer(tr_node_t *node)
{
    const tr_timing_t *timing = TR_TIMING(node);
    if (node->request == TR_DATA)
        tr_parent_link_not_answered(&node->link, timing, &node->jitter, node->unanswered);
    if (node->unanswered <= timing->max_retries) {
        tr_send_request(node, node->request, 0);
    } else if (node->state == TR_STATE_JOINED) {
        tr_lose_parent(node, TR_WHY_NO_ANSWER);
    } else {
        tr_end_request(node);
        seek(node);
    }
}
