/* A node's way to the root, its requests and their answers (PROTOCOL.md 5.1 to 5.4). */
#include "tr_node_parts.h"

/* --- the way to the root --- */

bool tr_is_feasible(const tr_node_t *node, const tr_sync_t *sync)
{
    const tr_distance_t offered = {.version = sync->version, .hop_count = sync->hop_count};
    return tr_sync_is_usable(sync) && (!node->has_way || tr_distance_is_better(offered, node->way.distance));
}

bool tr_has_fresh_way(const tr_node_t *node, uint32_t now_ms)
{
    return node->config->is_root || (node->has_way && tr_way_is_fresh(&node->way, now_ms));
}

void tr_follow(tr_node_t *node, const tr_sync_t *sync, uint32_t now_ms)
{
    if (!tr_is_feasible(node, sync))
        return;
    const tr_distance_t before = node->way.distance;
    const bool is_other = node->has_way && before.hop_count != sync->hop_count + 1;
    const bool is_newer = !node->has_way || before.version != sync->version;
    tr_way_follow(&node->way, sync, now_ms - tr_parent_link_delay_ms(&node->link));
    node->has_way = true;
    /* Children learn of another distance at once, and so does who called for help in vain (5.2). */
    if ((is_other && node->children.count > 0) || (is_newer && node->vain_calls == TR_VAIN_CALLS))
        tr_put(node, TR_DISCOVERY, TR_BROADCAST, tr_after_jitter(node, now_ms));
    if (is_newer)
        node->vain_calls = 0;
}

/* So many calls, TR_VAIN_CALLS at most, were in vain for want of a newer way: in the end the parent may know
 * one. */
void tr_need_newer_way(tr_node_t *node, uint8_t vain_calls, uint32_t now_ms)
{
    if (node->vain_calls == TR_VAIN_CALLS)
        return;
    node->vain_calls = vain_calls;
    if (vain_calls == TR_VAIN_CALLS && node->parent != TR_NO_NODE)
        tr_put(node, TR_LOOK, node->parent, tr_after_jitter(node, now_ms));
}

/* Offers the own way to a node that seeks one, if it would be feasible there. */
void tr_offer_way(tr_node_t *node, uint16_t to, tr_distance_t wanted, uint32_t now_ms)
{
    const uint16_t spread_ms = tr_timing_help_spread_ms(&node->config->timing);
    const bool has_sought = wanted.hop_count != TR_NO_HOP_COUNT;
    if (has_sought && !tr_distance_is_better(node->way.distance, wanted))
        tr_need_newer_way(node, (uint8_t)(node->vain_calls + 1), now_ms);
    else if (!tr_has_fresh_way(node, now_ms))
        return;
    else if (tr_children_has_room_for(&node->children, to))
        tr_put(node, TR_HELP_ACK, to, now_ms + tr_jitter_below(&node->jitter, spread_ms));
    else
        tr_drop(node, TR_DROP_TABLE_FULL, to);
}

static void seek(tr_node_t *node, uint32_t now_ms)
{
    node->state = TR_STATE_SEEKING;
    node->candidate = TR_NO_NODE;
    tr_timer_set(&node->help, tr_after_jitter(node, now_ms));
}

/* Calls for offers while keeping the parent, if its link is bad. */
void tr_look_for_better(tr_node_t *node, uint32_t now_ms)
{
    const tr_timing_t *timing = &node->config->timing;
    const uint16_t turn = (uint16_t)(node->round.items.version + node->config->node_id);
    if (tr_parent_link_is_bad(&node->link, timing) && turn % TR_LOOK_ROUNDS == 0) {
        tr_put(node, TR_LOOK, TR_BROADCAST, now_ms);
        tr_timer_set(&node->offer_wait, now_ms + timing->offer_window_ms + tr_timing_help_spread_ms(timing));
    }
}

