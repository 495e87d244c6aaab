#include "tr_frame.h"

#include <string.h>

#include "tr_bytes.h"

enum {
    TYPE_MASK = 0x1f,
    VERSION_SHIFT = 5,
    VERSION_MASK = 0x3,
};

/* The byte-wise form of the bit-wise definition: polynomial 0x1021, initial value 0xffff, not reflected. */
uint16_t tr_crc16(const uint8_t *bytes, size_t length)
{
    uint16_t crc = 0xffff;
    while (length--) {
        uint8_t x = (uint8_t)((crc >> 8) ^ *bytes++);
        x = (uint8_t)(x ^ (x >> 4));
        crc = (uint16_t)((uint16_t)(crc << 8) ^ (uint16_t)((uint16_t)x << 12) ^ (uint16_t)((uint16_t)x << 5) ^
                         x);
    }
    return crc;
}

static bool are_items(const tr_frame_t *frame, uint8_t head_bytes, bool needs_aggregate)
{
    tr_received_items_t items;
    return frame->payload_bytes >= head_bytes &&
           tr_items_read(&items, frame->payload + head_bytes, (uint8_t)(frame->payload_bytes - head_bytes)) &&
           (items.aggregate_count > 0 || !needs_aggregate);
}

/* 0 or a negative drop reason. */
static int check_payload(const tr_frame_t *frame)
{
    bool is_right;
    switch (frame->type) {
    case TR_DISC_ACK: is_right = frame->payload_bytes == 0; break;
    case TR_DISCOVERY:
    case TR_DISC_ACK_ACK:
    case TR_HELP_ACK: is_right = frame->payload_bytes == TR_SYNC_BYTES; break;
    case TR_DEPTH: is_right = frame->payload_bytes == TR_DEPTH_BYTES; break;
    case TR_DATA_ACK:
    case TR_HELP_CONFIRM: is_right = frame->payload_bytes == TR_ACK_BYTES; break;
    case TR_HELP:
    case TR_LOOK: is_right = frame->payload_bytes == TR_HELP_BYTES; break;
    case TR_DATA: is_right = are_items(frame, TR_DEPTH_BYTES, true); break;
    case TR_HELP_ACK_DATA: is_right = are_items(frame, TR_DEPTH_BYTES, false); break;
    case TR_RESULT: is_right = are_items(frame, TR_DURATION_BYTES, true); break;
    default: return -TR_DROP_UNKNOWN_TYPE;
    }
    return is_right && frame->source <= TR_MAX_NODE_ID ? 0 : -TR_DROP_MALFORMED;
}

int tr_frame_read(tr_frame_t *frame, const uint8_t *bytes, size_t length)
{
    if (length > TR_MAX_FRAME_BYTES)
        return -TR_DROP_OVERSIZED;
    if (length < TR_HEADER_BYTES + TR_CRC_BYTES)
        return -TR_DROP_TRUNCATED;
    if ((bytes[0] >> VERSION_SHIFT & VERSION_MASK) != TR_WIRE_VERSION)
        return -TR_DROP_WIRE_VERSION;
    if (bytes[0] & TR_SEALED_BIT)
        return -TR_DROP_SEALED;
    length -= TR_CRC_BYTES;
    if (tr_crc16(bytes, length) != tr_get_u16(bytes + length))
        return -TR_DROP_CHECKSUM;
    frame->type = bytes[0] & TYPE_MASK;
    frame->source = tr_get_u16(bytes + 1);
    frame->destination = tr_get_u16(bytes + 3);
    frame->counter = tr_get_u24(bytes + 5);
    frame->payload = bytes + TR_HEADER_BYTES;
    frame->payload_bytes = (uint8_t)(length - TR_HEADER_BYTES);
    return 0;
}

int tr_frame_decode(tr_frame_t *frame, const uint8_t *bytes, size_t length)
{
    const int result = tr_frame_read(frame, bytes, length);
    return result < 0 ? result : check_payload(frame);
}

uint8_t tr_frame_encode(const tr_frame_t *frame, uint8_t *bytes)
{
    const uint8_t length = (uint8_t)(TR_HEADER_BYTES + frame->payload_bytes);
    memmove(bytes + TR_HEADER_BYTES, frame->payload, frame->payload_bytes);
    bytes[0] = (uint8_t)(TR_WIRE_VERSION << VERSION_SHIFT | frame->type);
    tr_put_u16(bytes + 1, frame->source);
    tr_put_u16(bytes + 3, frame->destination);
    tr_put_u24(bytes + 5, frame->counter);
    tr_put_u16(bytes + length, tr_crc16(bytes, length));
    return (uint8_t)(length + TR_CRC_BYTES);
}

void tr_frame_items(const tr_frame_t *frame, uint8_t head_bytes, tr_received_items_t *items)
{
    tr_items_read(items, frame->payload + head_bytes, (uint8_t)(frame->payload_bytes - head_bytes));
}

void tr_sync_write(const tr_sync_t *sync, uint8_t *bytes)
{
    tr_put_u16(bytes, sync->version);
    tr_put_u24(bytes + 2, sync->age);
    bytes[5] = sync->hop_count;
    tr_put_u24(bytes + 6, sync->period_ms);
}

void tr_sync_read(tr_sync_t *sync, const uint8_t *bytes)
{
    sync->version = tr_get_u16(bytes);
    sync->age = tr_get_u24(bytes + 2);
    sync->hop_count = bytes[5];
    sync->period_ms = tr_get_u24(bytes + 6);
}
