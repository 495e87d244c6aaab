// Sensirion SHT31 over I2C: single-shot measurements without clock stretching.
// Source: Datasheet SHT3x-DIS, version 7, sections 4.3 to 4.13.

#ifndef TREERING_SHT31_H
#define TREERING_SHT31_H

#include <stdint.h>

enum class Sht31Error : uint8_t {
    none,
    unanswered, // nobody acknowledged the address: no sensor, or one that is still measuring
    bus,        // the bus is stuck, or a transfer was cut short
    checksum,   // a word arrived that does not match its CRC-8
};

// A measurement as the sensor sends it: 0..65535 over -45..130 degC, and over 0..100 %RH.
struct Sht31Measurement {
    uint16_t temperature_ticks;
    uint16_t humidity_ticks;
};

// No call waits: start() begins a measurement, read() fetches it measurement_ms later.
// A stuck bus holds a call up for 2 ms at most.
class Sht31 {
public:
    // The datasheet's 15.5 ms, counted by millis(): 18 counts take at least 16 whole ticks of 1.024 ms,
    // since the first tick may be cut short and one in 42 counts double.
    static constexpr uint8_t measurement_ms = 18;

    explicit Sht31(uint8_t address) : address_(address) {}

    void begin();
    Sht31Error start();
    Sht31Error read(Sht31Measurement &measurement);

private:
    uint8_t address_;
};

// One byte on the wire, rounded to nearest and clamped: (degC + 40) / 0.5 and %RH / 0.5.
uint8_t sht31_temperature_raw(uint16_t ticks);
uint8_t sht31_humidity_raw(uint16_t ticks);

#endif
