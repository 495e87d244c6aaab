/* What the root alone does: it makes the rounds that all others follow, and says their results. */
#include "tr_node_parts.h"
#include "tr_serial_number.h"

void tr_start_root(tr_node_t *node, uint16_t version)
{
    const tr_timing_t *timing = TR_TIMING(node);
    node->state = TR_STATE_JOINED;
    node->way.distance.version = version;
    node->way.distance.hop_count = 0;
    node->way.origin_ms =
        node->now_ms + tr_shorter(timing->period_ms, timing->discovery_ms) - timing->period_ms;
    node->way.period_ms = timing->period_ms;
    tr_round_begin(&node->round, version);
    node->round.is_acked = true;
    tr_put(node, TR_DISCOVERY, TR_BROADCAST);
}

/* The root's way is the running round itself; after a restart it goes on from what it heard. */
void tr_advance_root(tr_node_t *node)
{
    uint16_t version = tr_way_version_at(&node->way, node->now_ms);
    node->way.origin_ms = node->now_ms - tr_way_running_for_ms(&node->way, node->now_ms);
    if (node->has_heard_version && !tr_version_is_newer(version, node->heard_version))
        version = (uint16_t)(node->heard_version + 1);
    node->has_heard_version = false;
    node->way.distance.version = version;
}

/* Somebody seeks a way and knows of rounds of a root that this one was before its restart. */
void tr_hear_distance(tr_node_t *node)
{
    const tr_distance_t *known = &node->heard.way.distance;
    if (!tr_version_is_newer(known->version, node->way.distance.version))
        return;
    /* The node's clock may have run on until it forgets its way: no version is used twice (5.4). */
    node->heard_version = (uint16_t)(known->version + known->hop_count + TR_FORGET_PERIODS);
    node->has_heard_version = true;
    node->way.origin_ms = node->now_ms - node->way.period_ms; /* the next round is due now */
}

/* The report of the round is its result. */
void tr_finish_round(tr_node_t *node)
{
    tr_round_t *round = &node->round;
    const uint16_t version = round->items.version;
    round->is_acked = true;
    round->duration_ms = tr_shorter(node->now_ms - tr_way_start_ms(&node->way, version), TR_MAX_U24);
    tr_say(node, TR_EVENT_ROUND_FINISHED, TR_NO_NODE, version);
    tr_put(node, TR_RESULT, TR_HOST);
}
