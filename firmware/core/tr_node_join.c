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
    if (tr_is_feasible(node, sync)) {
        tr_way_follow(&node->way, sync, now_ms);
        node->has_way = true;
    }
}

static void seek(tr_node_t *node, uint32_t now_ms)
{
    node->state = TR_STATE_SEEKING;
    node->candidate = TR_NO_NODE;
    tr_timer_set(&node->help, tr_after_jitter(node, now_ms));
}

void tr_ask(tr_node_t *node, uint8_t request, uint16_t candidate, uint32_t due_ms)
{
    node->state = TR_STATE_JOINING;
    node->candidate = candidate;
    node->help.is_set = false;
    node->request_bears_report = node->has_round && tr_round_is_undelivered(&node->round);
    node->unanswered = 0;
    tr_send_request(node, request, candidate, due_ms);
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
    tr_end_request(node);
    if (!tr_is_feasible(node, sync)) {
        tr_drop(node, TR_DROP_NOT_FEASIBLE, parent);
        seek(node, now_ms);
        return;
    }
    tr_follow(node, sync, now_ms);
    if (!node->has_round) {
        tr_round_begin(&node->round, tr_way_version_at(&node->way, now_ms));
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
    } else if (node->state == TR_STATE_SEEKING) {
        node->help_wait_ms = node->config->timing.help_wait_ms;
        seek(node, now_ms); /* the neighbours learn of a newer version now: then they can help */
    }
    if (node->state != TR_STATE_JOINED && tr_way_is_lost(&node->way, now_ms))
        forget_way(node);
}

/* --- requests and their answers --- */

void tr_send_request(tr_node_t *node, uint8_t request, uint16_t destination, uint32_t due_ms)
{
    node->request = request;
    if (node->unanswered < UINT16_MAX)
        node->unanswered++;
    tr_put(node, request, destination, due_ms);
    tr_timer_set(&node->ack, tr_after_jitter(node, due_ms + node->config->timing.ack_timeout_ms));
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
    if (node->unanswered <= node->config->timing.max_retries) {
        tr_send_request(node, node->request, node->state == TR_STATE_JOINED ? node->parent : node->candidate,
                        now_ms);
    } else if (node->state == TR_STATE_JOINED) {
        tr_lose_parent(node, TR_WHY_NO_ANSWER, now_ms);
    } else {
        tr_end_request(node);
        seek(node, now_ms);
    }
}
