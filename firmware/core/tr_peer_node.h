/* What a node of a ring and one of a polled network share, as protocol/peer_node.py: its peers, the frames
 * that it is about to send, and what happened. */
#ifndef TR_PEER_NODE_H
#define TR_PEER_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tr_config.h"
#include "tr_events.h"
#include "tr_frame.h"
#include "tr_jitter.h"
#include "tr_peers.h"
#include "tr_seam.h"

typedef struct tr_peer_config {
    uint16_t node_id;     /* 0 to TR_MAX_NODE_ID */
    uint16_t max_peers;   /* 0 to TR_MAX_PEERS */
    uint16_t order_count; /* 0: by id */
    const uint16_t *order;
    uint32_t first_counter; /* must not repeat recent ones after a restart: a random number of 24 bits */
    uint32_t seed;          /* drives the jitter only */
} tr_peer_config_t;

/* How nodes make themselves known. */
typedef struct tr_peer_timing {
    uint16_t hello_spread_ms;
    uint16_t hello_wait_ms;
    uint16_t hello_wait_limit_ms;
} tr_peer_timing_t;

/* A frame to be sent at once; its bytes are made when it is taken. */
typedef struct tr_ready {
    uint8_t type; /* enum tr_frame_type */
    uint16_t destination;
} tr_ready_t;

typedef struct tr_peer_node {
    uint16_t id;
    bool has_left;
    uint32_t counter;
    tr_jitter_t jitter;
    uint8_t ready_count;
    tr_ready_t ready[TR_READY_FRAMES]; /* in the order they came */
    tr_peers_t peers;
    tr_events_t events;
} tr_peer_node_t;

tr_peer_config_t tr_peer_config_default(uint16_t node_id, uint32_t seed);
tr_peer_timing_t tr_peer_timing_default(void);

/* Returns 0 or TR_ERROR_CONFIG. `config->order` must outlive the node. */
int tr_peer_node_init(tr_peer_node_t *node, const tr_peer_config_t *config);

/* The node says GOODBYE, and nothing else from now on; nor does it accept any frame. */
void tr_peer_node_leave(tr_peer_node_t *node);

/* Whether a received frame, decoded with that result, is to be looked at; it may be for somebody else. If
 * not, it is dropped with its reason. */
bool tr_peer_node_accepts(tr_peer_node_t *node, const tr_frame_t *frame, int decoded);
bool tr_peer_node_is_for(const tr_peer_node_t *node, const tr_frame_t *frame);

/* That peer is present. Null if there is no room for one more, which is a drop. */
tr_peer_t *tr_peer_node_hear(tr_peer_node_t *node, uint16_t id);

/* That peer, if it is present, is silent. */
void tr_peer_node_lose(tr_peer_node_t *node, uint16_t id, enum tr_why why);

/* Loses every present peer of which the test is true, in order. */
typedef bool tr_peer_test_t(const tr_peer_t *peer, const void *context);
void tr_peer_node_lose_all(tr_peer_node_t *node, tr_peer_test_t *is_silent, const void *context,
                           enum tr_why why);

void tr_peer_node_say(tr_peer_node_t *node, uint8_t kind, uint16_t other, uint16_t value);
void tr_peer_node_drop(tr_peer_node_t *node, uint8_t reason, uint16_t source);

/* Adds a frame, in place of one of the same type for the same node. */
void tr_peer_node_put(tr_peer_node_t *node, uint8_t type, uint16_t destination);
void tr_peer_node_discard(tr_peer_node_t *node, uint8_t type, uint16_t destination);

/* Takes the frame that came first. False when there is none. */
bool tr_peer_node_take_ready(tr_peer_node_t *node, tr_ready_t *taken);

/* The frame's bytes around a payload that lies in its place, TR_HEADER_BYTES from their start. Returns their
 * length. */
int tr_peer_node_encode(tr_peer_node_t *node, const tr_ready_t *ready, uint8_t payload_bytes, uint8_t *bytes,
                        enum tr_link_name *link);

#endif
