/* A report's items (PROTOCOL.md section 2): aggregates, links, nodes in doubt, in this order. */
#ifndef TR_ITEMS_H
#define TR_ITEMS_H

#include <stdbool.h>
#include <stdint.h>

#include "tr_aggregate.h"
#include "tr_constants.h"

typedef struct tr_metric_aggregate {
    uint8_t metric;
    tr_aggregate_t aggregate;
} tr_metric_aggregate_t;

/* `parent` counts `child` among its children; quality 1 to 255, or 0: given up. */
typedef struct tr_link {
    uint16_t child;
    uint16_t parent;
    uint8_t quality;
} tr_link_t;

void tr_link_set(tr_link_t *link, uint16_t child, uint16_t parent, uint8_t quality);

/* The items of a received payload, where they lie in it. */
typedef struct tr_received_items {
    const uint8_t *bytes;
    uint8_t aggregate_count;
    uint8_t link_count;
    uint16_t doubt;
} tr_received_items_t;

/* False if the bytes are no items. */
bool tr_items_read(tr_received_items_t *items, const uint8_t *bytes, uint8_t length);

/* The round of the aggregates; there must be one. */
uint16_t tr_items_version(const tr_received_items_t *items);
void tr_items_get_aggregate(const tr_received_items_t *items, uint8_t index, tr_metric_aggregate_t *found);

/* The first of its links: each is TR_LINK_ITEM_BYTES long, its kind and then child, parent and quality. */
#define TR_LINK_ITEM_BYTES (1 + TR_LINK_BYTES)
const uint8_t *tr_items_links(const tr_received_items_t *items);

/* The items of a report that is being put together. */
typedef struct tr_items {
    uint16_t version;
    uint8_t aggregate_count;
    uint8_t link_count;
    tr_metric_aggregate_t aggregates[TR_MAX_AGGREGATES]; /* in the order of their metrics */
    tr_link_t links[TR_MAX_LINKS];
    uint16_t doubt;
} tr_items_t;

void tr_items_clear(tr_items_t *items, uint16_t version);

/* Of more than TR_MAX_AGGREGATES metrics the first are kept. */
void tr_items_merge(tr_items_t *items, const tr_metric_aggregate_t *added);

/* The aggregate without readings, where there is no other. */
void tr_items_put_empty(tr_items_t *items, uint8_t metric);

/* Writes them, with `doubt` in place of their own, and returns their length. */
uint8_t tr_items_write(const tr_items_t *items, uint16_t doubt, uint8_t *bytes);

#endif
