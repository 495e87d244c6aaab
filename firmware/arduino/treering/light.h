// The board's light (pin 13). A frame in or out: a flash of 30 ms. What is wrong, every 4 s: so many flashes
// of 128 ms, the worst that there is:
//
//     4  the counter was lost: others must prove the node anew
//     3  there are no settings: it runs with defaults
//     2  a sensor does not answer
//     1  it searches: it has found nobody yet
//     0  all is well

#ifndef TREERING_LIGHT_H
#define TREERING_LIGHT_H

#include <stdint.h>

enum : uint8_t {
    LIGHT_WELL,
    LIGHT_SEARCHING,
    LIGHT_SENSOR_MISSING,
    LIGHT_SETTINGS_LOST,
    LIGHT_COUNTER_LOST,
};

void light_begin();

// A frame came or went.
void light_flash(uint32_t now_ms);

// To be called every millisecond.
void light_handle_timer(uint8_t code, uint32_t now_ms);

#endif
