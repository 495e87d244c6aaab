#include "tr_store.h"

#include <stddef.h>
#include <string.h>

#include "tr_bytes.h"
#include "tr_frame.h"

/* A copy, and an entry in it, begin with two bytes, of which the second is the length of what follows. */
enum {
    LENGTH_AT = 1,
    HEAD_BYTES = 2,
    NO_LENGTH = 0xFF,
    NO_KEY = 0xFF,
    ERASED = 0xFF,
};

#define NO_COPY 0xFFF0u /* at no address */
#define CRC_START 0xFFFFu

static void read_bytes(const tr_store_t *store, uint16_t address, uint8_t *bytes, uint8_t count)
{
    while (count--)
        *bytes++ = store->read(address++);
}

static void write_bytes(const tr_store_t *store, uint16_t address, const uint8_t *bytes, uint8_t count)
{
    while (count--)
        store->write(address++, *bytes++);
}

/* --- copies --- */

static uint16_t add_crc(const tr_store_t *store, uint16_t crc, uint16_t address, uint8_t count)
{
    while (count--)
        crc = tr_crc16_add(crc, store->read(address++));
    return crc;
}

static uint8_t length_of(const tr_store_t *store, uint16_t copy_at)
{
    return store->read((uint16_t)(copy_at + LENGTH_AT));
}

/* The CRC over anything that ends in its CRC is 0. */
static bool is_whole(const tr_store_t *store, uint16_t copy_at)
{
    const uint8_t length = length_of(store, copy_at);
    return length <= TR_MAX_SETTINGS_BYTES &&
           add_crc(store, CRC_START, copy_at, (uint8_t)(HEAD_BYTES + TR_CRC_BYTES + length)) == 0;
}

static void open_copies(tr_store_t *store)
{
    store->has_settings = false;
    for (uint8_t i = 0; i < 2; i++) {
        const uint16_t copy_at = i ? TR_COPY_BYTES : 0;
        const uint8_t generation = store->read(copy_at);
        if (!is_whole(store, copy_at))
            continue;
        if (!store->has_settings || (int8_t)(generation - store->generation) > 0) {
            store->has_settings = true;
            store->generation = generation;
            store->copy_at = copy_at;
        }
    }
}

/* Writes the entries of the copy at `from` with the changes to `to`. Returns where they end; 0: they do not
 * fit. */
static uint16_t write_entries(const tr_store_t *store, uint16_t from, uint16_t to, const tr_change_t *changes,
                              uint8_t count)
{
    const uint16_t limit = (uint16_t)(to + HEAD_BYTES + TR_MAX_SETTINGS_BYTES);
    const uint16_t end = (uint16_t)(from == NO_COPY ? 0 : from + HEAD_BYTES + length_of(store, from));
    uint16_t at = (uint16_t)(from + HEAD_BYTES);
    to = (uint16_t)(to + HEAD_BYTES);
    while (at < end || count) {
        uint8_t key = NO_KEY;
        uint16_t bytes = 0;
        if (at < end) {
            key = store->read(at);
            bytes = (uint16_t)(HEAD_BYTES + store->read((uint16_t)(at + LENGTH_AT)));
        }
        if (count && changes->key <= key) {
            if (changes->key == key)
                at = (uint16_t)(at + bytes);
            if (changes->length) {
                if (to + HEAD_BYTES + changes->length > limit)
                    return 0;
                store->write(to++, changes->key);
                store->write(to++, changes->length);
                write_bytes(store, to, changes->value, changes->length);
                to = (uint16_t)(to + changes->length);
            }
            changes++;
            count--;
            continue;
        }
        if (to + bytes > limit)
            return 0;
        while (bytes--)
            store->write(to++, store->read(at++));
    }
    return to;
}

/* Writes the copy that counts from now on: that at `from` with the changes. The length is taken away first
 * and written last: what lies between is no copy. */
static bool write_copy(tr_store_t *store, uint16_t from, const tr_change_t *changes, uint8_t count)
{
    const uint16_t to = store->has_settings && store->copy_at == 0 ? TR_COPY_BYTES : 0;
    const uint8_t generation = (uint8_t)(store->generation + 1);
    store->write((uint16_t)(to + LENGTH_AT), NO_LENGTH);
    store->write(to, generation);
    const uint16_t end = write_entries(store, from, to, changes, count);
    if (end == 0)
        return false;
    const uint8_t length = (uint8_t)(end - to - HEAD_BYTES);
    uint16_t crc = tr_crc16_add(tr_crc16_add(CRC_START, generation), length);
    crc = add_crc(store, crc, (uint16_t)(to + HEAD_BYTES), length);
    store->write(end, (uint8_t)(crc >> 8));
    store->write((uint16_t)(end + 1), (uint8_t)crc);
    store->write((uint16_t)(to + LENGTH_AT), length);
    if (!is_whole(store, to))
        return false;
    store->has_settings = true;
    store->generation = generation;
    store->copy_at = to;
    return true;
}

