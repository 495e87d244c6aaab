#include "tr_long_counter.h"

#include <string.h>

#include "tr_constants.h"
#include "tr_inline.h"

void tr_number_add(uint8_t *number, uint8_t place, uint8_t value)
{
    for (number += place;; number--) {
        *number = (uint8_t)(*number + value);
        if (*number >= value || place-- == 0)
            return;
        value = 1;
    }
}

TR_OUTLINE void tr_number_copy(uint8_t *number, const uint8_t *other)
{
    memcpy(number, other, TR_NUMBER_BYTES);
}

bool tr_long_counter_take(tr_long_counter_t *counter, tr_reserve_t reserve, void *context, uint8_t *number)
{
    if (counter->reserved == 0) {
        tr_number_copy(number, counter->next);
        tr_number_add(number, TR_NUMBER_BYTES - 2, TR_RESERVED_NUMBERS >> 8);
        if (!reserve(context, number))
            return false;
        counter->reserved = TR_RESERVED_NUMBERS;
    }
    counter->reserved--;
    tr_number_copy(number, counter->next);
    tr_number_add(counter->next, TR_NUMBER_BYTES - 1, 1);
    return true;
}
