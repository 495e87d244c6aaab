#include "tr_cobs.h"

uint8_t tr_cobs_encode(const uint8_t *frame, uint8_t length, uint8_t *stream)
{
    uint8_t code_at = 0;
    uint8_t at = 1;
    for (uint8_t i = 0; i < length; i++) {
        const uint8_t byte = frame[i];
        if (byte == 0) {
            stream[code_at] = (uint8_t)(at - code_at);
            code_at = at;
        } else {
            stream[at] = byte;
        }
        at++;
    }
    stream[code_at] = (uint8_t)(at - code_at);
    stream[at++] = 0;
    return at;
}

static int end_run(tr_deframer_t *deframer)
{
    const bool is_useless = deframer->is_oversized; /* counted when it became so */
    const bool is_empty = deframer->encoded_bytes == 0;
    const bool is_whole = deframer->group_left == 0;
    deframer->encoded_bytes = 0;
    deframer->group_left = 0;
    deframer->is_oversized = false;
    if (is_useless || is_empty)
        return 0;
    return is_whole ? 1 : -TR_DROP_FRAMING;
}

/* A run of TR_MAX_ENCODED_BYTES decodes to one byte less: `frame` has room. */
int tr_deframer_take(tr_deframer_t *deframer, uint8_t byte)
{
    if (byte == 0)
        return end_run(deframer);
    if (deframer->is_oversized)
        return 0;
    if (deframer->encoded_bytes == TR_MAX_ENCODED_BYTES) {
        deframer->is_oversized = true;
        return -TR_DROP_OVERSIZED;
    }
    const bool is_code = deframer->group_left == 0;
    if (deframer->encoded_bytes++ == 0)
        deframer->length = 0;
    else
        deframer->frame[deframer->length++] =
            is_code ? 0 : byte; /* but for the first, a code is a zero too */
    deframer->group_left = (uint8_t)((is_code ? byte : deframer->group_left) - 1);
    return 0;
}
