#include "start.h"

#include <avr/io.h>
#include <avr/wdt.h>

extern uint8_t _end; // of the static variables; the linker's

// Between setting up the stack and the variables. After a watchdog reset the watchdog runs on, as fast as it
// can.
extern "C" void at_start() __attribute__((naked, used, section(".init3")));
void at_start()
{
    GPIOR2 = MCUSR; // free for general purposes
    MCUSR = 0;
    wdt_disable();
    for (uint8_t *at = &_end; at <= reinterpret_cast<uint8_t *>(RAMEND); ++at) {
        *at = STACK_PAINT;
    }
}

// A bootloader may have cleared the flags: unknown.
uint8_t start_cause()
{
    const uint8_t flags = GPIOR2;
    if (flags & _BV(PORF)) {
        return 1;
    }
    if (flags & _BV(BORF)) {
        return 3;
    }
    if (flags & _BV(WDRF)) {
        return 4;
    }
    return flags & _BV(EXTRF) ? 2 : 0;
}
