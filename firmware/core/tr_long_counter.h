/* The long counter, which numbers frames and letters and never repeats (PROTOCOL.md 10.2). A number is life
 * and counter as on the wire: 7 bytes. */
#ifndef TR_LONG_COUNTER_H
#define TR_LONG_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

enum {
    TR_LIFE_BYTES = 4,
    TR_NUMBER_BYTES = 7,
};

/* Writes to non-volatile memory that all numbers before `limit` may have been used. False if it could not. */
typedef bool (*tr_reserve_t)(void *context, const uint8_t *limit);

typedef struct tr_long_counter {
    uint8_t next[TR_NUMBER_BYTES];
    uint16_t reserved; /* so many from `next` on are */
} tr_long_counter_t;

/* Gives a number that was never used, and reserves more when that is due. False if that failed. */
bool tr_long_counter_take(tr_long_counter_t *counter, tr_reserve_t reserve, void *context, uint8_t *number);

void tr_number_copy(uint8_t *number, const uint8_t *other);

/* Adds to the byte at `place`, and carries. */
void tr_number_add(uint8_t *number, uint8_t place, uint8_t value);

#endif
