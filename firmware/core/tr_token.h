/* A token as its holder keeps it, and which of two is newer (PROTOCOL.md 12.2, 12.3). */
#ifndef TR_TOKEN_H
#define TR_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "tr_peer_frames.h"

#define TR_TOKEN_ITEMS_BYTES (TR_MAX_PAYLOAD_BYTES - TR_TOKEN_HEAD_BYTES)

/* So many nodes can have readings on a token: each takes 3 bytes and a pair. */
#define TR_TOKEN_MOST_NODES (TR_TOKEN_ITEMS_BYTES / (3u + TR_PAIR_BYTES))

/* `head.follows` and `head.age_ms` are those of its arrival. */
typedef struct tr_token {
    tr_token_head_t head;
    uint8_t items_bytes;
    uint8_t items[TR_TOKEN_ITEMS_BYTES]; /* as in the frame: aggregates, then readings of nodes */
} tr_token_t;

/* --- names --- */

/* Whether sequence `a` comes after `b` (RFC 1982 with 32 bits). */
bool tr_sequence_is_later(uint32_t a, uint32_t b);

bool tr_token_is_newer(const tr_token_id_t *a, const tr_token_id_t *b);

/* Whether that is the other's name at the next node. */
bool tr_token_is_next(const tr_token_id_t *id, const tr_token_id_t *before);

/* Makes it the name of a token that parts from it, or replaces it: of the next epoch. */
void tr_token_part(tr_token_id_t *id, uint16_t generator);

/* --- items --- */

/* The payload of an accepted TOKEN. */
void tr_token_read(tr_token_t *token, const uint8_t *payload, uint8_t payload_bytes);

/* How many bytes the aggregates take, which stand first. */
uint8_t tr_token_aggregates_bytes(const tr_token_t *token);

/* An empty aggregate for each metric, and nothing else. */
void tr_token_begin_round(tr_token_t *token, const uint8_t *metrics, uint8_t count);

void tr_token_clear_aggregates(tr_token_t *token);

/* Merges one reading of a node. Of metrics that there is no room for, none is kept. */
void tr_token_merge(tr_token_t *token, uint16_t node, tr_reading_t reading);

/* Adds the readings of a node, which has none on the token yet. False if there is no room. */
bool tr_token_add_readings(tr_token_t *token, uint16_t node, const tr_pairs_t *pairs);

/* Removes the readings of these nodes. */
void tr_token_remove_readings(tr_token_t *token, const uint16_t *nodes, uint8_t count);

/* Whether any other node has readings on it. */
bool tr_token_has_others(const tr_token_t *token, const uint16_t *nodes, uint8_t count);

/* The nodes that have readings on it; returns their count. */
uint8_t tr_token_nodes(const tr_token_t *token, uint16_t nodes[TR_TOKEN_MOST_NODES]);

#endif
