#include "tr_peer_frames.h"

#include <string.h>

#include "tr_bytes.h"

#define READINGS_HEAD_BYTES 3u
#define HEIR_BYTES 2u
#define PAIRS_MASK 0x0fu

/* --- which frames are accepted --- */

static int result_of(const tr_frame_t *frame, bool is_right)
{
    return is_right && frame->source <= TR_MAX_NODE_ID ? 0 : -TR_DROP_MALFORMED;
}

/* A frame of none of the network's own types. */
static int check_foreign(const tr_frame_t *frame)
{
    if (frame->type == 0 || frame->type > TR_LAST_FRAME_TYPE)
        return -TR_DROP_UNKNOWN_TYPE;
    return result_of(frame, true);
}

static bool is_token(const tr_frame_t *frame)
{
    tr_token_head_t head;
    tr_token_items_t items;
    if (frame->payload_bytes < TR_TOKEN_HEAD_BYTES || frame->payload_bytes > TR_MAX_PAYLOAD_BYTES)
        return false;
    tr_token_head_read(&head, frame->payload);
    return head.home <= TR_MAX_NODE_ID && head.id.generator <= TR_MAX_NODE_ID &&
           tr_token_items_read(&items, frame->payload + TR_TOKEN_HEAD_BYTES,
                               (uint8_t)(frame->payload_bytes - TR_TOKEN_HEAD_BYTES), head.version);
}

static bool is_sign(const tr_frame_t *frame)
{
    return frame->payload_bytes == TR_SIGN_BYTES && tr_get_u16(frame->payload + 2) <= TR_MAX_NODE_ID;
}

int tr_ring_frame_decode(tr_frame_t *frame, const uint8_t *bytes, size_t length)
{
    const int result = tr_frame_read(frame, bytes, length);
    if (result < 0)
        return result;
    switch (frame->type) {
    case TR_TOKEN: return result_of(frame, is_token(frame));
    case TR_SIGN: return result_of(frame, is_sign(frame));
    case TR_CLAIM: return result_of(frame, frame->payload_bytes == TR_CLAIM_BYTES);
    case TR_HELLO: return result_of(frame, frame->payload_bytes == TR_HELLO_BYTES);
    case TR_GOODBYE: return result_of(frame, frame->payload_bytes == 0);
    default: return check_foreign(frame);
    }
}

static bool is_reading(const tr_frame_t *frame)
{
    tr_pairs_t pairs;
    return frame->payload_bytes >= TR_POLL_BYTES &&
           tr_pairs_read(&pairs, frame->payload + TR_POLL_BYTES,
                         (uint8_t)(frame->payload_bytes - TR_POLL_BYTES));
}

static bool is_beat(const tr_frame_t *frame)
{
    const uint8_t heir_bytes = (uint8_t)(frame->payload_bytes - TR_BEAT_HEAD_BYTES);
    if (frame->payload_bytes < TR_BEAT_HEAD_BYTES || heir_bytes % HEIR_BYTES ||
        heir_bytes > HEIR_BYTES * TR_MAX_HEIRS)
        return false;
    tr_beat_t beat;
    tr_beat_read(&beat, frame->payload, frame->payload_bytes);
    for (uint8_t i = 0; i < beat.heir_count; i++) {
        if (beat.heirs[i] > TR_MAX_NODE_ID)
            return false;
        for (uint8_t before = 0; before < i; before++) {
            if (beat.heirs[before] == beat.heirs[i])
                return false;
        }
    }
    return true;
}

int tr_polling_frame_decode(tr_frame_t *frame, const uint8_t *bytes, size_t length)
{
    const int result = tr_frame_read(frame, bytes, length);
    if (result < 0)
        return result;
    switch (frame->type) {
    case TR_HELLO: return result_of(frame, frame->payload_bytes == TR_HELLO_BYTES);
    case TR_POLL: return result_of(frame, frame->payload_bytes == TR_POLL_BYTES);
    case TR_READING: return result_of(frame, is_reading(frame));
    case TR_BEAT: return result_of(frame, is_beat(frame));
    case TR_GOODBYE: return result_of(frame, frame->payload_bytes == 0);
    default: return check_foreign(frame);
    }
}

/* --- both networks --- */

void tr_hello_read(tr_hello_t *hello, const uint8_t *bytes)
{
    hello->network = bytes[0];
    hello->epoch = tr_get_u16(bytes + 1);
    hello->version = tr_get_u16(bytes + 3);
}

uint8_t tr_hello_write(const tr_hello_t *hello, uint8_t *bytes)
{
    bytes[0] = hello->network;
    tr_put_u16(bytes + 1, hello->epoch);
    tr_put_u16(bytes + 3, hello->version);
    return TR_HELLO_BYTES;
}

