// What happens before anything else at a start: the cause of the reset is kept, the watchdog is stopped, and
// the stack is painted.

#ifndef TREERING_START_H
#define TREERING_START_H

#include <stdint.h>

// Fills the RAM that the stack has not touched yet: an emulator or a debugger counts what is left of it.
constexpr uint8_t STACK_PAINT = 0xC5;

// As BOOT tells it (PROTOCOL.md 15.3).
uint8_t start_cause();

#endif
