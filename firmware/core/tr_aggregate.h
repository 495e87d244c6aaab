/* The aggregate as a mergeable value (PROTOCOL.md section 2). Its version is kept by whoever holds it. */
#ifndef TR_AGGREGATE_H
#define TR_AGGREGATE_H

#include <stdint.h>

#include "tr_constants.h"

typedef struct tr_aggregate {
    uint8_t max;
    uint16_t max_id;
    uint16_t total; /* stops at TR_SATURATED, as count does */
    uint16_t count;
} tr_aggregate_t;

/* No reading: the neutral element of merging. */
tr_aggregate_t tr_aggregate_empty(void);

/* One node's raw reading. */
tr_aggregate_t tr_aggregate_of_reading(uint8_t raw, uint16_t node_id);

/* Both together, in `into`. They are of the same version. */
void tr_aggregate_merge(tr_aggregate_t *into, const tr_aggregate_t *other);

/* The TR_AGGREGATE_BYTES bytes on the wire, and back; reading returns the version. */
void tr_aggregate_write(const tr_aggregate_t *aggregate, uint16_t version, uint8_t *bytes);
uint16_t tr_aggregate_read(tr_aggregate_t *aggregate, const uint8_t *bytes);

/* a + b, at most TR_SATURATED. */
uint16_t tr_saturating_add(uint16_t a, uint16_t b);

#endif