/* Of the offers of a short window the cheapest is taken; of equal ones the first. */
void tr_consider(tr_node_t *node, uint8_t request, uint16_t source, uint8_t hop_count, uint32_t now_ms)
{
    const tr_timing_t *timing = &node->config->timing;
    const uint16_t spread_ms = request == TR_HELP_ACK_DATA ? tr_timing_help_spread_ms(timing) : 0;
    const tr_offer_t offer = {
        .cost = tr_parent_link_cost(&node->link, source, hop_count),
        .source = source,
        .request = request,
    };
    if (!node->offer.request || offer.cost < node->offer.cost)
        node->offer = offer;
    if (timing->offer_window_ms == 0) {
        tr_take_offer(node, now_ms);
    } else if (!node->offer_wait.is_set) {
        node->help.is_set = false;
        tr_timer_set(&node->offer_wait, now_ms + timing->offer_window_ms + spread_ms);
    }
}

static void forget_offer(tr_node_t *node)
{
    node->offer.request = 0;
    node->offer_wait.is_set = false;
}

/* Whether it saves enough to leave the parent for it. */
static bool is_worth_a_change(const tr_node_t *node, const tr_offer_t *offer)
{
    const uint8_t parent_hop_count = (uint8_t)(node->way.distance.hop_count - 1);
    return !node->request && offer->cost + TR_HYSTERESIS_ETX16 <=
                                 tr_parent_link_cost(&node->link, node->parent, parent_hop_count);
}

static void ask(tr_node_t *node, uint8_t request, uint16_t candidate, uint32_t due_ms)
{
    node->state = TR_STATE_JOINING;
    node->candidate = candidate;
    node->help.is_set = false;
    node->request_bears_report = node->has_round && tr_round_is_undelivered(&node->round);
    node->unanswered = 0;
    tr_send_request(node, request, candidate, due_ms);
}

/* The offer window is over. */
void tr_take_offer(tr_node_t *node, uint32_t now_ms)
{
    const tr_offer_t offer = node->offer;
    forget_offer(node);
    if (!offer.request)
        return; /* nobody answered who looked for a better parent */
    if (node->state == TR_STATE_JOINED) {
        if (!is_worth_a_change(node, &offer))
            return;
        tr_lose_parent(node, TR_WHY_BETTER, now_ms);
    }
    /* Many hear a DISCOVERY, and only one a HELP_ACK. */
    ask(node, offer.request, offer.source,
        offer.request == TR_DISC_ACK ? tr_after_jitter(node, now_ms) : now_ms);
}

bool tr_answers(tr_node_t *node, uint8_t request, uint16_t source)
{
    if (node->state == TR_STATE_JOINING && node->request == request && source == node->candidate)
        return true;
    tr_drop(node, TR_DROP_STATE, source);
    return false;
}

void tr_join(tr_node_t *node, uint16_t parent, const tr_sync_t *sync, uint32_t now_ms)
{
    const bool is_by_discovery = node->request == TR_DISC_ACK;
    node->unanswered = 0;
    node->parent_has_called = false;
    tr_end_request(node);
    if (!tr_is_feasible(node, sync)) {
        tr_drop(node, TR_DROP_NOT_FEASIBLE, parent);
        seek(node, now_ms);
        return;
    }
    tr_parent_link_begin(&node->link, parent);
    tr_follow(node, sync, now_ms);
    if (!node->has_round) {
        tr_round_begin(&node->round,
                       tr_way_version_at(&node->way, now_ms + 2 * tr_way_clock_error_ms(&node->way)));
        node->round.is_acked = true;
        node->has_round = true;
    }
    node->state = TR_STATE_JOINED;
    node->parent = parent;
    node->candidate = TR_NO_NODE;
    node->help_wait_ms = node->config->timing.help_wait_ms;
    tr_child_t *former_child = tr_children_find(&node->children, parent);
    if (former_child) {
        tr_children_remove(&node->children, former_child);
        tr_say(node, TR_EVENT_CHILD_LOST, parent, 0);
    }
    tr_say(node, TR_EVENT_JOINED, parent, node->way.distance.hop_count);
    if (is_by_discovery) {
        node->told_depth = 0; /* a DISC_ACK tells none */
        tr_tell_grown_depth(node, now_ms);
    }
    if (is_by_discovery || node->children.count > 0) {
        const uint32_t due_ms = tr_after_jitter(node, now_ms);
        tr_put(node, TR_DISCOVERY, TR_BROADCAST, due_ms);
        tr_timer_set(&node->leaf_wait, due_ms + node->config->timing.leaf_wait_ms);
    }
    if (tr_round_is_undelivered(&node->round))
        tr_send_request(node, TR_DATA, parent, now_ms);
}

