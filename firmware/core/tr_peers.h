/* The peers that a node of a ring or of a polled network knows, and their order (PROTOCOL.md section 11), the
 * same as in protocol/peers.py: configured ids in their order, then all others by id. */
#ifndef TR_PEERS_H
#define TR_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "tr_config.h"
#include "tr_round_trip.h"

/* `heard`, `misses` and `unanswered` are the owner's: when it was heard, what since. */
typedef struct tr_peer {
    tr_round_trip_t round_trip;
    uint32_t heard;
    uint16_t id;
    uint8_t misses;
    uint8_t unanswered;
    bool is_present;
} tr_peer_t;

/* A pointer to a peer is good until another is heard for the first time or lost. */
typedef struct tr_peers {
    const uint16_t *order; /* the caller's */
    uint16_t order_count;
    uint16_t own_id;
    uint8_t capacity;
    uint8_t count;
    tr_peer_t known[TR_MAX_PEERS]; /* in order, present or absent */
} tr_peers_t;

/* The configured peers are present. `order` may be without the own id; it must outlive the peers. False if it
 * names an id twice, or one that is none, or more peers than there is room for. */
bool tr_peers_init(tr_peers_t *peers, uint16_t own_id, const uint16_t *order, uint16_t order_count,
                   uint8_t capacity);

/* That peer; null if it is not known. */
tr_peer_t *tr_peers_get(tr_peers_t *peers, uint16_t id);

/* That peer is present. Null if there is no room for one more. */
tr_peer_t *tr_peers_hear(tr_peers_t *peers, uint16_t id);

/* That peer is absent; without a configured place it is forgotten. */
void tr_peers_lose(tr_peers_t *peers, uint16_t id);

uint8_t tr_peers_count_present(const tr_peers_t *peers);

/* The present peer that comes next in the circle; TR_NO_NODE if there is none. */
uint16_t tr_peers_successor(const tr_peers_t *peers);

/* The present peer that comes next after that node; TR_NO_NODE if there is none but itself. */
uint16_t tr_peers_after(const tr_peers_t *peers, uint16_t id);

/* Whether a way round from `first` to `last` (all the way if they are the same) meets `id`. */
bool tr_peers_is_between(const tr_peers_t *peers, uint16_t first, uint16_t id, uint16_t last);

/* How many present peers come before that node in the order, `besides` not counted. */
uint8_t tr_peers_rank(const tr_peers_t *peers, uint16_t id, uint16_t besides);

/* Whether `a` comes before `b` in the order. */
bool tr_peers_comes_before(const tr_peers_t *peers, uint16_t a, uint16_t b);

/* Whether the configured order names that node. */
bool tr_peers_is_configured(const tr_peers_t *peers, uint16_t id);

#endif
