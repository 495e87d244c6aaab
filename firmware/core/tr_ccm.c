#include "tr_ccm.h"

#include <string.h>

#include "tr_aes.h"

/* RFC 3610, 2.2 and 2.3: the first byte of a block that holds the nonce. */
enum {
    COUNTER_FLAGS = 0x01,   /* L - 1 */
    MAC_FLAGS = 0x19,       /* that, and (M - 2) / 2 in bits 3 to 5 */
    CLEAR_FLAG = 0x40,      /* there are clear bytes, */
    CLEAR_LENGTH_BYTES = 2, /* and their number precedes them */
};

/* B_0 or A_i, encrypted. Lengths and counters take 16 bits and do not reach 256. */
static void encrypt_nonce(const uint8_t *key, const uint8_t *nonce, uint8_t flags, uint8_t number,
                          uint8_t *block)
{
    block[0] = flags;
    memcpy(block + 1, nonce, TR_CCM_NONCE_BYTES);
    block[14] = 0;
    block[15] = number;
    tr_aes_encrypt(key, block);
}

/* Goes on with a CBC-MAC at `position` of the block; zeros fill the last block. */
static void absorb(const uint8_t *key, uint8_t *block, uint8_t position, const uint8_t *bytes, uint8_t length)
{
    while (length--) {
        block[position++] ^= *bytes++;
        if (position == TR_AES_BYTES || length == 0) {
            tr_aes_encrypt(key, block);
            position = 0;
        }
    }
}

/* Adds (bit by bit) the first bytes of the CBC-MAC to the tag. */
static void add_mac(const uint8_t *key, const uint8_t *nonce, uint8_t *message, uint8_t clear_bytes,
                    uint8_t secret_bytes)
{
    uint8_t block[TR_AES_BYTES];
    encrypt_nonce(key, nonce, clear_bytes ? MAC_FLAGS | CLEAR_FLAG : MAC_FLAGS, secret_bytes, block);
    block[1] ^= clear_bytes;
    absorb(key, block, CLEAR_LENGTH_BYTES, message, clear_bytes);
    absorb(key, block, 0, message + clear_bytes, secret_bytes);
    uint8_t *tag = message + clear_bytes + secret_bytes;
    for (uint8_t i = 0; i < TR_CCM_TAG_BYTES; i++)
        tag[i] ^= block[i];
}

/* Adds the key stream from A_`counter` on: encrypts, or decrypts. */
static void add_key_stream(const uint8_t *key, const uint8_t *nonce, uint8_t counter, uint8_t *bytes,
                           uint8_t length)
{
    uint8_t block[TR_AES_BYTES];
    for (uint8_t i = 0; i < length; i++) {
        if (i % TR_AES_BYTES == 0)
            encrypt_nonce(key, nonce, COUNTER_FLAGS, counter++, block);
        bytes[i] ^= block[i % TR_AES_BYTES];
    }
}

void tr_ccm_seal(const uint8_t key[16], const uint8_t nonce[13], uint8_t *message, uint8_t clear_bytes,
                 uint8_t secret_bytes)
{
    uint8_t *secret = message + clear_bytes;
    memset(secret + secret_bytes, 0, TR_CCM_TAG_BYTES);
    add_mac(key, nonce, message, clear_bytes, secret_bytes);
    add_key_stream(key, nonce, 0, secret + secret_bytes, TR_CCM_TAG_BYTES);
    add_key_stream(key, nonce, 1, secret, secret_bytes);
}

bool tr_ccm_open(const uint8_t key[16], const uint8_t nonce[13], uint8_t *message, uint8_t clear_bytes,
                 uint8_t secret_bytes)
{
    uint8_t sent_tag[TR_CCM_TAG_BYTES];
    uint8_t *secret = message + clear_bytes;
    uint8_t *tag = secret + secret_bytes;
    memcpy(sent_tag, tag, sizeof sent_tag);
    add_key_stream(key, nonce, 0, tag, TR_CCM_TAG_BYTES);
    add_key_stream(key, nonce, 1, secret, secret_bytes);
    add_mac(key, nonce, message, clear_bytes, secret_bytes); /* nothing is left of the right tag */
    uint8_t difference = 0;
    for (uint8_t i = 0; i < TR_CCM_TAG_BYTES; i++)
        difference |= tag[i];
    if (difference == 0)
        return true;
    add_key_stream(key, nonce, 1, secret, secret_bytes);
    memcpy(tag, sent_tag, sizeof sent_tag);
    return false;
}
