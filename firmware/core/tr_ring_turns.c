/* The holder of the token: rounds, turns and readings (PROTOCOL.md 12.1, 12.2, 12.4, 12.6). */
#include <string.h>

#include "tr_inline.h"
#include "tr_ring_parts.h"
#include "tr_serial_number.h"

enum {
    TURN_GATHER = 0,
    TURN_RESULT = 1,
    LAST_TURN = 0xff,
};

/* --- results --- */

static void keep_result(tr_ring_t *ring)
{
    tr_ring_result_t *result = &ring->result;
    result->is_known = true;
    result->version = ring->held.head.version;
    result->items_bytes = tr_token_aggregates_bytes(&ring->held);
    memcpy(result->items, ring->held.items, result->items_bytes);
}

/* Whether the token bears a result that this node does not know yet. */
static bool has_news(const tr_ring_t *ring)
{
    const tr_token_t *token = &ring->held;
    const bool is_known = ring->result.is_known && ring->result.version == token->head.version;
    return !is_known && token->items_bytes > 0 && token->items[0] <= TR_METRIC_MASK;
}

static void learn_result(tr_ring_t *ring)
{
    if (!has_news(ring))
        return;
    keep_result(ring);
    tr_ring_say(ring, TR_EVENT_RESULT_LEARNED, TR_NO_NODE, ring->result.version);
}

static void finish_round(tr_ring_t *ring)
{
    if (!has_news(ring))
        return; /* said already: an older token of this round was faster (12.3) */
    keep_result(ring);
    ring->result.duration_ms = tr_shorter(ring->now_ms - ring->began_ms, TR_MAX_U24);
    tr_ring_put(ring, TR_RESULT, TR_HOST);
    tr_ring_say(ring, TR_EVENT_ROUND_FINISHED, TR_NO_NODE, ring->result.version);
}

/* --- readings --- */

/* Whether this node's readings are for certain not in the token (12.4). */
static bool may_add(const tr_ring_t *ring)
{
    const tr_token_head_t *head = &ring->held.head;
    if (tr_ms_until(ring->adds_from_ms, ring->began_ms) > 0)
        return false;
    if (!ring->has_added)
        return true;
    if (ring->added_version != head->version)
        return tr_version_is_newer(head->version, ring->added_version);
    const bool is_same = ring->added.epoch == head->id.epoch && ring->added.generator == head->id.generator;
    return !is_same && tr_sequence_is_later(ring->added.sequence, head->fork);
}

static bool has_own_of(const tr_ring_t *ring, uint16_t version)
{
    return ring->has_own && ring->own_version == version;
}

static void begin_measuring(tr_ring_t *ring)
{
    const uint16_t version = ring->held.head.version;
    ring->measuring_ms = ring->now_ms;
    ring->phase = TR_RING_MEASURING;
    tr_ring_start(ring, &ring->phase_end, tr_round_trip_timeout_ms(&ring->sensor, &ring->sensor_timeouts));
    if (has_own_of(ring, version))
        tr_ring_add(ring); /* measured for a branch that died */
    else
        tr_ring_say(ring, TR_EVENT_MEASUREMENT_DUE, TR_NO_NODE, version);
}

/* Puts the own readings on the token, if somebody asks for them and there is room (12.6). */
static void show_readings(tr_ring_t *ring)
{
    tr_token_head_t *head = &ring->held.head;
    if (ring->config->readings_asked)
        head->flags |= TR_TOKEN_ASKED;
    const bool has_shown = ring->has_shown && ring->shown_version == head->version;
    if (!(head->flags & TR_TOKEN_ASKED) || !has_own_of(ring, head->version) || ring->own.count == 0 ||
        has_shown)
        return;
    if (tr_token_add_readings(&ring->held, ring->node.id, &ring->own)) {
        ring->has_shown = true;
        ring->shown_version = head->version;
    } else {
        head->flags |= TR_TOKEN_MORE;
    }
}

static void show_and_pass_on(tr_ring_t *ring)
{
    show_readings(ring);
    tr_ring_pass_on(ring);
}

