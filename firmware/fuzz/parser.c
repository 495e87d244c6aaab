/*
 * The parser under libFuzzer: a byte stream, its frames, their payloads. The first byte says whether the rest
 * is a stream as it comes in, or one frame without its CRC, which is given here, so that what lies behind the
 * CRC is reached as well. Sanitizers watch the memory; what the parser accepts must be consistent.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tr_cobs.h"
#include "tr_frame.h"
#include "tr_peer_frames.h"

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* What a reader said of the bytes; a frame that it accepted is written again as it was read. */
static void check_frame(int result, const tr_frame_t *frame, const uint8_t *bytes, size_t length)
{
    check(result <= 0 && result >= -TR_DROP_QUEUE_FULL);
    if (result < 0) {
        return;
    }
    check(length <= TR_MAX_FRAME_BYTES && frame->source <= TR_MAX_NODE_ID);
    check(frame->payload == bytes + TR_HEADER_BYTES);
    check(frame->payload_bytes + (size_t)(TR_HEADER_BYTES + TR_CRC_BYTES) == length);
    uint8_t again[TR_MAX_FRAME_BYTES];
    check(tr_frame_encode(frame, again) == length && memcmp(again, bytes, length) == 0);
}

static bool has_items(uint8_t type)
{
    return type == TR_DATA || type == TR_HELP_ACK_DATA || type == TR_RESULT;
}

static void check_items(const tr_received_items_t *items)
{
    check(items->aggregate_count <= TR_MAX_AGGREGATES && items->link_count <= TR_MAX_LINKS);
    for (uint8_t i = 0; i < items->aggregate_count; i++) {
        tr_metric_aggregate_t entry;
        tr_items_get_aggregate(items, i, &entry);
        check(entry.metric <= TR_METRIC_MASK);
    }
    const uint8_t *links = tr_items_links(items);
    uint8_t copy[TR_LINK_ITEM_BYTES];
    for (uint8_t i = 0; i < items->link_count; i++) {
        memcpy(copy, links + (size_t)i * TR_LINK_ITEM_BYTES, sizeof copy);
    }
}

/* In a block of its own size, so that a byte too far is found. */
static void take_frame(const uint8_t *bytes, size_t length)
{
    uint8_t *own = malloc(length + 1);
    check(own != NULL);
    memcpy(own, bytes, length);
    tr_frame_t frame;
    tr_received_items_t items;
    const int result = tr_frame_decode(&frame, &items, own, length);
    check_frame(result, &frame, own, length);
    if (result == 0 && has_items(frame.type)) {
        check_items(&items);
    }
    check_frame(tr_ring_frame_decode(&frame, own, length), &frame, own, length);
    check_frame(tr_polling_frame_decode(&frame, own, length), &frame, own, length);
    free(own);
}

static void take_stream(const uint8_t *bytes, size_t length)
{
    static tr_deframer_t deframer;
    memset(&deframer, 0, sizeof deframer);
    for (size_t i = 0; i < length; i++) {
        const int result = tr_deframer_take(&deframer, bytes[i]);
        check(result == 1 || result == 0 || result == -TR_DROP_FRAMING || result == -TR_DROP_OVERSIZED);
        if (result == 1) {
            uint8_t stream[TR_MAX_STREAM_BYTES];
            check(tr_cobs_encode(deframer.frame, deframer.length, stream) <= sizeof stream);
            take_frame(deframer.frame, deframer.length);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const uint8_t *bytes = data + 1;
    const size_t length = size - 1;
    if (data[0] % 2 == 0) {
        take_stream(bytes, length);
    } else if (length <= TR_MAX_FRAME_BYTES - TR_CRC_BYTES) {
        uint8_t frame[TR_MAX_FRAME_BYTES];
        memcpy(frame, bytes, length);
        const uint16_t crc = tr_crc16(frame, length);
        frame[length] = (uint8_t)(crc >> 8);
        frame[length + 1] = (uint8_t)crc;
        take_frame(frame, length + TR_CRC_BYTES);
    }
    return 0;
}
