/* The frames of a ring's node as bytes, made at the moment of sending. */
#include <string.h>

#include "tr_bytes.h"
#include "tr_inline.h"
#include "tr_ring_parts.h"

/* How long until the next sign of the held token: its phase, and all tries of a pass, and one more. */
static uint32_t hold_ms(tr_ring_t *ring)
{
    if (!ring->is_holder)
        return 0;
    const uint8_t tries = ring->config->timing.tries;
    uint32_t span_ms = tr_ring_ack_timeout_ms(ring);
    if (ring->usual_way_ms > 0)
        span_ms *= tries + 1u;
    else
        span_ms <<= tries;
    if (ring->phase != TR_RING_PASSING && ring->phase_end.is_set)
        span_ms += tr_ms_until(ring->phase_end.at_ms, ring->now_ms);
    return tr_shorter(span_ms, TR_MAX_U24);
}

static uint8_t write_sign(tr_ring_t *ring, uint8_t *payload)
{
    const tr_sign_t sign = {
        .id = ring->is_holder ? ring->held.head.id : ring->newest,
        .version = ring->version,
        .passed_over = ring->passed_over,
        .hold_ms = hold_ms(ring),
    };
    ring->must_sign = false;
    ring->passed_over = TR_NO_NODE;
    return tr_sign_write(&sign, payload);
}

/* To who sent a token that is not newer. */
static uint8_t write_refusal(const tr_ring_t *ring, uint8_t *payload)
{
    const tr_sign_t sign = {.id = ring->newest, .version = ring->version, .passed_over = TR_NO_NODE};
    return tr_sign_write(&sign, payload);
}

static uint8_t write_token(tr_ring_t *ring, uint8_t *payload)
{
    const tr_peer_t *peer = tr_peers_get(&ring->node.peers, ring->successor);
    tr_token_head_t head = ring->held.head;
    head.id.sequence++;
    head.follows = tr_ring_follows(ring);
    /* As old as it will be when it arrives: half of the round trip later, as in section 6.1. */
    head.age_ms = ring->now_ms - ring->began_ms;
    if (peer != NULL)
        head.age_ms += tr_round_trip_one_way_ms(&peer->round_trip);
    head.age_ms = tr_shorter(head.age_ms, TR_MAX_U24);
    memcpy(payload + tr_token_head_write(&head, payload), ring->held.items, ring->held.items_bytes);
    return (uint8_t)(TR_TOKEN_HEAD_BYTES + ring->held.items_bytes);
}

static uint8_t write_result(const tr_ring_t *ring, uint8_t *payload)
{
    tr_put_u24(payload, ring->result.duration_ms);
    memcpy(payload + TR_DURATION_BYTES, ring->result.items, ring->result.items_bytes);
    return (uint8_t)(TR_DURATION_BYTES + ring->result.items_bytes);
}

static uint8_t write_hello(const tr_ring_t *ring, uint8_t *payload)
{
    const tr_hello_t hello = {
        .network = TR_NETWORK_RING,
        .epoch = ring->newest.epoch,
        .version = ring->version,
    };
    return tr_hello_write(&hello, payload);
}

static uint8_t write_claim(const tr_ring_t *ring, uint8_t *payload)
{
    const tr_claim_t claim = {.epoch = ring->claim_epoch, .version = ring->version};
    return tr_claim_write(&claim, payload);
}

TR_OUTLINE static uint8_t write_payload(tr_ring_t *ring, uint8_t type, uint8_t *payload)
{
    switch (type) {
    case TR_TOKEN: return write_token(ring, payload);
    case TR_SIGN: return write_refusal(ring, payload);
    case TR_CLAIM: return write_claim(ring, payload);
    case TR_HELLO: return write_hello(ring, payload);
    case TR_RESULT: return write_result(ring, payload);
    default: return 0; /* GOODBYE */
    }
}

/* Whether there is still reason to send a frame that the caller left for longer than a call. */
static bool is_worth_sending(const tr_ring_t *ring, const tr_ready_t *ready)
{
    switch (ready->type) {
    case TR_TOKEN: return ring->phase == TR_RING_PASSING && ready->destination == ring->successor;
    case TR_CLAIM: return ring->is_claiming;
    default: return true;
    }
}

int tr_ring_next_frame(tr_ring_t *ring, uint32_t now_ms, uint8_t *bytes, size_t capacity,
                       enum tr_link_name *link)
{
    tr_ready_t ready = {.type = TR_SIGN, .destination = TR_BROADCAST};
    uint8_t *payload = bytes + TR_HEADER_BYTES;
    if (capacity < TR_MAX_FRAME_BYTES)
        return TR_ERROR_CAPACITY;
    ring->now_ms = now_ms;
    if (ring->must_sign) /* it goes before the token that it announces */
        return tr_peer_node_encode(&ring->node, &ready, write_sign(ring, payload), bytes, link);
    while (tr_peer_node_take_ready(&ring->node, &ready)) {
        if (is_worth_sending(ring, &ready))
            return tr_peer_node_encode(&ring->node, &ready, write_payload(ring, ready.type, payload), bytes,
                                       link);
    }
    return 0;
}
