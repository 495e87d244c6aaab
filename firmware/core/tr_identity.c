#include "tr_identity.h"

#include <string.h>

#include "tr_bytes.h"
#include "tr_frame.h"

enum { LAYOUT = 1, CRC_AT = TR_IDENTITY_BYTES - TR_CRC_BYTES };

void tr_identity_write(uint8_t *bytes, uint16_t node_id)
{
    bytes[0] = 'T';
    bytes[1] = 'R';
    bytes[2] = LAYOUT;
    tr_put_u16(bytes + 3, node_id);
    tr_put_u16(bytes + CRC_AT, tr_crc16(bytes, CRC_AT));
}

bool tr_identity_read(const uint8_t *bytes, uint16_t *node_id)
{
    uint8_t expected[TR_IDENTITY_BYTES];
    *node_id = tr_get_u16(bytes + 3);
    tr_identity_write(expected, *node_id);
    return memcmp(bytes, expected, sizeof expected) == 0 && *node_id <= TR_MAX_NODE_ID;
}
