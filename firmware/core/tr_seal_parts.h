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

/* Opens a message of `source` with that number in place, or seals it; clear, secret and tag as in tr_ccm.h.
 * False: there is no such key, or the tag is wrong, and the message is as it was. */
bool tr_seal_crypt(const tr_seal_config_t *config, enum tr_key which, const uint8_t *source,
                   const uint8_t *number, uint8_t *message, uint8_t clear_bytes, uint8_t secret_bytes,
                   bool seals);

/* Header and payload, `length` bytes, become a frame with that number, sealed if the network is. Returns its
 * length. */
uint8_t tr_seal_encrypt(tr_seal_t *seal, uint8_t *frame, uint8_t length, const uint8_t *number);

/* Asks who sent a frame, for all or for this node alone, to prove its counter. */
void tr_seal_challenge(tr_seal_t *seal, uint16_t sender, bool is_to_all);

/* What a CHALLENGE and a RESPONSE with a right tag cause: 0 or a negative drop reason. */
int tr_seal_on_challenge(tr_seal_t *seal, const tr_sealed_t *challenge);
int tr_seal_on_response(tr_seal_t *seal, const tr_sealed_t *response);

#endif
