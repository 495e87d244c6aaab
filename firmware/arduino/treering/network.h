// The node of the network that the image is for: -DTR_NETWORK=TR_NETWORK_TREE (the default), _RING or
// _POLLING. The nodes of all networks have the same functions.

#ifndef TREERING_NETWORK_H
#define TREERING_NETWORK_H

#include "core.h"

#define NETWORK_TREE 0 // as enum tr_network, for the preprocessor
#define NETWORK_RING 1
#define NETWORK_POLLING 2

#ifndef TR_NETWORK
#define TR_NETWORK NETWORK_TREE
#endif

extern "C" {
#if TR_NETWORK == NETWORK_TREE
#include "tr_node.h"
#define NETWORK(name) tr_node_##name
#elif TR_NETWORK == NETWORK_RING
#include "tr_ring.h"
#define NETWORK(name) tr_ring_##name
#elif TR_NETWORK == NETWORK_POLLING
#include "tr_polling.h"
#define NETWORK(name) tr_polling_##name
#else
#error "TR_NETWORK is 0 (tree), 1 (ring) or 2 (polling)."
#endif
}

typedef NETWORK(t) network_node_t;
typedef NETWORK(config_t) network_config_t;

// The node's config, by the settings in memory.
void network_configure(network_config_t &config, uint16_t node_id, uint32_t seed, uint8_t sensors);

// Whether it has found others.
bool network_is_joined(const network_node_t &node);

// Counts a frame of the node that the sketch makes.
uint32_t network_take_counter(network_node_t &node);

#endif
