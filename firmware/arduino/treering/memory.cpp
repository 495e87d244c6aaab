#include "memory.h"

#include <avr/eeprom.h>
#include <avr/pgmspace.h>
#include <avr/wdt.h>
#include <string.h>

#include "adc.h"
#include "clock.h"
#include "hardware.h"

static const uint8_t MOST_LISTED = 16;
static const uint8_t NOISE_READINGS = 32;
static const uint8_t SLOTS_BYTES = TR_SLOTS * TR_SLOT_BYTES;

static uint8_t read(uint16_t address)
{
    if (address < TR_PAGE_ADDRESS) {
        return eeprom_read_byte(reinterpret_cast<uint8_t *>(address));
    }
#if FLASHEND > 0xFFFF
    return pgm_read_byte_far(SETTINGS_PAGE + (address - TR_PAGE_ADDRESS));
#else
    return pgm_read_byte(SETTINGS_PAGE + (address - TR_PAGE_ADDRESS));
#endif
}

// A byte takes 3.4 ms, a copy of the settings half a second.
static void write(uint16_t address, uint8_t byte)
{
    eeprom_update_byte(reinterpret_cast<uint8_t *>(address), byte);
    clock_ms();
    wdt_reset();
}

tr_store_t memory = {read, write, false, 0, 0, 0};

uint32_t memory_seed(const uint8_t *bytes, uint8_t count)
{
    tr_jitter_t mixed = {1};
    while (count--) {
        mixed.state ^= *bytes++;
        tr_jitter_below(&mixed, 0);
    }
    for (uint8_t i = 0; i < NOISE_READINGS; ++i) {
        mixed.state ^= adc_read(i % 8);
        tr_jitter_below(&mixed, 0);
    }
    // The pins may be quiet: what is left of lost slots tells this loss from those before.
    for (uint8_t i = 0; i < SLOTS_BYTES; ++i) {
        mixed.state ^= read(TR_SLOTS_ADDRESS + i);
        tr_jitter_below(&mixed, 0);
    }
    return mixed.state;
}

tr_counter_state memory_begin(uint8_t first[TR_LIMIT_BYTES])
{
    const tr_counter_state state = tr_store_open(&memory, first);
    if (state != TR_COUNTER_FOUND) {
        const uint32_t drawn = memory_seed(first, TR_LIMIT_BYTES);
        memcpy(first, &drawn, sizeof drawn);
        if (state == TR_COUNTER_NEW) {
            tr_store_get(&memory, TR_SETTING_FIRST_LIFE, first, sizeof drawn);
        }
    }
    return state;
}

// Big-endian, into a number that says what there is without it.
static uint32_t setting(tr_setting key, uint8_t count, uint32_t otherwise)
{
    uint8_t bytes[4];
    if (tr_store_get(&memory, key, bytes, count) != count) {
        return otherwise;
    }
    uint32_t value = 0;
    for (uint8_t i = 0; i < count; ++i) {
        value = value << 8 | bytes[i];
    }
    return value;
}

uint8_t setting_u8(tr_setting key, uint8_t otherwise)
{
    return setting(key, 1, otherwise);
}

uint16_t setting_u16(tr_setting key, uint16_t otherwise)
{
    return setting(key, 2, otherwise);
}

uint32_t setting_u32(tr_setting key, uint32_t otherwise)
{
    return setting(key, 4, otherwise);
}

uint8_t setting_nodes(tr_setting key, uint16_t *nodes, uint8_t capacity)
{
    uint8_t bytes[2 * MOST_LISTED];
    uint8_t count = tr_store_get(&memory, key, bytes, sizeof bytes) / 2;
    if (count > capacity) {
        count = capacity;
    }
    for (uint8_t i = 0; i < count; ++i) {
        nodes[i] = uint16_t(bytes[2 * i]) << 8 | bytes[2 * i + 1];
    }
    return count;
}
