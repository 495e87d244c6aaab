// What the board remembers without power (PROTOCOL.md section 16), and a number that differs from start to
// start.

#ifndef TREERING_MEMORY_H
#define TREERING_MEMORY_H

#include "core.h"

// The board's EEPROM, and its page in flash.
extern tr_store_t memory;

// Opens it. `first` becomes the first long counter that is not reserved: that which the memory tells, the
// first life of the settings, or a life drawn at random.
tr_counter_state memory_begin(uint8_t first[TR_LIMIT_BYTES]);

// From the noise on the analog pins, the counter slots, and what is given.
uint32_t memory_seed(const uint8_t *bytes, uint8_t count);

// A setting of one, two or four bytes; `otherwise`, if there is none.
uint8_t setting_u8(tr_setting key, uint8_t otherwise);
uint16_t setting_u16(tr_setting key, uint16_t otherwise);
uint32_t setting_u32(tr_setting key, uint32_t otherwise);

// Nodes that a setting lists, at most as many as `nodes` holds; returns how many.
uint8_t setting_nodes(tr_setting key, uint16_t *nodes, uint8_t capacity);

#endif
