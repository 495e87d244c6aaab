#include "tr_peers.h"

#include <stddef.h>
#include <string.h>

#include "tr_constants.h"
#include "tr_inline.h"

/* --- the order --- */

static uint16_t place_of(const tr_peers_t *peers, uint16_t id)
{
    uint16_t place = 0;
    while (place < peers->order_count && peers->order[place] != id)
        place++;
    return place;
}

/* Keys are in the order of the nodes. */
TR_OUTLINE static uint32_t key_of(const tr_peers_t *peers, uint16_t id)
{
    return (uint32_t)place_of(peers, id) << 16 | id;
}

/* Where the first known peer stands that is not before that key; their count if there is none. */
static uint8_t first_from(const tr_peers_t *peers, uint32_t key)
{
    uint8_t first = 0, last = peers->count;
    while (first < last) {
        const uint8_t middle = (uint8_t)(first + (last - first) / 2);
        if (key_of(peers, peers->known[middle].id) < key)
            first = (uint8_t)(middle + 1);
        else
            last = middle;
    }
    return first;
}

bool tr_peers_is_configured(const tr_peers_t *peers, uint16_t id)
{
    return place_of(peers, id) < peers->order_count;
}

bool tr_peers_comes_before(const tr_peers_t *peers, uint16_t a, uint16_t b)
{
    return key_of(peers, a) < key_of(peers, b);
}

TR_OUTLINE bool tr_peers_is_between(const tr_peers_t *peers, uint16_t first, uint16_t id, uint16_t last)
{
    const uint32_t a = key_of(peers, first), x = key_of(peers, id), b = key_of(peers, last);
    return a < b ? a < x && x < b : x > a || x < b;
}

uint16_t tr_peers_after(const tr_peers_t *peers, uint16_t id)
{
    const uint8_t from = first_from(peers, key_of(peers, id));
    for (uint16_t step = 0; step < peers->count; step++) {
        const tr_peer_t *peer = &peers->known[(from + step) % peers->count];
        if (peer->is_present && peer->id != id)
            return peer->id;
    }
    return TR_NO_NODE;
}

uint16_t tr_peers_successor(const tr_peers_t *peers)
{
    return tr_peers_after(peers, peers->own_id);
}

uint8_t tr_peers_rank(const tr_peers_t *peers, uint16_t id, uint16_t besides)
{
    const uint8_t end = first_from(peers, key_of(peers, id));
    uint8_t rank = 0;
    for (uint8_t i = 0; i < end; i++) {
        if (peers->known[i].is_present && peers->known[i].id != besides)
            rank++;
    }
    return rank;
}

/* --- the table --- */

static tr_peer_t *insert(tr_peers_t *peers, uint16_t id)
{
    const uint8_t at = first_from(peers, key_of(peers, id));
    tr_peer_t *peer = &peers->known[at];
    memmove(peer + 1, peer, (size_t)(peers->count - at) * sizeof *peer);
    peers->count++;
    memset(peer, 0, sizeof *peer);
    peer->id = id;
    return peer;
}

bool tr_peers_init(tr_peers_t *peers, uint16_t own_id, const uint16_t *order, uint16_t order_count,
                   uint8_t capacity)
{
    memset(peers, 0, sizeof *peers);
    peers->own_id = own_id;
    peers->order = order;
    peers->order_count = order_count;
    peers->capacity = capacity;
    for (uint16_t i = 0; i < order_count; i++) {
        if (order[i] > TR_MAX_NODE_ID || place_of(peers, order[i]) < i)
            return false;
        if (order[i] == own_id)
            continue;
        if (peers->count == TR_MAX_PEERS)
            return false;
        insert(peers, order[i])->is_present = true;
    }
    return true;
}

tr_peer_t *tr_peers_get(tr_peers_t *peers, uint16_t id)
{
    tr_peer_t *peer = &peers->known[first_from(peers, key_of(peers, id))];
    return peer < peers->known + peers->count && peer->id == id ? peer : NULL;
}

tr_peer_t *tr_peers_hear(tr_peers_t *peers, uint16_t id)
{
    tr_peer_t *peer = tr_peers_get(peers, id);
    if (peer == NULL) {
        if (peers->count >= peers->capacity)
            return NULL;
        peer = insert(peers, id);
    }
    if (!peer->is_present) {
        peer->is_present = true;
        peer->misses = 0;
    }
    return peer;
}

void tr_peers_lose(tr_peers_t *peers, uint16_t id)
{
    tr_peer_t *peer = tr_peers_get(peers, id);
    if (peer == NULL)
        return;
    if (tr_peers_is_configured(peers, id)) {
        peer->is_present = false;
        return;
    }
    peers->count--;
    memmove(peer, peer + 1, (size_t)(peers->known + peers->count - peer) * sizeof *peer);
}

uint8_t tr_peers_count_present(const tr_peers_t *peers)
{
    uint8_t present = 0;
    for (uint8_t i = 0; i < peers->count; i++) {
        if (peers->known[i].is_present)
            present++;
    }
    return present;
}
