/* Unsigned numbers in network byte order, byte by byte. For the core's own use. */
#ifndef TR_BYTES_H
#define TR_BYTES_H

#include <stdint.h>

static inline void tr_put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void tr_put_u24(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 16);
    tr_put_u16(at + 1, (uint16_t)value);
}

static inline void tr_put_u32(uint8_t *at, uint32_t value)
{
    tr_put_u16(at, (uint16_t)(value >> 16));
    tr_put_u16(at + 2, (uint16_t)value);
}

static inline uint16_t tr_get_u16(const uint8_t *at)
{
    return (uint16_t)((uint16_t)at[0] << 8 | at[1]);
}

static inline uint32_t tr_get_u24(const uint8_t *at)
{
    return (uint32_t)at[0] << 16 | tr_get_u16(at + 1);
}

static inline uint32_t tr_get_u32(const uint8_t *at)
{
    return (uint32_t)tr_get_u16(at) << 16 | tr_get_u16(at + 2);
}

#endif