bool tr_pairs_read(tr_pairs_t *pairs, const uint8_t *bytes, uint8_t length)
{
    if (length % TR_PAIR_BYTES || length > TR_PAIR_BYTES * TR_MAX_PAIRS)
        return false;
    pairs->count = (uint8_t)(length / TR_PAIR_BYTES);
    for (uint8_t i = 0; i < pairs->count; i++, bytes += TR_PAIR_BYTES) {
        if (bytes[0] > TR_METRIC_MASK)
            return false;
        for (uint8_t before = 0; before < i; before++) {
            if (pairs->pairs[before].metric == bytes[0])
                return false;
        }
        pairs->pairs[i].metric = bytes[0];
        pairs->pairs[i].raw = bytes[1];
    }
    return true;
}

uint8_t tr_pairs_write(const tr_pairs_t *pairs, uint8_t *bytes)
{
    for (uint8_t i = 0; i < pairs->count; i++, bytes += TR_PAIR_BYTES) {
        bytes[0] = pairs->pairs[i].metric;
        bytes[1] = pairs->pairs[i].raw;
    }
    return (uint8_t)(pairs->count * TR_PAIR_BYTES);
}

/* --- the ring --- */

static void read_token_id(tr_token_id_t *id, const uint8_t *bytes)
{
    id->epoch = tr_get_u16(bytes);
    id->generator = tr_get_u16(bytes + 2);
    id->sequence = tr_get_u32(bytes + 4);
}

static void write_token_id(const tr_token_id_t *id, uint8_t *bytes)
{
    tr_put_u16(bytes, id->epoch);
    tr_put_u16(bytes + 2, id->generator);
    tr_put_u32(bytes + 4, id->sequence);
}

void tr_token_head_read(tr_token_head_t *head, const uint8_t *bytes)
{
    read_token_id(&head->id, bytes);
    head->fork = tr_get_u32(bytes + 8);
    head->home = tr_get_u16(bytes + 12);
    head->follows = tr_get_u16(bytes + 14);
    head->version = tr_get_u16(bytes + 16);
    head->next_version = tr_get_u16(bytes + 18);
    head->age_ms = tr_get_u24(bytes + 20);
    head->period_ms = tr_get_u24(bytes + 23);
    head->turn = bytes[26];
    head->flags = bytes[27];
}

uint8_t tr_token_head_write(const tr_token_head_t *head, uint8_t *bytes)
{
    write_token_id(&head->id, bytes);
    tr_put_u32(bytes + 8, head->fork);
    tr_put_u16(bytes + 12, head->home);
    tr_put_u16(bytes + 14, head->follows);
    tr_put_u16(bytes + 16, head->version);
    tr_put_u16(bytes + 18, head->next_version);
    tr_put_u24(bytes + 20, head->age_ms);
    tr_put_u24(bytes + 23, head->period_ms);
    bytes[26] = head->turn;
    bytes[27] = head->flags;
    return TR_TOKEN_HEAD_BYTES;
}

/* The length of the readings that begin there, 0 if none do. */
static uint8_t readings_length(const uint8_t *at, uint8_t left)
{
    const uint8_t count = at[0] & PAIRS_MASK;
    const uint8_t length = (uint8_t)(READINGS_HEAD_BYTES + count * TR_PAIR_BYTES);
    const bool is_kind = at[0] == (TR_ITEM_READINGS | count) && count > 0 && count <= TR_MAX_PAIRS;
    return is_kind && length <= left ? length : 0;
}

/* Whether the readings of a node that begin at `offset` may stand there, after those before them. */
static bool are_readings(const tr_token_items_t *items, uint8_t offset, uint8_t length)
{
    const uint8_t *at = items->readings + offset;
    const uint16_t node = tr_get_u16(at + 1);
    tr_pairs_t pairs;
    for (const uint8_t *before = items->readings; before < at;
         before += readings_length(before, items->readings_bytes)) {
        if (tr_get_u16(before + 1) == node)
            return false;
    }
    return node <= TR_MAX_NODE_ID &&
           tr_pairs_read(&pairs, at + READINGS_HEAD_BYTES, (uint8_t)(length - READINGS_HEAD_BYTES));
}

