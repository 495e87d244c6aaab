/* Open frames and their payloads as bytes (PROTOCOL.md sections 1, 2 and 4). */
#ifndef TR_FRAME_H
#define TR_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "tr_constants.h"
#include "tr_items.h"

typedef struct tr_frame {
    uint8_t type; /* enum tr_frame_type */
    uint16_t source;
    uint16_t destination;
    uint32_t counter; /* 24 bits */
    const uint8_t *payload;
    uint8_t payload_bytes;
} tr_frame_t;

/* Checks length, wire version and CRC, in the order of PROTOCOL.md section 4. Returns 0, and the payload lies
 * within `bytes`; or a negative drop reason. The type and the payload are left to the frame's network. */
int tr_frame_read(tr_frame_t *frame, const uint8_t *bytes, size_t length);

/* As tr_frame_read, and checks type and payload: the frames of a sink tree. `items` are those of a frame that
 * has some. */
int tr_frame_decode(tr_frame_t *frame, tr_received_items_t *items, const uint8_t *bytes, size_t length);

/* Writes header, payload and CRC, and returns their length. The payload may lie in its place already. */
uint8_t tr_frame_encode(const tr_frame_t *frame, uint8_t *bytes);

/* CRC-16/CCITT-FALSE, which begins with 0xffff: one byte more. */
uint16_t tr_crc16_add(uint16_t crc, uint8_t byte);

/* CRC-16/CCITT-FALSE. */
uint16_t tr_crc16(const uint8_t *bytes, size_t length);

#endif