void tr_ring_end_measuring(tr_ring_t *ring)
{
    const uint32_t wait_end_ms = ring->measuring_ms + ring->config->timing.measure_wait_ms;
    if (tr_ms_until(wait_end_ms, ring->now_ms) == 0) {
        show_and_pass_on(ring);
        return;
    }
    /* The sensor takes longer than it did: who waits for a sign is told so, until the wait is over. */
    ring->must_sign = true;
    tr_timer_set(&ring->phase_end, wait_end_ms);
    tr_round_trip_not_answered(&ring->sensor, &ring->sensor_timeouts);
}

void tr_ring_add(tr_ring_t *ring)
{
    const tr_token_head_t *head = &ring->held.head;
    ring->has_own = true;
    ring->own_version = head->version;
    ring->has_added = true;
    ring->added_version = head->version;
    ring->added = head->id;
    for (uint8_t i = 0; i < ring->own.count; i++)
        tr_token_merge(&ring->held, ring->node.id, ring->own.pairs[i]);
    tr_ring_say(ring, TR_EVENT_READINGS_ADDED, TR_NO_NODE, head->version);
    show_and_pass_on(ring);
}

/* --- taking --- */

typedef struct visit {
    const tr_peers_t *peers;
    uint32_t visits;
} visit_t;

static bool is_unheard(const tr_peer_t *peer, const void *context)
{
    const visit_t *visit = context;
    return visit->visits - peer->heard > TR_RING_FORGET_VISITS &&
           !tr_peers_is_configured(visit->peers, peer->id);
}

static void learn_peers(tr_ring_t *ring)
{
    const uint16_t follows = ring->held.head.follows;
    if (follows <= TR_MAX_NODE_ID && follows != ring->node.id &&
        tr_peers_get(&ring->node.peers, follows) == NULL)
        tr_ring_hear(ring, follows);
    const visit_t visit = {.peers = &ring->node.peers, .visits = ring->visits};
    tr_peer_node_lose_all(&ring->node, is_unheard, &visit, TR_WHY_UNHEARD);
}

static void learn_version(tr_ring_t *ring)
{
    tr_token_head_t *head = &ring->held.head;
    const uint16_t next_version = (uint16_t)(ring->version + 1);
    if (tr_version_is_newer(ring->version, head->version) &&
        tr_version_is_newer(next_version, head->next_version))
        head->next_version = next_version;
    tr_ring_know_version(ring, head->version);
    ring->visited_version = ring->version;
}

static void learn_readings(tr_ring_t *ring)
{
    uint16_t nodes[TR_TOKEN_MOST_NODES];
    const uint8_t count = tr_token_nodes(&ring->held, nodes);
    for (uint8_t i = 0; i < count; i++) {
        if (nodes[i] != ring->node.id)
            tr_ring_say(ring, TR_EVENT_READINGS_HEARD, nodes[i], ring->held.head.version);
    }
    tr_token_remove_readings(&ring->held, &ring->node.id, 1);
}

/* What every visit of the token tells, whatever its turn. */
TR_OUTLINE static void visit(tr_ring_t *ring, bool is_known)
{
    const tr_token_head_t *head = &ring->held.head;
    ring->visits++;
    ring->hello.is_set = false;
    ring->hello_wait_ms = ring->config->timing.peers.hello_wait_ms;
    ring->is_claiming = false;
    ring->quiet_ms = head->turn == TURN_GATHER ? ring->now_ms : ring->began_ms + head->period_ms;
    tr_ring_visited(ring);
    tr_ring_heard_sign(ring, 0, is_known);
    learn_peers(ring);
    learn_version(ring);
    learn_readings(ring);
}

