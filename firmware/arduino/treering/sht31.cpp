#include "sht31.h"

#include <Wire.h>

namespace {

constexpr uint16_t MEASURE_HIGH_REPEATABILITY = 0x2400; // without clock stretching (table 9)
constexpr uint8_t WORD_BYTES = 3;                       // most significant byte, least, CRC-8

// Well above the 0.7 ms of the longest transfer at 100 kHz, well below the 5.5 ms
// in which 115200 baud fills the 64 bytes of the serial buffer.
constexpr uint32_t BUS_TIMEOUT_US = 2000;

// Polynomial 0x31, initial value 0xFF (table 20).
uint8_t crc8(const uint8_t *bytes, uint8_t length)
{
    uint8_t crc = 0xFF;
    while (length--) {
        crc ^= *bytes++;
        for (uint8_t bit = 0; bit < 8; ++bit) {
            crc = crc & 0x80 ? (crc << 1) ^ 0x31 : crc << 1;
        }
    }
    return crc;
}

bool parse_word(const uint8_t *bytes, uint16_t &word)
{
    word = (uint16_t(bytes[0]) << 8) | bytes[1];
    return crc8(bytes, 2) == bytes[2];
}

Sht31Error nack_or_bus_error()
{
    if (!Wire.getWireTimeoutFlag()) {
        return Sht31Error::unanswered;
    }
    Wire.clearWireTimeoutFlag();
    return Sht31Error::bus;
}

} // namespace

void Sht31::begin()
{
    Wire.begin();
    Wire.setWireTimeout(BUS_TIMEOUT_US, true);
}

Sht31Error Sht31::start()
{
    Wire.beginTransmission(address_);
    Wire.write(uint8_t(MEASURE_HIGH_REPEATABILITY >> 8));
    Wire.write(uint8_t(MEASURE_HIGH_REPEATABILITY & 0xFF));
    switch (Wire.endTransmission()) {
    case 0: return Sht31Error::none;
    case 2: // address not acknowledged
    case 3: // command not acknowledged
        return Sht31Error::unanswered;
    default: Wire.clearWireTimeoutFlag(); return Sht31Error::bus;
    }
}

Sht31Error Sht31::read(Sht31Measurement &measurement)
{
    uint8_t bytes[2 * WORD_BYTES];
    const uint8_t received = Wire.requestFrom(address_, uint8_t(sizeof bytes));
    if (received == 0) {
        return nack_or_bus_error();
    }
    if (received < sizeof bytes) {
        return Sht31Error::bus;
    }
    for (uint8_t &byte : bytes) {
        byte = Wire.read();
    }
    const bool intact = parse_word(bytes, measurement.temperature_ticks) &&
                        parse_word(bytes + WORD_BYTES, measurement.humidity_ticks);
    return intact ? Sht31Error::none : Sht31Error::checksum;
}

// degC = -45 + 175 * ticks / 65535, hence 2 * (degC + 40) = 350 * ticks / 65535 - 10. The divisor is odd:
// no quotient lies half-way.
uint8_t sht31_temperature_raw(uint16_t ticks)
{
    const uint16_t halves = (350UL * ticks + 32767) / 65535;
    if (halves < 10) {
        return 0;
    }
    return halves > 265 ? 255 : halves - 10;
}

// %RH = 100 * ticks / 65535, hence 0..200 without clamping.
uint8_t sht31_humidity_raw(uint16_t ticks)
{
    return (200UL * ticks + 32767) / 65535;
}