bool tr_token_items_read(tr_token_items_t *items, const uint8_t *bytes, uint8_t length, uint16_t version)
{
    uint8_t offset = 0;
    while (offset < length && bytes[offset] <= TR_METRIC_MASK)
        offset = (uint8_t)(offset + TR_TOKEN_AGGREGATE_BYTES);
    if (offset > length || !tr_items_read(&items->aggregates, bytes, offset) ||
        (offset > 0 && tr_items_version(&items->aggregates) != version))
        return false;
    items->readings = bytes + offset;
    items->readings_bytes = (uint8_t)(length - offset);
    uint8_t taken;
    for (offset = 0; offset < items->readings_bytes; offset = (uint8_t)(offset + taken)) {
        taken = readings_length(items->readings + offset, (uint8_t)(items->readings_bytes - offset));
        if (taken == 0 || !are_readings(items, offset, taken))
            return false;
    }
    return true;
}

uint8_t tr_token_get_readings(const tr_token_items_t *items, uint8_t offset, uint16_t *node,
                              tr_pairs_t *pairs)
{
    const uint8_t *at = items->readings + offset;
    const uint8_t length = readings_length(at, (uint8_t)(items->readings_bytes - offset));
    *node = tr_get_u16(at + 1);
    tr_pairs_read(pairs, at + READINGS_HEAD_BYTES, (uint8_t)(length - READINGS_HEAD_BYTES));
    return (uint8_t)(offset + length);
}

uint8_t tr_token_readings_write(uint16_t node, const tr_pairs_t *pairs, uint8_t *bytes)
{
    bytes[0] = (uint8_t)(TR_ITEM_READINGS | pairs->count);
    tr_put_u16(bytes + 1, node);
    return (uint8_t)(READINGS_HEAD_BYTES + tr_pairs_write(pairs, bytes + READINGS_HEAD_BYTES));
}

void tr_sign_read(tr_sign_t *sign, const uint8_t *bytes)
{
    read_token_id(&sign->id, bytes);
    sign->version = tr_get_u16(bytes + 8);
    sign->passed_over = tr_get_u16(bytes + 10);
    sign->hold_ms = tr_get_u24(bytes + 12);
}

uint8_t tr_sign_write(const tr_sign_t *sign, uint8_t *bytes)
{
    write_token_id(&sign->id, bytes);
    tr_put_u16(bytes + 8, sign->version);
    tr_put_u16(bytes + 10, sign->passed_over);
    tr_put_u24(bytes + 12, sign->hold_ms);
    return TR_SIGN_BYTES;
}

void tr_claim_read(tr_claim_t *claim, const uint8_t *bytes)
{
    claim->epoch = tr_get_u16(bytes);
    claim->version = tr_get_u16(bytes + 2);
}

uint8_t tr_claim_write(const tr_claim_t *claim, uint8_t *bytes)
{
    tr_put_u16(bytes, claim->epoch);
    tr_put_u16(bytes + 2, claim->version);
    return TR_CLAIM_BYTES;
}

/* --- polling --- */

void tr_poll_read(tr_poll_t *poll, const uint8_t *bytes)
{
    poll->epoch = tr_get_u16(bytes);
    poll->version = tr_get_u16(bytes + 2);
    poll->attempt = bytes[4];
}

uint8_t tr_poll_write(const tr_poll_t *poll, uint8_t *bytes)
{
    tr_put_u16(bytes, poll->epoch);
    tr_put_u16(bytes + 2, poll->version);
    bytes[4] = poll->attempt;
    return TR_POLL_BYTES;
}

void tr_beat_read(tr_beat_t *beat, const uint8_t *bytes, uint8_t length)
{
    beat->epoch = tr_get_u16(bytes);
    beat->version = tr_get_u16(bytes + 2);
    beat->age_ms = tr_get_u24(bytes + 4);
    beat->period_ms = tr_get_u24(bytes + 7);
    beat->lease_ms = tr_get_u16(bytes + 10);
    beat->heir_count = (uint8_t)((length - TR_BEAT_HEAD_BYTES) / HEIR_BYTES);
    for (uint8_t i = 0; i < beat->heir_count; i++)
        beat->heirs[i] = tr_get_u16(bytes + TR_BEAT_HEAD_BYTES + HEIR_BYTES * i);
}

uint8_t tr_beat_write(const tr_beat_t *beat, uint8_t *bytes)
{
    tr_put_u16(bytes, beat->epoch);
    tr_put_u16(bytes + 2, beat->version);
    tr_put_u24(bytes + 4, beat->age_ms);
    tr_put_u24(bytes + 7, beat->period_ms);
    tr_put_u16(bytes + 10, beat->lease_ms);
    for (uint8_t i = 0; i < beat->heir_count; i++)
        tr_put_u16(bytes + TR_BEAT_HEAD_BYTES + HEIR_BYTES * i, beat->heirs[i]);
    return (uint8_t)(TR_BEAT_HEAD_BYTES + HEIR_BYTES * beat->heir_count);
}
