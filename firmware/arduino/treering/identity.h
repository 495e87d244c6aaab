// Who this board is, and a seed that differs from reset to reset.

#ifndef TREERING_IDENTITY_H
#define TREERING_IDENTITY_H

#include <stdint.h>

// EEPROM: the record of tr_identity.h, then how often the board has started (most significant byte first).
constexpr uint8_t IDENTITY_ADDRESS = 0;
constexpr uint8_t BOOT_COUNTER_ADDRESS = 8;

// The id that the EEPROM says, or `default_id` if it says none.
uint16_t stored_node_id(uint16_t default_id);

// From the boot counter, which this counts up, and from the noise on the analog pins.
uint32_t seed_of_this_boot(uint16_t node_id);

#endif
