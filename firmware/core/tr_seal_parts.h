/* What the parts of the seal call of one another. */
#ifndef TR_SEAL_PARTS_H
#define TR_SEAL_PARTS_H

#include "tr_seal.h"

/* A received frame while it is judged. */
typedef struct tr_sealed {
    uint8_t *frame;
    uint8_t length;
    uint8_t type;
    uint16_t source;
    bool is_to_all;
    bool is_proven; /* its sender is */
    uint8_t number[TR_NUMBER_BYTES];
} tr_sealed_t;

/* Header and payload, `length` bytes, become a sealed frame with that number. Returns its length. */
uint8_t tr_seal_encrypt(tr_seal_t *seal, uint8_t *frame, uint8_t length, const uint8_t *number);

/* Asks who sent a frame, for all or for this node alone, to prove its counter. */
void tr_seal_challenge(tr_seal_t *seal, uint16_t sender, bool is_to_all);

/* What a CHALLENGE and a RESPONSE with a right tag cause: 0 or a negative drop reason. */
int tr_seal_on_challenge(tr_seal_t *seal, const tr_sealed_t *challenge);
int tr_seal_on_response(tr_seal_t *seal, const tr_sealed_t *response);

#endif
