/* The holder's pass of the token to the next node (PROTOCOL.md 12.3). */
#include "tr_ring_parts.h"

/* Who comes after the successor, as far as this node knows; that may be this node. */
uint16_t tr_ring_follows(const tr_ring_t *ring)
{
    const tr_peers_t *peers = &ring->node.peers;
    const uint16_t after = tr_peers_after(peers, ring->successor);
    return after == TR_NO_NODE || tr_peers_is_between(peers, ring->successor, ring->node.id, after)
               ? ring->node.id
               : after;
}

static void try_pass(tr_ring_t *ring)
{
    ring->tries++;
    if (ring->tries == 1) {
        ring->first_sent_ms = ring->now_ms;
        ring->try_ms = tr_ring_timeout_ms(ring, ring->successor);
    } else if (ring->usual_way_ms == 0) {
        ring->try_ms *= 2;
    }
    tr_ring_start(ring, &ring->phase_end, ring->try_ms);
    tr_ring_put(ring, TR_TOKEN, ring->successor);
}

void tr_ring_pass_on(tr_ring_t *ring)
{
    const tr_peers_t *peers = &ring->node.peers;
    const uint16_t id = ring->node.id, successor = tr_peers_successor(peers);
    uint16_t *home = &ring->held.head.home;
    if (successor == TR_NO_NODE) {
        *home = id;
        tr_ring_finish_turn(ring);
        return;
    }
    if (*home != id && *home != successor && tr_peers_is_between(peers, id, *home, successor))
        *home = successor;
    ring->phase = TR_RING_PASSING;
    ring->successor = successor;
    ring->tries = 0;
    tr_ring_say(ring, TR_EVENT_TOKEN_PASSED, successor, 0);
    try_pass(ring);
}

/* Whether the successor has another try; if not, it is passed over. */
static bool may_try_again(tr_ring_t *ring)
{
    tr_peer_t *peer = tr_peers_get(&ring->node.peers, ring->successor);
    if (peer == NULL || !peer->is_present)
        return false;
    if (ring->tries == 1)
        tr_round_trip_not_answered(&peer->round_trip, &ring->config->timing.ack_timeouts);
    /* They count on over tokens: whoever takes this one for lost must not save a dead successor. */
    peer->unanswered++;
    if (peer->unanswered < ring->config->timing.tries)
        return true;
    tr_peer_node_lose(&ring->node, ring->successor, TR_WHY_NO_SIGN);
    ring->passed_over = ring->successor;
    if (ring->silent < UINT8_MAX)
        ring->silent++;
    return false;
}

void tr_ring_no_sign(tr_ring_t *ring)
{
    if (may_try_again(ring)) {
        try_pass(ring);
        return;
    }
    /* Whether it has the token after all cannot be known: part from that one. */
    ring->former = ring->held.head.id;
    tr_token_part(&ring->newest, ring->node.id);
    ring->held.head.id = ring->newest;
    ring->held.head.fork = ring->former.sequence;
    ring->must_sign = true;
    tr_ring_say(ring, TR_EVENT_TOKEN_MADE, TR_NO_NODE, 1);
    if (ring->silent == TR_RING_MUSTER_AFTER) {
        ring->passed_over = TR_MUSTER;
        tr_ring_begin_muster(ring);
        ring->phase = TR_RING_MUSTERING;
        ring->phase_end = ring->muster;
    } else {
        tr_ring_pass_on(ring);
    }
}

void tr_ring_is_passed(tr_ring_t *ring, uint16_t source, const tr_token_id_t *known)
{
    const tr_ack_timeouts_t *timeouts = &ring->config->timing.ack_timeouts;
    tr_peer_t *peer = tr_peers_get(&ring->node.peers, source); /* null if there was no room for it */
    if (peer != NULL && source == ring->successor && tr_token_is_next(known, &ring->held.head.id)) {
        const uint32_t taken_ms = ring->now_ms - ring->first_sent_ms;
        if (ring->tries == 1) {
            tr_round_trip_answered(&peer->round_trip, timeouts, taken_ms);
            const uint16_t way_ms = tr_round_trip_one_way_ms(&peer->round_trip);
            ring->usual_timeout_ms = tr_round_trip_timeout_ms(&peer->round_trip, timeouts);
            ring->usual_way_ms = way_ms > 0 ? way_ms : 1;
        } else {
            tr_round_trip_guess(&peer->round_trip, timeouts, taken_ms);
        }
    }
    ring->silent = 0;
    tr_ring_let_go(ring);
}