bool tr_store_change(tr_store_t *store, const tr_change_t *changes, uint8_t count)
{
    return write_copy(store, store->has_settings ? store->copy_at : NO_COPY, changes, count);
}

static void take_over(tr_store_t *store)
{
    uint8_t crc[TR_CRC_BYTES];
    uint8_t origin[TR_CRC_BYTES];
    if (!is_whole(store, TR_PAGE_ADDRESS))
        return;
    const uint8_t end = (uint8_t)(HEAD_BYTES + length_of(store, TR_PAGE_ADDRESS));
    read_bytes(store, (uint16_t)(TR_PAGE_ADDRESS + end), crc, TR_CRC_BYTES);
    read_bytes(store, TR_ORIGIN_ADDRESS, origin, TR_CRC_BYTES);
    if (memcmp(crc, origin, TR_CRC_BYTES) != 0 && write_copy(store, TR_PAGE_ADDRESS, NULL, 0))
        write_bytes(store, TR_ORIGIN_ADDRESS, crc, TR_CRC_BYTES);
}

uint8_t tr_store_get(const tr_store_t *store, uint8_t key, void *value, uint8_t capacity)
{
    if (!store->has_settings)
        return 0;
    uint16_t at = (uint16_t)(store->copy_at + HEAD_BYTES);
    const uint16_t end = (uint16_t)(at + length_of(store, store->copy_at));
    while (at < end) {
        const uint8_t found = store->read(at++);
        const uint8_t length = store->read(at++);
        if (found == key) {
            read_bytes(store, at, value, length < capacity ? length : capacity);
            return length;
        }
        at = (uint16_t)(at + length);
    }
    return 0;
}

uint16_t tr_store_settings_crc(const tr_store_t *store)
{
    if (!store->has_settings)
        return 0;
    return add_crc(store, CRC_START, (uint16_t)(store->copy_at + HEAD_BYTES),
                   length_of(store, store->copy_at));
}

/* --- slots --- */

static uint16_t slot_address(uint8_t slot)
{
    return (uint16_t)(TR_SLOTS_ADDRESS + slot * TR_SLOT_BYTES);
}

/* Numbers in network byte order compare as their bytes. */
static enum tr_counter_state open_slots(tr_store_t *store, uint8_t limit[TR_LIMIT_BYTES])
{
    enum tr_counter_state state = TR_COUNTER_NEW;
    store->slot = TR_SLOTS - 1;
    memset(limit, 0, TR_LIMIT_BYTES);
    for (uint8_t i = 0; i < TR_SLOTS; i++) {
        uint8_t bytes[TR_SLOT_BYTES];
        read_bytes(store, slot_address(i), bytes, TR_SLOT_BYTES);
        if (tr_crc16(bytes, TR_SLOT_BYTES) == 0) { /* as over anything that ends in its CRC */
            state = TR_COUNTER_FOUND;
            if (memcmp(bytes, limit, TR_LIMIT_BYTES) >= 0) {
                memcpy(limit, bytes, TR_LIMIT_BYTES);
                store->slot = i;
            }
        }
        for (uint8_t at = 0; at < TR_SLOT_BYTES; at++) {
            if (bytes[at] != ERASED && state == TR_COUNTER_NEW)
                state = TR_COUNTER_LOST;
        }
    }
    return state;
}

bool tr_store_reserve(tr_store_t *store, const uint8_t limit[TR_LIMIT_BYTES])
{
    uint8_t bytes[TR_SLOT_BYTES];
    uint8_t kept[TR_SLOT_BYTES];
    memcpy(bytes, limit, TR_LIMIT_BYTES);
    tr_put_u16(bytes + TR_LIMIT_BYTES, tr_crc16(bytes, TR_LIMIT_BYTES));
    for (uint8_t tries = TR_SLOTS; tries > 0; tries--) {
        store->slot = (store->slot + 1u) % TR_SLOTS;
        write_bytes(store, slot_address(store->slot), bytes, TR_SLOT_BYTES);
        read_bytes(store, slot_address(store->slot), kept, TR_SLOT_BYTES);
        if (memcmp(kept, bytes, TR_SLOT_BYTES) == 0)
            return true;
    }
    return false;
}

enum tr_counter_state tr_store_open(tr_store_t *store, uint8_t limit[TR_LIMIT_BYTES])
{
    open_copies(store);
    take_over(store);
    return open_slots(store, limit);
}
