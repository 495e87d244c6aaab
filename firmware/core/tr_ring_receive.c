/* What each type of frame does to a ring's node, and claims (PROTOCOL.md 12.5). */
#include "tr_ring_parts.h"
#include "tr_serial_number.h"

static void say_hello_soon(tr_ring_t *ring)
{
    if (!ring->hello.is_set)
        tr_ring_start(ring, &ring->hello, tr_ring_jitter_ms(ring, ring->config->timing.jitter_ms));
}

/* --- claims --- */

static uint32_t whole_claim_ms(tr_ring_t *ring)
{
    const uint32_t wait_ms = UINT32_C(3) * tr_ring_ack_timeout_ms(ring);
    const uint16_t least_ms = ring->config->timing.claim_least_ms;
    return wait_ms > least_ms ? wait_ms : least_ms;
}

static void say_claim(tr_ring_t *ring)
{
    tr_ring_put(ring, TR_CLAIM, TR_BROADCAST);
}

void tr_ring_claim(tr_ring_t *ring)
{
    const uint32_t wait_ms = whole_claim_ms(ring);
    ring->is_claiming = true;
    ring->claim_epoch = (uint16_t)(ring->newest.epoch + 1);
    ring->claim_ms = ring->now_ms + wait_ms;
    ring->claim_again_ms = ring->now_ms + wait_ms / 2;
    tr_ring_say(ring, TR_EVENT_CLAIM_MADE, TR_NO_NODE, ring->claim_epoch);
    say_claim(ring);
}

void tr_ring_go_on_claiming(tr_ring_t *ring)
{
    if (tr_ms_until(ring->claim_ms, ring->now_ms) == 0) {
        ring->is_claiming = false;
        tr_ring_make_token(ring);
    } else if (tr_ms_until(ring->claim_again_ms, ring->now_ms) == 0) {
        ring->claim_again_ms = ring->claim_ms;
        say_claim(ring);
    }
}

static void on_claim(tr_ring_t *ring, const tr_frame_t *frame)
{
    tr_claim_t claim;
    tr_claim_read(&claim, frame->payload);
    tr_ring_hear(ring, frame->source);
    tr_ring_know_version(ring, claim.version);
    const uint32_t others_ms = ring->now_ms + 2 * whole_claim_ms(ring);
    if (ring->is_holder) {
        if (tr_version_distance(claim.epoch, ring->held.head.id.epoch) <= 1)
            ring->must_sign = true;
    } else if (!ring->is_claiming) {
        if (tr_version_is_newer(claim.epoch, ring->newest.epoch))
            tr_ring_wait_longer(ring, others_ms);
    } else if (tr_version_is_newer(claim.epoch, ring->claim_epoch) ||
               (claim.epoch == ring->claim_epoch && frame->source > ring->node.id)) {
        ring->is_claiming = false;
        tr_ring_wait_until(ring, others_ms);
    } else {
        say_claim(ring);
    }
}

/* --- the token and its signs --- */

static void on_token(tr_ring_t *ring, const tr_frame_t *frame)
{
    tr_token_head_t head;
    tr_token_head_read(&head, frame->payload);
    tr_ring_hear(ring, frame->source);
    if (tr_token_is_newer(&head.id, &ring->newest))
        tr_ring_take(ring, frame);
    else
        tr_ring_put(ring, TR_SIGN, frame->source);
}

/* A sign of the newest token: it lives, and perhaps without this node. */
static void heed(tr_ring_t *ring, uint16_t source, const tr_sign_t *sign, bool is_known)
{
    ring->is_claiming = false;
    if (sign->hold_ms > 0) {
        ring->last_holder = source;
        tr_ring_heard_sign(ring, sign->hold_ms, is_known);
    } else {
        tr_ring_wait_longer(ring, ring->now_ms);
    }
    if (sign->passed_over == TR_MUSTER) {
        tr_ring_begin_muster(ring);
        const uint32_t spread_ms = tr_ring_spread_ms(ring, ring->config->timing.peers.hello_spread_ms);
        tr_ring_start(ring, &ring->hello, tr_ring_jitter_ms(ring, spread_ms));
        return;
    }
    tr_peer_node_lose(&ring->node, sign->passed_over, TR_WHY_PASSED_OVER);
    if (sign->passed_over == ring->node.id ||
        tr_version_distance(sign->version, ring->visited_version) >= (int16_t)TR_RING_UNVISITED_ROUNDS)
        say_hello_soon(ring);
}

static void on_sign(tr_ring_t *ring, const tr_frame_t *frame)
{
    tr_sign_t sign;
    tr_sign_read(&sign, frame->payload);
    tr_ring_hear(ring, frame->source);
    tr_ring_know_version(ring, sign.version);
    if (tr_token_is_newer(&ring->newest, &sign.id)) {
        if (sign.hold_ms > 0 && ring->is_holder)
            ring->must_sign = true; /* the older token is to die now, not at the next round */
        return;
    }
    if (ring->is_holder && tr_token_is_newer(&sign.id, &ring->held.head.id)) {
        tr_token_id_t passed = ring->held.head.id;
        passed.sequence++;
        if (ring->phase == TR_RING_PASSING && !tr_token_is_newer(&passed, &sign.id))
            tr_ring_is_passed(ring, frame->source, &sign.id);
        else
            tr_ring_give_up(ring);
    }
    const bool is_known = sign.id.epoch == ring->newest.epoch;
    ring->newest = sign.id;
    heed(ring, frame->source, &sign, is_known);
}

/* --- peers that come and go --- */

static void on_hello(tr_ring_t *ring, const tr_frame_t *frame)
{
    tr_hello_t hello;
    tr_hello_read(&hello, frame->payload);
    if (hello.network != TR_NETWORK_RING) {
        tr_peer_node_drop(&ring->node, TR_DROP_STATE, frame->source);
        return;
    }
    tr_ring_hear(ring, frame->source);
    tr_ring_know_version(ring, hello.version);
    if (ring->is_holder)
        ring->must_sign = true;
}

/* A node leaves, and a token that it has is lost. */
static void on_goodbye(tr_ring_t *ring, const tr_frame_t *frame)
{
    tr_peer_node_lose(&ring->node, frame->source, TR_WHY_GOODBYE);
    if (ring->phase == TR_RING_PASSING && frame->source == ring->successor)
        tr_ring_start(ring, &ring->phase_end, 0);
    else if (!ring->is_holder && frame->source == ring->last_holder)
        tr_ring_wait_until(ring, ring->now_ms);
}

void tr_ring_dispatch(tr_ring_t *ring, const tr_frame_t *frame)
{
    switch (frame->type) {
    case TR_TOKEN: on_token(ring, frame); break;
    case TR_SIGN: on_sign(ring, frame); break;
    case TR_CLAIM: on_claim(ring, frame); break;
    case TR_HELLO: on_hello(ring, frame); break;
    case TR_GOODBYE: on_goodbye(ring, frame); break;
    default: tr_peer_node_drop(&ring->node, TR_DROP_STATE, frame->source); break;
    }
}
