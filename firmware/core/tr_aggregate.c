#include "tr_aggregate.h"

#include "tr_bytes.h"
#include "tr_inline.h"

TR_OUTLINE uint16_t tr_saturating_add(uint16_t a, uint16_t b)
{
    return b > TR_SATURATED - a ? TR_SATURATED : (uint16_t)(a + b);
}

tr_aggregate_t tr_aggregate_empty(void)
{
    const tr_aggregate_t empty = {.max_id = TR_NO_NODE};
    return empty;
}

tr_aggregate_t tr_aggregate_of_reading(uint8_t raw, uint16_t node_id)
{
    const tr_aggregate_t single = {.max = raw, .max_id = node_id, .total = raw, .count = 1};
    return single;
}

TR_OUTLINE void tr_aggregate_merge(tr_aggregate_t *into, const tr_aggregate_t *other)
{
    if (into->count == 0) {
        *into = *other;
        return;
    }
    if (other->count == 0)
        return;
    /* Of equal maxima the lower id is kept, so that the order does not matter. */
    if (other->max > into->max || (other->max == into->max && other->max_id < into->max_id)) {
        into->max = other->max;
        into->max_id = other->max_id;
    }
    into->total = tr_saturating_add(into->total, other->total);
    into->count = tr_saturating_add(into->count, other->count);
}

void tr_aggregate_write(const tr_aggregate_t *aggregate, uint16_t version, uint8_t *bytes)
{
    tr_put_u16(bytes, version);
    bytes[2] = aggregate->max;
    tr_put_u16(bytes + 3, aggregate->max_id);
    tr_put_u16(bytes + 5, aggregate->total);
    tr_put_u16(bytes + 7, aggregate->count);
}

uint16_t tr_aggregate_read(tr_aggregate_t *aggregate, const uint8_t *bytes)
{
    aggregate->max = bytes[2];
    aggregate->max_id = tr_get_u16(bytes + 3);
    aggregate->total = tr_get_u16(bytes + 5);
    aggregate->count = tr_get_u16(bytes + 7);
    return tr_get_u16(bytes);
}
