/* AES-128 (FIPS 197), encryption of one block: all that CCM needs. */
#ifndef TR_AES_H
#define TR_AES_H

#include <stdint.h>

enum { TR_AES_BYTES = 16 }; /* a block; a key has as many */

/* Encrypts `block` in place. Each round key is made as it is needed, in 16 bytes of stack. The time depends
 * on neither key nor block on an AVR, which has no cache (tr_aes_avr.S); elsewhere table look-ups may differ.
 */
void tr_aes_encrypt(const uint8_t key[16], uint8_t block[16]);

#endif