void tr_lose_parent(tr_node_t *node, uint16_t why, uint32_t now_ms)
{
    tr_say(node, TR_EVENT_PARENT_LOST, node->parent, why);
    node->parent = TR_NO_NODE;
    node->leaf_wait.is_set = false;
    forget_offer(node);
    tr_end_request(node);
    seek(node, now_ms);
}

void tr_call_for_help(tr_node_t *node, uint32_t now_ms)
{
    tr_put(node, TR_HELP, TR_BROADCAST, now_ms);
    tr_timer_set(&node->help, tr_after_jitter(node, now_ms + node->help_wait_ms));
    node->help_wait_ms = tr_shorter(2 * node->help_wait_ms, node->config->timing.help_wait_limit_ms);
}

static void forget_way(tr_node_t *node)
{
    node->has_way = false;
    node->has_round = false;
    node->child_wait.is_set = false;
    for (uint8_t i = 0; i < node->children.count; i++)
        tr_say(node, TR_EVENT_CHILD_LOST, node->children.children[i].id, 0);
    tr_children_forget_all(&node->children);
}

/* At every round: is the way to the root still worth following (5.4)? */
void tr_check_way(tr_node_t *node, uint32_t now_ms)
{
    if (node->config->is_root || !node->has_way)
        return;
    if (node->state == TR_STATE_JOINED && !tr_has_fresh_way(node, now_ms)) {
        tr_lose_parent(node, TR_WHY_STALE, now_ms);
    } else if (node->state == TR_STATE_JOINED && node->unanswered > node->config->timing.max_retries) {
        tr_lose_parent(node, TR_WHY_NO_ANSWER, now_ms); /* the round was too short to say so */
    } else if (node->state == TR_STATE_SEEKING && !node->offer.request) {
        node->help_wait_ms = node->config->timing.help_wait_ms;
        seek(node, now_ms); /* the neighbours learn of a newer version now: then they can help */
    }
    if (node->state != TR_STATE_JOINED && tr_way_is_lost(&node->way, now_ms))
        forget_way(node);
}

/* --- requests and their answers --- */

void tr_send_request(tr_node_t *node, uint8_t request, uint16_t destination, uint32_t due_ms)
{
    const tr_timing_t *timing = &node->config->timing;
    node->request = request;
    if (node->unanswered < UINT16_MAX)
        node->unanswered++;
    tr_put(node, request, destination, due_ms);
    node->data_sent_ms = due_ms;
    const uint16_t timeout_ms =
        request == TR_DATA ? tr_parent_link_ack_timeout_ms(&node->link, timing) : timing->ack_timeout_ms;
    /* Frames that collided must not meet again: the more tries, the more random the next. */
    const uint32_t tries = tr_shorter(node->unanswered, (uint32_t)timing->max_retries + 1);
    const uint32_t jitter_ms = tr_jitter_below(&node->jitter, tries * timing->jitter_ms);
    tr_timer_set(&node->ack, due_ms + timeout_ms + jitter_ms);
}

void tr_end_request(tr_node_t *node)
{
    if (node->request)
        tr_outbox_discard(&node->outbox, node->request);
    node->request = 0;
    node->ack.is_set = false;
}

void tr_no_answer(tr_node_t *node, uint32_t now_ms)
{
    const tr_timing_t *timing = &node->config->timing;
    if (node->request == TR_DATA)
        tr_parent_link_not_answered(&node->link, timing, &node->jitter, node->unanswered);
    if (node->unanswered <= timing->max_retries) {
        tr_send_request(node, node->request, node->state == TR_STATE_JOINED ? node->parent : node->candidate,
                        now_ms);
    } else if (node->state == TR_STATE_JOINED) {
        tr_lose_parent(node, TR_WHY_NO_ANSWER, now_ms);
    } else {
        tr_end_request(node);
        seek(node, now_ms);
    }
}