void tr_ring_take(tr_ring_t *ring, const tr_frame_t *frame)
{
    tr_token_head_t *head = &ring->held.head;
    tr_ring_give_up(ring);
    tr_token_read(&ring->held, frame->payload, frame->payload_bytes);
    const bool is_known = head->id.epoch == ring->newest.epoch;
    ring->newest = head->id;
    ring->is_holder = true;
    ring->began_ms = ring->now_ms - head->age_ms;
    if (ring->has_begun && ring->begun_version == head->version && head->home == ring->node.id)
        ring->began_ms = ring->begun_ms;
    ring->must_sign = true;
    ring->last_holder = TR_NO_NODE;
    tr_ring_say(ring, TR_EVENT_TOKEN_TAKEN, frame->source, head->version);
    visit(ring, is_known);
    if (head->home == ring->node.id) {
        tr_ring_finish_turn(ring);
    } else if (head->turn == TURN_GATHER && may_add(ring)) {
        begin_measuring(ring);
    } else {
        if (head->turn == TURN_RESULT)
            learn_result(ring);
        show_and_pass_on(ring);
    }
}

/* --- rounds and turns --- */

void tr_ring_make_token(tr_ring_t *ring)
{
    tr_ring_gave_up(ring);
    tr_peer_node_lose(&ring->node, ring->last_holder, TR_WHY_HAD_TOKEN);
    ring->passed_over = ring->last_holder;
    ring->last_holder = TR_NO_NODE;
    tr_token_head_t *head = &ring->held.head;
    tr_token_part(&ring->newest, ring->node.id);
    ring->newest.epoch = ring->claim_epoch;
    head->id = ring->newest;
    head->fork = head->id.sequence;
    head->follows = TR_NO_NODE;
    head->next_version = ring->version;
    ring->is_holder = true;
    tr_ring_say(ring, TR_EVENT_TOKEN_MADE, TR_NO_NODE, 0);
    tr_ring_begin_round(ring);
}

void tr_ring_begin_round(tr_ring_t *ring)
{
    tr_token_head_t *head = &ring->held.head;
    uint16_t version = (uint16_t)(ring->version + 1);
    if (tr_version_is_newer(head->next_version, version))
        version = head->next_version;
    ring->version = version;
    ring->visited_version = version;
    ring->began_ms = ring->now_ms;
    ring->must_sign = true;
    ring->has_begun = true;
    ring->begun_version = version;
    ring->begun_ms = ring->now_ms;
    ring->passed_count = 0;
    head->home = ring->node.id;
    head->version = version;
    head->next_version = version;
    head->period_ms = ring->config->timing.period_ms;
    head->turn = TURN_GATHER;
    head->flags = 0;
    tr_token_begin_round(&ring->held, ring->config->metrics, ring->config->metric_count);
    begin_measuring(ring);
}

static void begin_next_turn(tr_ring_t *ring)
{
    tr_token_head_t *head = &ring->held.head;
    tr_token_remove_readings(&ring->held, ring->passed, ring->passed_count);
    ring->passed_count = tr_token_nodes(&ring->held, ring->passed);
    if (head->turn < LAST_TURN)
        head->turn++;
    if (head->turn != TURN_RESULT)
        tr_token_clear_aggregates(&ring->held);
    head->flags &= (uint8_t)~TR_TOKEN_MORE;
    head->home = ring->node.id;
    show_and_pass_on(ring);
}

TR_OUTLINE void tr_ring_finish_turn(tr_ring_t *ring)
{
    const tr_token_head_t *head = &ring->held.head;
    tr_ring_say(ring, TR_EVENT_TURN_FINISHED, head->turn, head->version);
    if (head->turn == TURN_GATHER)
        finish_round(ring);
    else if (head->turn == TURN_RESULT)
        learn_result(ring);
    const uint32_t rest_ms = ring->began_ms + ring->config->timing.period_ms;
    const bool may_rest = tr_ms_until(rest_ms, ring->now_ms) > 0;
    const bool is_again =
        head->flags & TR_TOKEN_ASKED &&
        (head->flags & TR_TOKEN_MORE || tr_token_has_others(&ring->held, ring->passed, ring->passed_count));
    if (head->turn == TURN_GATHER || (is_again && may_rest)) {
        begin_next_turn(ring);
    } else if (may_rest) {
        ring->phase = TR_RING_RESTING;
        tr_timer_set(&ring->phase_end, rest_ms);
    } else {
        tr_ring_begin_round(ring);
    }
}
