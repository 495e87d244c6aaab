/* Serial-number arithmetic for versions (RFC 1982 with SERIAL_BITS = 16). For the core's own use. */
#ifndef TR_SERIAL_NUMBER_H
#define TR_SERIAL_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* How many rounds `newer` is ahead of `older`, from -32768 to 32767. */
static inline int16_t tr_version_distance(uint16_t newer, uint16_t older)
{
    return (int16_t)(uint16_t)(newer - older);
}

static inline bool tr_version_is_newer(uint16_t a, uint16_t b)
{
    return tr_version_distance(a, b) > 0;
}

#endif
