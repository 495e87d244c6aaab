/* What the parts of the seal, and the letters, call of one another. */
#ifndef TR_SEAL_PARTS_H
#define TR_SEAL_PARTS_H

#include "tr_seal.h"

/* Where the number stands in a nonce: after the source. */
enum { TR_NONCE_NUMBER_AT = 2 };

/* A received frame while it is judged; its name is the seal's nonce. */
typedef struct tr_sealed {
    uint8_t *frame;
    uint8_t length; /* without the tag */
    uint16_t source;
    bool shows_life;
    bool is_to_all;
    bool is_mine;
    bool is_proven; /* its sender is */
} tr_sealed_t;

static inline bool tr_seal_is_open(const tr_seal_t *seal)
{
    return TR_CAN_BE_OPEN && seal->config->is_open;
}

/* Opens a message whose name is the seal's nonce in place, or seals it; clear, secret and tag as in tr_ccm.h.
 * False: there is no such key, or the tag is wrong, and the message is as it was. */
bool tr_seal_crypt(tr_seal_t *seal, enum tr_key which, uint8_t *message, uint8_t clear_bytes,
                   uint8_t secret_bytes, bool seals);

/* The node's own name with a number that was never used becomes the nonce. False: none could be reserved. */
bool tr_seal_name(tr_seal_t *seal);

/* Header and payload, `length` bytes, become a frame with that name, sealed if the network is. Returns its
 * length. */
uint8_t tr_seal_encrypt(tr_seal_t *seal, uint8_t *frame, uint8_t length);

/* A frame of the node's own but for its payload. */
void tr_seal_head(const tr_seal_t *seal, uint8_t *frame, uint8_t type, uint16_t destination);

/* The time of the call that runs. Gives up CHALLENGEs and RESPONSEs that are over. */
void tr_seal_pass_time(tr_seal_t *seal, uint32_t now_ms);

/* Asks a node, or all, to prove its counter, now or within a jitter. */
void tr_seal_challenge(tr_seal_t *seal, uint16_t peer, bool is_spread);

/* What a CHALLENGE and a RESPONSE with a right tag cause: 0 or a negative drop reason. */
int tr_seal_on_challenge(tr_seal_t *seal, const tr_sealed_t *challenge);
int tr_seal_on_response(tr_seal_t *seal, const tr_sealed_t *response);

#endif
