#include "identity.h"

#include <avr/eeprom.h>

#include "adc.h"
#include "core.h"

static const uint8_t ANALOG_PINS = 6;

static uint8_t *at(uint8_t address)
{
    return reinterpret_cast<uint8_t *>(address);
}

// FNV-1a (Fowler, Noll, Vo), 32 bits.
static void add(uint32_t &hash, uint8_t byte)
{
    hash = (hash ^ byte) * 16777619UL;
}

// A counter of 4 bytes wears its lowest byte most: 100,000 starts.
static void count_boot(uint32_t &hash)
{
    bool carry = true;
    for (uint8_t i = 4; i-- > 0;) {
        const uint8_t byte = eeprom_read_byte(at(BOOT_COUNTER_ADDRESS + i)) + carry;
        eeprom_update_byte(at(BOOT_COUNTER_ADDRESS + i), byte);
        carry = carry && byte == 0;
        add(hash, byte);
    }
}

uint16_t stored_node_id(uint16_t default_id)
{
    uint8_t record[TR_IDENTITY_BYTES];
    uint16_t node_id;
    eeprom_read_block(record, at(IDENTITY_ADDRESS), sizeof record);
    return tr_identity_read(record, &node_id) ? node_id : default_id;
}

uint32_t seed_of_this_boot(uint16_t node_id)
{
    uint32_t hash = 2166136261UL;
    add(hash, node_id >> 8);
    add(hash, node_id & 0xFF);
    count_boot(hash);
    for (uint8_t channel = 0; channel < ANALOG_PINS; ++channel) {
        const uint16_t level = adc_read(channel);
        add(hash, level >> 8);
        add(hash, level & 0xFF);
    }
    return hash;
}
