/* Unsigned numbers in network byte order, byte by byte. For the core's own use. */
#ifndef TR_BYTES_H
#define TR_BYTES_H

#include <stdint.h>

#include "tr_inline.h"

TR_INLINE void tr_put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

TR_INLINE void tr_put_u24(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 16);
    tr_put_u16(at + 1, (uint16_t)value);
}

TR_INLINE void tr_put_u32(uint8_t *at, uint32_t value)
{
    tr_put_u16(at, (uint16_t)(value >> 16));
    tr_put_u16(at + 2, (uint16_t)value);
}

/* Numbers are put together byte by byte in their places: of shifts GCC makes several times the code on an
 * AVR. */
typedef union tr_number {
    uint8_t bytes[4];
    uint16_t u16;
    uint32_t u32;
} tr_number_t;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define TR_BYTE_OF(bytes, place) (place)
#else
#define TR_BYTE_OF(bytes, place) ((bytes) - 1 - (place))
#endif

TR_INLINE uint16_t tr_get_u16(const uint8_t *at)
{
    tr_number_t number;
    number.bytes[TR_BYTE_OF(2, 1)] = at[0];
    number.bytes[TR_BYTE_OF(2, 0)] = at[1];
    return number.u16;
}

TR_INLINE uint32_t tr_get_u32(const uint8_t *at)
{
    tr_number_t number;
    number.bytes[TR_BYTE_OF(4, 3)] = at[0];
    number.bytes[TR_BYTE_OF(4, 2)] = at[1];
    number.bytes[TR_BYTE_OF(4, 1)] = at[2];
    number.bytes[TR_BYTE_OF(4, 0)] = at[3];
    return number.u32;
}

TR_INLINE uint32_t tr_get_u24(const uint8_t *at)
{
    tr_number_t number;
    number.bytes[TR_BYTE_OF(4, 3)] = 0;
    number.bytes[TR_BYTE_OF(4, 2)] = at[0];
    number.bytes[TR_BYTE_OF(4, 1)] = at[1];
    number.bytes[TR_BYTE_OF(4, 0)] = at[2];
    return number.u32;
}

#endif
