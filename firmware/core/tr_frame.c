#include "tr_frame.h"

#include <string.h>

#ifdef __AVR__
#include <util/crc16.h>
#endif

#include "tr_bytes.h"
#include "tr_inline.h"

enum {
    TYPE_MASK = 0x1f,
    VERSION_SHIFT = 5,
    VERSION_MASK = 0x3,
};

#ifdef __AVR__
/* avr-libc's, which differs in the initial value only. */
TR_OUTLINE uint16_t tr_crc16_add(uint16_t crc, uint8_t byte)
{
    return _crc_xmodem_update(crc, byte);
}
#else
/* The byte-wise form of the bit-wise definition: polynomial 0x1021, not reflected. */
uint16_t tr_crc16_add(uint16_t crc, uint8_t byte)
{
    uint8_t x = (uint8_t)((crc >> 8) ^ byte);
    x = (uint8_t)(x ^ (x >> 4));
    return (uint16_t)((uint16_t)(crc << 8) ^ (uint16_t)((uint16_t)x << 12) ^ (uint16_t)((uint16_t)x << 5) ^
                      x);
}
#endif

uint16_t tr_crc16(const uint8_t *bytes, size_t length)
{
    uint16_t crc = 0xffff;
    while (length--)
        crc = tr_crc16_add(crc, *bytes++);
    return crc;
}

/* Whether the payload is so many bytes and then items, with so many aggregates at least. */
static bool ends_in_items(const tr_frame_t *frame, uint8_t head_bytes, uint8_t least_aggregates,
                          tr_received_items_t *items)
{
    return frame->payload_bytes >= head_bytes &&
           tr_items_read(items, frame->payload + head_bytes, (uint8_t)(frame->payload_bytes - head_bytes)) &&
           items->aggregate_count >= least_aggregates;
}

static bool is_payload(const tr_frame_t *frame, tr_received_items_t *items)
{
    switch (frame->type) {
    case TR_DISC_ACK:
    case TR_GOODBYE: return frame->payload_bytes == 0;
    case TR_DISCOVERY:
    case TR_DISC_ACK_ACK:
    case TR_HELP_ACK: return frame->payload_bytes == TR_SYNC_BYTES;
    case TR_DEPTH: return frame->payload_bytes == TR_DEPTH_BYTES;
    case TR_DATA_ACK:
    case TR_HELP_CONFIRM: return frame->payload_bytes == TR_ACK_BYTES;
    case TR_HELP:
    case TR_LOOK: return frame->payload_bytes == TR_HELP_BYTES;
    case TR_DATA: return ends_in_items(frame, TR_DEPTH_BYTES, 1, items);
    case TR_HELP_ACK_DATA: return ends_in_items(frame, TR_DEPTH_BYTES, 0, items);
    default: return ends_in_items(frame, TR_DURATION_BYTES, 1, items);
    }
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

int tr_frame_decode(tr_frame_t *frame, tr_received_items_t *items, const uint8_t *bytes, size_t length)
{
    const int result = tr_frame_read(frame, bytes, length);
    if (result < 0)
        return result;
    if (frame->type == 0 || (frame->type > TR_LOOK && frame->type != TR_GOODBYE))
        return -TR_DROP_UNKNOWN_TYPE;
    return is_payload(frame, items) && frame->source <= TR_MAX_NODE_ID ? 0 : -TR_DROP_MALFORMED;
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
