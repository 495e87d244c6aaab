/*
 * Who a node is, as its non-volatile memory says:
 *
 *     "TR" | layout u8 = 1 | node id u16 | CRC-16 of the five bytes before
 */
#ifndef TR_IDENTITY_H
#define TR_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#define TR_IDENTITY_BYTES 7

/* False if the bytes are no valid record: an erased or a foreign memory. */
bool tr_identity_read(const uint8_t *bytes, uint16_t *node_id);

void tr_identity_write(uint8_t *bytes, uint16_t node_id);

#endif
