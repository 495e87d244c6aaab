/*
 * What a node remembers without power (PROTOCOL.md section 16): its settings in two copies, and in slots the
 * first long counter that it has not reserved. A write that is cut off at any byte, that byte included,
 * leaves what was there before, or what was to be there.
 */
#ifndef TR_STORE_H
#define TR_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "tr_constants.h"

#define TR_LIMIT_BYTES (TR_SLOT_BYTES - TR_CRC_BYTES)

/* Where `read` finds the copy in flash; all 0xFF if there can be none. Below are the addresses of the EEPROM.
 */
#define TR_PAGE_ADDRESS 512u

/* The caller sets the two functions; tr_store_open the rest. */
typedef struct tr_store {
    uint8_t (*read)(uint16_t address);
    void (*write)(uint16_t address, uint8_t byte);
    bool has_settings;
    uint8_t generation; /* of the copy that counts */
    uint16_t copy_at;   /* its address */
    uint8_t slot;       /* the one that counts, or before the first to be written */
} tr_store_t;

/* What the slots tell of a node's long counter (10.2). */
enum tr_counter_state {
    TR_COUNTER_FOUND,
    TR_COUNTER_NEW,  /* all slots are erased: the first life of the settings is to be used */
    TR_COUNTER_LOST, /* a life must be drawn */
};

/* Looks for the copy and the slot that count, and takes over what is in flash, unless it was taken over
 * before (16.2). `limit` becomes the first long counter that is not reserved (life u32, counter u24), if it
 * is found. */
enum tr_counter_state tr_store_open(tr_store_t *store, uint8_t limit[TR_LIMIT_BYTES]);

/* The value of a setting (enum tr_setting). Returns its length, of which at most `capacity` bytes are in
 * `value`; 0, and nothing is written: it is left out. */
uint8_t tr_store_get(const tr_store_t *store, uint8_t key, void *value, uint8_t capacity);

typedef struct tr_change {
    uint8_t key;
    uint8_t length; /* 0: the entry is removed */
    const uint8_t *value;
} tr_change_t;

/* Changes all these settings, which stand in the order of their keys, or none. False if they do not fit, or
 * the memory does not keep what is written.
 */
bool tr_store_change(tr_store_t *store, const tr_change_t *changes, uint8_t count);

/* CRC-16 of the settings, as BOOT tells it (15.3); 0 if there are none. */
uint16_t tr_store_settings_crc(const tr_store_t *store);

/* Writes the limit to the next slot that keeps it. False if none does. */
bool tr_store_reserve(tr_store_t *store, const uint8_t limit[TR_LIMIT_BYTES]);

#endif
