#include "tr_token.h"

#include <string.h>

#include "tr_bytes.h"
#include "tr_inline.h"
#include "tr_serial_number.h"

enum {
    READINGS_HEAD_BYTES = 3,
    PAIRS_MASK = 0x0f,
};

/* --- names --- */

bool tr_sequence_is_later(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

bool tr_token_is_newer(const tr_token_id_t *a, const tr_token_id_t *b)
{
    if (a->epoch != b->epoch)
        return tr_version_is_newer(a->epoch, b->epoch);
    if (a->generator != b->generator)
        return a->generator > b->generator;
    return tr_sequence_is_later(a->sequence, b->sequence);
}

bool tr_token_is_next(const tr_token_id_t *id, const tr_token_id_t *before)
{
    return id->epoch == before->epoch && id->generator == before->generator &&
           id->sequence - before->sequence == 1;
}

TR_OUTLINE void tr_token_part(tr_token_id_t *id, uint16_t generator)
{
    id->epoch++;
    id->generator = generator;
    id->sequence++;
}

/* --- items --- */

void tr_token_read(tr_token_t *token, const uint8_t *payload, uint8_t payload_bytes)
{
    tr_token_head_read(&token->head, payload);
    token->items_bytes = (uint8_t)(payload_bytes - TR_TOKEN_HEAD_BYTES);
    memcpy(token->items, payload + TR_TOKEN_HEAD_BYTES, token->items_bytes);
}

static uint8_t item_bytes(const tr_token_t *token, uint8_t at)
{
    const uint8_t kind = token->items[at];
    return (uint8_t)(kind <= TR_METRIC_MASK ? TR_TOKEN_AGGREGATE_BYTES
                                            : READINGS_HEAD_BYTES + (kind & PAIRS_MASK) * TR_PAIR_BYTES);
}

uint8_t tr_token_aggregates_bytes(const tr_token_t *token)
{
    uint8_t bytes = 0;
    while (bytes < token->items_bytes && token->items[bytes] <= TR_METRIC_MASK)
        bytes = (uint8_t)(bytes + TR_TOKEN_AGGREGATE_BYTES);
    return bytes;
}

static void remove_bytes(tr_token_t *token, uint8_t at, uint8_t count)
{
    token->items_bytes = (uint8_t)(token->items_bytes - count);
    memmove(token->items + at, token->items + at + count, (size_t)(token->items_bytes - at));
}

static void write_aggregate(tr_token_t *token, uint8_t at, uint8_t metric, const tr_aggregate_t *aggregate)
{
    token->items[at] = metric;
    tr_aggregate_write(aggregate, token->head.version, token->items + at + 1);
}

void tr_token_begin_round(tr_token_t *token, const uint8_t *metrics, uint8_t count)
{
    const tr_aggregate_t empty = tr_aggregate_empty();
    token->items_bytes = 0;
    for (uint8_t i = 0; i < count; i++) {
        write_aggregate(token, token->items_bytes, metrics[i], &empty);
        token->items_bytes = (uint8_t)(token->items_bytes + TR_TOKEN_AGGREGATE_BYTES);
    }
}

void tr_token_clear_aggregates(tr_token_t *token)
{
    remove_bytes(token, 0, tr_token_aggregates_bytes(token));
}

void tr_token_merge(tr_token_t *token, uint16_t node, tr_reading_t reading)
{
    const tr_aggregate_t own = tr_aggregate_of_reading(reading.raw, node);
    const uint8_t end = tr_token_aggregates_bytes(token);
    uint8_t at = 0;
    while (at < end && token->items[at] != reading.metric)
        at = (uint8_t)(at + TR_TOKEN_AGGREGATE_BYTES);
    if (at < end) {
        tr_aggregate_t sum;
        tr_aggregate_read(&sum, token->items + at + 1);
        tr_aggregate_merge(&sum, &own);
        write_aggregate(token, at, reading.metric, &sum);
    } else if (end < TR_MAX_AGGREGATES * TR_TOKEN_AGGREGATE_BYTES &&
               token->items_bytes + TR_TOKEN_AGGREGATE_BYTES <= TR_TOKEN_ITEMS_BYTES) {
        memmove(token->items + end + TR_TOKEN_AGGREGATE_BYTES, token->items + end,
                (size_t)(token->items_bytes - end));
        token->items_bytes = (uint8_t)(token->items_bytes + TR_TOKEN_AGGREGATE_BYTES);
        write_aggregate(token, end, reading.metric, &own);
    }
}

bool tr_token_add_readings(tr_token_t *token, uint16_t node, const tr_pairs_t *pairs)
{
    uint8_t item[READINGS_HEAD_BYTES + TR_MAX_PAIRS * TR_PAIR_BYTES];
    const uint8_t length = tr_token_readings_write(node, pairs, item);
    if (token->items_bytes + length > TR_TOKEN_ITEMS_BYTES)
        return false;
    memcpy(token->items + token->items_bytes, item, length);
    token->items_bytes = (uint8_t)(token->items_bytes + length);
    return true;
}

static bool is_of_any(const tr_token_t *token, uint8_t at, const uint16_t *nodes, uint8_t count)
{
    const uint16_t node = tr_get_u16(token->items + at + 1);
    while (count > 0 && nodes[count - 1] != node)
        count--;
    return count > 0;
}

void tr_token_remove_readings(tr_token_t *token, const uint16_t *nodes, uint8_t count)
{
    for (uint8_t at = tr_token_aggregates_bytes(token); at < token->items_bytes;) {
        const uint8_t bytes = item_bytes(token, at);
        if (is_of_any(token, at, nodes, count))
            remove_bytes(token, at, bytes);
        else
            at = (uint8_t)(at + bytes);
    }
}

bool tr_token_has_others(const tr_token_t *token, const uint16_t *nodes, uint8_t count)
{
    uint8_t at = tr_token_aggregates_bytes(token);
    while (at < token->items_bytes && is_of_any(token, at, nodes, count))
        at = (uint8_t)(at + item_bytes(token, at));
    return at < token->items_bytes;
}

uint8_t tr_token_nodes(const tr_token_t *token, uint16_t nodes[TR_TOKEN_MOST_NODES])
{
    uint8_t count = 0;
    for (uint8_t at = tr_token_aggregates_bytes(token); at < token->items_bytes; count++) {
        nodes[count] = tr_get_u16(token->items + at + 1);
        at = (uint8_t)(at + item_bytes(token, at));
    }
    return count;
}
