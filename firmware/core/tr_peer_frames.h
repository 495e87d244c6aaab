/*
 * The frames of rings and of polled networks as bytes (PROTOCOL.md sections 2, 11 to 13), with the checks of
 * protocol/packets.py. A reader takes the payload of a frame that its network's decoder has accepted; a
 * writer returns how many bytes it wrote.
 *
 * Of a frame that another network bears (its type is known, and of no use) the payload is not looked at.
 */
#ifndef TR_PEER_FRAMES_H
#define TR_PEER_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tr_constants.h"
#include "tr_frame.h"
#include "tr_items.h"
#include "tr_seam.h"

/* As tr_frame_decode: TOKEN, SIGN, CLAIM, HELLO and GOODBYE. */
int tr_ring_frame_decode(tr_frame_t *frame, const uint8_t *bytes, size_t length);

/* As tr_frame_decode: HELLO, POLL, READING, BEAT and GOODBYE. */
int tr_polling_frame_decode(tr_frame_t *frame, const uint8_t *bytes, size_t length);

/* --- both networks --- */

typedef struct tr_hello {
    uint8_t network; /* enum tr_network, or a number that this version does not know */
    uint16_t epoch;
    uint16_t version;
} tr_hello_t;

void tr_hello_read(tr_hello_t *hello, const uint8_t *bytes);
uint8_t tr_hello_write(const tr_hello_t *hello, uint8_t *bytes);

/* The raw readings of a node, a metric once. */
typedef struct tr_pairs {
    uint8_t count;
    tr_reading_t pairs[TR_MAX_PAIRS];
} tr_pairs_t;

/* False if the bytes are no pairs. */
bool tr_pairs_read(tr_pairs_t *pairs, const uint8_t *bytes, uint8_t length);
uint8_t tr_pairs_write(const tr_pairs_t *pairs, uint8_t *bytes);

/* --- the ring (12.2) --- */

typedef struct tr_token_id {
    uint16_t epoch;
    uint16_t generator;
    uint32_t sequence;
} tr_token_id_t;

/* A token without its items. */
typedef struct tr_token_head {
    tr_token_id_t id;
    uint32_t fork;
    uint16_t home;
    uint16_t follows; /* TR_NO_NODE: nobody */
    uint16_t version;
    uint16_t next_version;
    uint32_t age_ms;    /* 24 bits */
    uint32_t period_ms; /* 24 bits */
    uint8_t turn;
    uint8_t flags; /* TR_TOKEN_ASKED, TR_TOKEN_MORE */
} tr_token_head_t;

/* TR_TOKEN_HEAD_BYTES on the wire; the items follow. */
void tr_token_head_read(tr_token_head_t *head, const uint8_t *bytes);
uint8_t tr_token_head_write(const tr_token_head_t *head, uint8_t *bytes);

/* The items of a token where they lie: first the aggregates, TR_TOKEN_AGGREGATE_BYTES each, which
 * tr_items_get_aggregate reads; then the readings of nodes. */
typedef struct tr_token_items {
    tr_received_items_t aggregates;
    const uint8_t *readings;
    uint8_t readings_bytes;
} tr_token_items_t;

#define TR_TOKEN_AGGREGATE_BYTES (1u + TR_AGGREGATE_BYTES)

/* False if the bytes are no items of a token of that version. */
bool tr_token_items_read(tr_token_items_t *items, const uint8_t *bytes, uint8_t length, uint16_t version);

/* The readings of one node, at `offset` (0 at first) within `items->readings`; the next ones are at the
 * offset returned, until it is `items->readings_bytes`. */
uint8_t tr_token_get_readings(const tr_token_items_t *items, uint8_t offset, uint16_t *node,
                              tr_pairs_t *pairs);

/* The readings of one node as an item; there is one pair at least. */
uint8_t tr_token_readings_write(uint16_t node, const tr_pairs_t *pairs, uint8_t *bytes);

typedef struct tr_sign {
    tr_token_id_t id;
    uint16_t version;
    uint16_t passed_over; /* TR_MUSTER, or TR_NO_NODE: none */
    uint32_t hold_ms;     /* 24 bits */
} tr_sign_t;

void tr_sign_read(tr_sign_t *sign, const uint8_t *bytes);
uint8_t tr_sign_write(const tr_sign_t *sign, uint8_t *bytes);

typedef struct tr_claim {
    uint16_t epoch;
    uint16_t version;
} tr_claim_t;

void tr_claim_read(tr_claim_t *claim, const uint8_t *bytes);
uint8_t tr_claim_write(const tr_claim_t *claim, uint8_t *bytes);

/* --- polling (13.2, 13.3) --- */

/* Payload of POLL, and the head of a READING, whose pairs follow. */
typedef struct tr_poll {
    uint16_t epoch;
    uint16_t version;
    uint8_t attempt;
} tr_poll_t;

void tr_poll_read(tr_poll_t *poll, const uint8_t *bytes);
uint8_t tr_poll_write(const tr_poll_t *poll, uint8_t *bytes);

typedef struct tr_beat {
    uint16_t epoch;
    uint16_t version;
    uint32_t age_ms;    /* 24 bits */
    uint32_t period_ms; /* 24 bits */
    uint16_t lease_ms;
    uint8_t heir_count;
    uint16_t heirs[TR_MAX_HEIRS];
} tr_beat_t;

void tr_beat_read(tr_beat_t *beat, const uint8_t *bytes, uint8_t length);
uint8_t tr_beat_write(const tr_beat_t *beat, uint8_t *bytes);

#endif
