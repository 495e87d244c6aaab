#include "tr_peer_node.h"

#include <string.h>

#include "tr_inline.h"

TR_OUTLINE tr_peer_config_t tr_peer_config_default(uint16_t node_id, uint32_t seed)
{
    const tr_peer_config_t config = {
        .node_id = node_id,
        .max_peers = TR_MAX_PEERS,
        .first_counter = seed,
        .seed = seed,
    };
    return config;
}

tr_peer_timing_t tr_peer_timing_default(void)
{
    tr_peer_timing_t timing;
    timing.hello_spread_ms = TR_PEERS_DEFAULT_HELLO_SPREAD_MS;
    timing.hello_wait_ms = TR_PEERS_DEFAULT_HELLO_WAIT_MS;
    timing.hello_wait_limit_ms = TR_PEERS_DEFAULT_HELLO_WAIT_LIMIT_MS;
    return timing;
}

int tr_peer_node_init(tr_peer_node_t *node, const tr_peer_config_t *config)
{
    memset(node, 0, sizeof *node);
    node->id = config->node_id;
    node->counter = config->first_counter & TR_MAX_U24;
    tr_jitter_init(&node->jitter, config->seed);
    return config->node_id <= TR_MAX_NODE_ID && config->max_peers <= TR_MAX_PEERS &&
                   tr_peers_init(&node->peers, config->node_id, config->order, config->order_count,
                                 (uint8_t)config->max_peers)
               ? 0
               : TR_ERROR_CONFIG;
}

void tr_peer_node_leave(tr_peer_node_t *node)
{
    if (node->has_left)
        return;
    node->has_left = true;
    node->ready_count = 0;
    tr_peer_node_put(node, TR_GOODBYE, TR_BROADCAST);
}

/* --- frames received --- */

bool tr_peer_node_accepts(tr_peer_node_t *node, const tr_frame_t *frame, int decoded)
{
    if (node->has_left)
        return false;
    if (decoded < 0)
        tr_peer_node_drop(node, (uint8_t)-decoded, TR_NO_NODE);
    else if (frame->source == node->id)
        tr_peer_node_drop(node, TR_DROP_OWN_ID, frame->source);
    else
        return true;
    return false;
}

bool tr_peer_node_is_for(const tr_peer_node_t *node, const tr_frame_t *frame)
{
    return frame->destination == node->id || frame->destination == TR_BROADCAST;
}

/* --- peers --- */

tr_peer_t *tr_peer_node_hear(tr_peer_node_t *node, uint16_t id)
{
    const tr_peer_t *known = tr_peers_get(&node->peers, id);
    const bool is_news = known == NULL || !known->is_present;
    tr_peer_t *peer = tr_peers_hear(&node->peers, id);
    if (peer == NULL)
        tr_peer_node_drop(node, TR_DROP_TABLE_FULL, id);
    else if (is_news)
        tr_peer_node_say(node, TR_EVENT_PEER_FOUND, id, 0);
    return peer;
}

void tr_peer_node_lose(tr_peer_node_t *node, uint16_t id, enum tr_why why)
{
    const tr_peer_t *peer = tr_peers_get(&node->peers, id);
    if (peer == NULL || !peer->is_present)
        return;
    tr_peers_lose(&node->peers, id);
    tr_peer_node_say(node, TR_EVENT_PEER_LOST, id, (uint16_t)why);
}

void tr_peer_node_lose_all(tr_peer_node_t *node, tr_peer_test_t *is_silent, const void *context,
                           enum tr_why why)
{
    const tr_peers_t *peers = &node->peers;
    for (uint8_t i = 0; i < peers->count;) {
        const tr_peer_t *peer = &peers->known[i];
        const uint8_t count = peers->count;
        if (peer->is_present && is_silent(peer, context))
            tr_peer_node_lose(node, peer->id, why);
        if (peers->count == count)
            i++; /* else another stands in its place now */
    }
}

/* --- events --- */

void tr_peer_node_say(tr_peer_node_t *node, uint8_t kind, uint16_t other, uint16_t value)
{
    tr_events_put(&node->events, kind, other, value);
}

void tr_peer_node_drop(tr_peer_node_t *node, uint8_t reason, uint16_t source)
{
    tr_peer_node_say(node, TR_EVENT_FRAME_DROPPED, source, reason);
}

/* --- frames to send --- */

static void remove_ready(tr_peer_node_t *node, uint8_t at)
{
    node->ready_count--;
    memmove(&node->ready[at], &node->ready[at + 1], (size_t)(node->ready_count - at) * sizeof *node->ready);
}

void tr_peer_node_discard(tr_peer_node_t *node, uint8_t type, uint16_t destination)
{
    for (uint8_t i = 0; i < node->ready_count; i++) {
        if (node->ready[i].type == type && node->ready[i].destination == destination) {
            remove_ready(node, i);
            return; /* there is one at most */
        }
    }
}

void tr_peer_node_put(tr_peer_node_t *node, uint8_t type, uint16_t destination)
{
    const tr_ready_t ready = {.type = type, .destination = destination};
    tr_peer_node_discard(node, type, destination);
    if (node->ready_count == TR_READY_FRAMES)
        tr_peer_node_drop(node, TR_DROP_QUEUE_FULL, node->id);
    else
        node->ready[node->ready_count++] = ready;
}

bool tr_peer_node_take_ready(tr_peer_node_t *node, tr_ready_t *taken)
{
    if (node->ready_count == 0)
        return false;
    *taken = node->ready[0];
    remove_ready(node, 0);
    return true;
}

int tr_peer_node_encode(tr_peer_node_t *node, const tr_ready_t *ready, uint8_t payload_bytes, uint8_t *bytes,
                        enum tr_link_name *link)
{
    const tr_frame_t frame = {
        .type = ready->type,
        .source = node->id,
        .destination = ready->destination,
        .counter = node->counter,
        .payload = bytes + TR_HEADER_BYTES,
        .payload_bytes = payload_bytes,
    };
    node->counter = (node->counter + 1) & TR_MAX_U24;
    *link = ready->destination == TR_HOST ? TR_LINK_HOST : TR_LINK_AIR;
    return tr_frame_encode(&frame, bytes);
}
