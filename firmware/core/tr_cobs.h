/* Frames on a byte stream: COBS and a 0x00 delimiter (PROTOCOL.md section 3). */
#ifndef TR_COBS_H
#define TR_COBS_H

#include <stdbool.h>
#include <stdint.h>

#include "tr_constants.h"

/* No run of a frame reaches the 254 bytes after which COBS needs another code byte. */
#define TR_MAX_ENCODED_BYTES (TR_MAX_FRAME_BYTES + 1)
#define TR_MAX_STREAM_BYTES (TR_MAX_ENCODED_BYTES + 1)

/* Writes `frame`, of at most TR_MAX_FRAME_BYTES, in COBS with its delimiter, and returns the length, which is
 * 2 more. The frame may lie at stream + 1. A sender begins a stream with a 0x00 of its own. */
uint8_t tr_cobs_encode(const uint8_t *frame, uint8_t length, uint8_t *stream);

/* Cuts a byte stream into frames; holds one frame. All zero is a good start. */
typedef struct tr_deframer {
    uint8_t encoded_bytes; /* of this run, 0 after a delimiter */
    uint8_t length;
    uint8_t group_left; /* bytes until the next code byte */
    bool is_oversized;
    uint8_t frame[TR_MAX_FRAME_BYTES];
} tr_deframer_t;

/* Takes one byte. Returns 1 when it completes a frame: `length` bytes in `frame`, until the next byte is
 * taken; a negative drop reason when it makes a run useless; else 0. */
int tr_deframer_take(tr_deframer_t *deframer, uint8_t byte);

#endif
