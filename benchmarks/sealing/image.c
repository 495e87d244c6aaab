/* The core's sealing with room for what it works on. Nothing runs by itself: avr_program.c calls the
 * functions. */
#include <string.h>

#include "tr_seal.h"

uint8_t key[TR_KEY_BYTES], nonce[13], message[128];
tr_seal_t seal;

static bool read_key(void *context, enum tr_key which, uint8_t *copy)
{
    (void)context;
    memcpy(copy, key, TR_KEY_BYTES);
    return which != TR_KEY_NEXT_NETWORK;
}

static void begin_epoch(void *context)
{
    (void)context;
}

static bool reserve(void *context, const uint8_t *limit)
{
    (void)context;
    (void)limit;
    return true;
}

const tr_seal_config_t config = {
    .node_id = 7,
    .read_key = read_key,
    .begin_epoch = begin_epoch,
    .reserve = reserve,
};

void prove(uint16_t sender, const uint8_t *number)
{
    tr_senders_prove(seal.senders, sender, number);
}

int main(void)
{
    for (;;)
        ;
}
