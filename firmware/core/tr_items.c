#include "tr_items.h"

#include <string.h>

#include "tr_bytes.h"
#include "tr_inline.h"

enum {
    AGGREGATE_ITEM_BYTES = 1 + TR_AGGREGATE_BYTES,
    DOUBT_ITEM_BYTES = 1 + TR_DOUBT_BYTES,
};

TR_OUTLINE static const uint8_t *aggregate_at(const tr_received_items_t *items, uint8_t index)
{
    return items->bytes + (uint8_t)(index * AGGREGATE_ITEM_BYTES);
}

/* Whether the newest aggregate, at that place, has a metric of its own and the version of the others. */
static bool fits_the_others(const tr_received_items_t *items, const uint8_t *newest)
{
    for (const uint8_t *other = items->bytes; other < newest; other += AGGREGATE_ITEM_BYTES) {
        if (other[0] == newest[0] || other[1] != newest[1] || other[2] != newest[2])
            return false;
    }
    return true;
}

/* Takes the item at `at` in; returns its length, or 0 if it may not stand there. */
static uint8_t take_item(tr_received_items_t *items, const uint8_t *at, uint8_t length)
{
    if (items->doubt)
        return 0;
    if (at[0] <= TR_METRIC_MASK && length >= AGGREGATE_ITEM_BYTES && items->link_count == 0 &&
        items->aggregate_count < TR_MAX_AGGREGATES) {
        items->aggregate_count++;
        return fits_the_others(items, at) ? AGGREGATE_ITEM_BYTES : 0;
    }
    if (at[0] == TR_ITEM_LINK && length >= TR_LINK_ITEM_BYTES && items->link_count < TR_MAX_LINKS) {
        items->link_count++;
        return TR_LINK_ITEM_BYTES;
    }
    if (at[0] == TR_ITEM_DOUBT && length >= DOUBT_ITEM_BYTES) {
        items->doubt = tr_get_u16(at + 1);
        return items->doubt ? DOUBT_ITEM_BYTES : 0;
    }
    return 0;
}

bool tr_items_read(tr_received_items_t *items, const uint8_t *bytes, uint8_t length)
{
    memset(items, 0, sizeof *items);
    items->bytes = bytes;
    for (uint8_t taken = 0; length > 0; bytes += taken, length = (uint8_t)(length - taken)) {
        taken = take_item(items, bytes, length);
        if (taken == 0)
            return false;
    }
    return true;
}

TR_OUTLINE uint16_t tr_items_version(const tr_received_items_t *items)
{
    return tr_get_u16(items->bytes + 1);
}

void tr_items_get_aggregate(const tr_received_items_t *items, uint8_t index, tr_metric_aggregate_t *found)
{
    const uint8_t *at = aggregate_at(items, index);
    found->metric = at[0];
    tr_aggregate_read(&found->aggregate, at + 1);
}

const uint8_t *tr_items_links(const tr_received_items_t *items)
{
    return aggregate_at(items, items->aggregate_count);
}

void tr_link_set(tr_link_t *link, uint16_t child, uint16_t parent, uint8_t quality)
{
    link->child = child;
    link->parent = parent;
    link->quality = quality;
}

void tr_items_clear(tr_items_t *items, uint16_t version)
{
    memset(items, 0, sizeof *items);
    items->version = version;
}

void tr_items_merge(tr_items_t *items, const tr_metric_aggregate_t *added)
{
    tr_metric_aggregate_t *place = items->aggregates;
    uint8_t after = items->aggregate_count;
    while (after > 0 && place->metric < added->metric) {
        place++;
        after--;
    }
    if (after > 0 && place->metric == added->metric) {
        tr_aggregate_merge(&place->aggregate, &added->aggregate);
        return;
    }
    if (items->aggregate_count < TR_MAX_AGGREGATES)
        items->aggregate_count++;
    else if (after-- == 0)
        return;
    memmove(place + 1, place, after * sizeof *place);
    *place = *added;
}

void tr_items_put_empty(tr_items_t *items, uint8_t metric)
{
    tr_metric_aggregate_t *none = items->aggregates;
    items->aggregate_count = 1;
    memset(none, 0, sizeof *none);
    none->metric = metric;
    none->aggregate.max_id = TR_NO_NODE;
}

TR_OUTLINE uint8_t tr_items_write(const tr_items_t *items, uint16_t doubt, uint8_t *bytes)
{
    uint8_t *at = bytes;
    const tr_metric_aggregate_t *aggregate = items->aggregates;
    for (uint8_t left = items->aggregate_count; left > 0; left--, aggregate++, at += AGGREGATE_ITEM_BYTES) {
        at[0] = aggregate->metric;
        tr_aggregate_write(&aggregate->aggregate, items->version, at + 1);
    }
    const tr_link_t *link = items->links;
    for (uint8_t left = items->link_count; left > 0; left--, link++, at += TR_LINK_ITEM_BYTES) {
        at[0] = TR_ITEM_LINK;
        tr_put_u16(at + 1, link->child);
        tr_put_u16(at + 3, link->parent);
        at[5] = link->quality;
    }
    if (doubt) {
        at[0] = TR_ITEM_DOUBT;
        tr_put_u16(at + 1, doubt);
        at += DOUBT_ITEM_BYTES;
    }
    return (uint8_t)(at - bytes);
}
