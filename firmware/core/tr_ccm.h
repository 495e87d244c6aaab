/* AES-128-CCM with a tag of 8 bytes and a nonce of 13 (RFC 3610, M = 8, L = 2), in place. */
#ifndef TR_CCM_H
#define TR_CCM_H

#include <stdbool.h>
#include <stdint.h>

enum { TR_CCM_NONCE_BYTES = 13, TR_CCM_TAG_BYTES = 8 };

/* A message is `clear_bytes` that are authenticated alone, then `secret_bytes` that are encrypted too, then
 * the tag. */

/* Encrypts, and writes the tag. A nonce is never used twice under a key. */
void tr_ccm_seal(const uint8_t key[16], const uint8_t nonce[13], uint8_t *message, uint8_t clear_bytes,
                 uint8_t secret_bytes);

/* Decrypts, and leaves zeros for the tag. False if the tag is wrong: then the message is as it was, for
 * another key perhaps. The comparison takes the same time for every tag. */
bool tr_ccm_open(const uint8_t key[16], const uint8_t nonce[13], uint8_t *message, uint8_t clear_bytes,
                 uint8_t secret_bytes);

#endif
