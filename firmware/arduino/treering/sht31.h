// Sensirion SHT31 over I2C: single-shot measurements without clock stretching.
// Source: Datasheet SHT3x-DIS, version 7, sections 4.3 to 4.13.

#ifndef TREERING_SHT31_H
#define TREERING_SHT31_H

#include <stdint.h>

#include "twi.h"

// The datasheet's 15.5 ms, counted by clock_ms(), of which the first may be cut short.
constexpr uint8_t SHT31_MEASUREMENT_MS = 17;

// One byte each on the wire, rounded to nearest and clamped: (degC + 40) / 0.5 and %RH / 0.5.
struct Climate {
    uint8_t temperature_raw;
    uint8_t humidity_raw;
};

// Neither call waits: sht31_start() begins a measurement, sht31_read() fetches it SHT31_MEASUREMENT_MS later.
// The sensor refuses while it measures.
TwiResult sht31_start();

// False if there was no answer, or one that does not match its CRC-8.
bool sht31_read(Climate &climate);

#endif
