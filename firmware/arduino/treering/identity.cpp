#include "identity.h"

#include <Arduino.h>
#include <EEPROM.h>

#include "core.h"

namespace {

// FNV-1a (Fowler, Noll, Vo), 32 bits.
class Hash {
public:
    void add(uint8_t byte) { value_ = (value_ ^ byte) * 16777619UL; }
    uint32_t value() const { return value_; }

private:
    uint32_t value_ = 2166136261UL;
};

// A counter of 4 bytes wears its lowest byte most: 100,000 starts.
void count_boot(Hash &hash)
{
    bool carry = true;
    for (uint8_t i = 4; i-- > 0;) {
        const uint8_t byte = EEPROM.read(BOOT_COUNTER_ADDRESS + i) + carry;
        EEPROM.update(BOOT_COUNTER_ADDRESS + i, byte);
        carry = carry && byte == 0;
        hash.add(byte);
    }
}

} // namespace

uint16_t stored_node_id(uint16_t default_id)
{
    uint8_t record[TR_IDENTITY_BYTES];
    uint16_t node_id;
    for (uint8_t i = 0; i < sizeof record; ++i) {
        record[i] = EEPROM.read(IDENTITY_ADDRESS + i);
    }
    return tr_identity_read(record, &node_id) ? node_id : default_id;
}

uint32_t seed_of_this_boot(uint16_t node_id)
{
    Hash hash;
    hash.add(node_id >> 8);
    hash.add(node_id & 0xFF);
    count_boot(hash);
    for (uint8_t channel = 0; channel < NUM_ANALOG_INPUTS; ++channel) {
        const int level = analogRead(channel);
        hash.add(level >> 8);
        hash.add(level & 0xFF);
    }
    return hash.value();
}
