#include "tr_store.h"

#include <string.h>

#include "tr_bytes.h"
#include "tr_frame.h"

/* A copy, and an entry in it, begin with two bytes, of which the second is the length of what follows. */
enum { GENERATION_AT, LENGTH_AT, HEAD_BYTES, NO_LENGTH = 0xFF, ERASED = 0xFF };

#define MOST_BYTES (HEAD_BYTES + TR_MAX_SETTINGS_BYTES) /* without the CRC */

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

/* Reads a copy. Returns the bytes before its CRC; 0: it is not whole. */
static uint8_t read_copy(const tr_store_t *store, uint16_t address, uint8_t bytes[TR_COPY_BYTES])
{
    read_bytes(store, address, bytes, TR_COPY_BYTES);
    const uint8_t length = bytes[LENGTH_AT];
    if (length > TR_MAX_SETTINGS_BYTES)
        return 0;
    const uint8_t end = (uint8_t)(HEAD_BYTES + length);
    return tr_crc16(bytes, end) == tr_get_u16(bytes + end) ? end : 0;
}

/* Writes settings as the copy that counts from now on. The length is taken away first and written last: what
 * lies between is no copy. */
static bool write_copy(tr_store_t *store, uint8_t bytes[TR_COPY_BYTES])
{
    const uint16_t address = store->has_settings && store->copy_at == 0 ? TR_COPY_BYTES : 0;
    const uint8_t generation = (uint8_t)(store->generation + 1);
    const uint8_t length = bytes[LENGTH_AT];
    const uint8_t end = (uint8_t)(HEAD_BYTES + length);
    bytes[GENERATION_AT] = generation;
    tr_put_u16(bytes + end, tr_crc16(bytes, end));
    bytes[LENGTH_AT] = NO_LENGTH;
    store->write((uint16_t)(address + LENGTH_AT), NO_LENGTH);
    write_bytes(store, address, bytes, (uint8_t)(end + TR_CRC_BYTES));
    store->write((uint16_t)(address + LENGTH_AT), length);
    if (read_copy(store, address, bytes) != end)
        return false;
    store->has_settings = true;
    store->generation = generation;
    store->copy_at = address;
    return true;
}

static void open_copies(tr_store_t *store)
{
    uint8_t bytes[TR_COPY_BYTES];
    store->has_settings = false;
    for (uint8_t i = 0; i < 2; i++) {
        const uint16_t address = i ? TR_COPY_BYTES : 0;
        if (!read_copy(store, address, bytes))
            continue;
        if (!store->has_settings || (int8_t)(bytes[GENERATION_AT] - store->generation) > 0) {
            store->has_settings = true;
            store->generation = bytes[GENERATION_AT];
            store->copy_at = address;
        }
    }
}

static void take_over(tr_store_t *store)
{
    uint8_t bytes[TR_COPY_BYTES];
    uint8_t origin[TR_CRC_BYTES];
    uint8_t crc[TR_CRC_BYTES];
    const uint8_t end = read_copy(store, TR_PAGE_ADDRESS, bytes);
    if (!end)
        return;
    memcpy(crc, bytes + end, TR_CRC_BYTES);
    read_bytes(store, TR_ORIGIN_ADDRESS, origin, TR_CRC_BYTES);
    if (memcmp(crc, origin, TR_CRC_BYTES) != 0 && write_copy(store, bytes))
        write_bytes(store, TR_ORIGIN_ADDRESS, crc, TR_CRC_BYTES);
}

uint8_t tr_store_get(const tr_store_t *store, uint8_t key, void *value, uint8_t capacity)
{
    if (!store->has_settings)
        return 0;
    uint16_t at = (uint16_t)(store->copy_at + HEAD_BYTES);
    const uint16_t end = (uint16_t)(at + store->read((uint16_t)(at - 1)));
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

static bool apply(uint8_t bytes[TR_COPY_BYTES], const tr_change_t *change)
{
    const uint16_t end = (uint16_t)(HEAD_BYTES + bytes[LENGTH_AT]);
    uint16_t at = HEAD_BYTES;
    while (at < end && bytes[at] < change->key)
        at = (uint16_t)(at + HEAD_BYTES + bytes[at + LENGTH_AT]);
    uint16_t after = at;
    if (at < end && bytes[at] == change->key)
        after = (uint16_t)(at + HEAD_BYTES + bytes[at + LENGTH_AT]);
    const uint16_t added = change->length ? (uint16_t)(HEAD_BYTES + change->length) : 0;
    const uint16_t new_end = (uint16_t)(end - after + at + added);
    if (after > end || new_end > MOST_BYTES)
        return false;
    memmove(bytes + at + added, bytes + after, (size_t)(end - after));
    if (added) {
        bytes[at] = change->key;
        bytes[at + LENGTH_AT] = change->length;
        memcpy(bytes + at + HEAD_BYTES, change->value, change->length);
    }
    bytes[LENGTH_AT] = (uint8_t)(new_end - HEAD_BYTES);
    return true;
}

bool tr_store_change(tr_store_t *store, const tr_change_t *changes, uint8_t count)
{
    uint8_t bytes[TR_COPY_BYTES];
    bytes[LENGTH_AT] = 0;
    if (store->has_settings)
        read_bytes(store, store->copy_at, bytes, TR_COPY_BYTES);
    for (; count > 0; count--) {
        if (!apply(bytes, changes++))
            return false;
    }
    return write_copy(store, bytes);
}

uint16_t tr_store_settings_crc(const tr_store_t *store)
{
    uint8_t bytes[TR_COPY_BYTES];
    if (!store->has_settings)
        return 0;
    read_bytes(store, store->copy_at, bytes, TR_COPY_BYTES);
    return tr_crc16(bytes + HEAD_BYTES, bytes[LENGTH_AT]);
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
