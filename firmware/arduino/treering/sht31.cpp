#include "sht31.h"

#include "twi.h"

namespace {

constexpr uint16_t MEASURE_HIGH_REPEATABILITY = 0x2400; // without clock stretching (table 9)
constexpr uint8_t WORD_BYTES = 3;                       // most significant byte, least, CRC-8

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

Sht31Error error_of(TwiResult result)
{
    switch (result) {
    case TwiResult::done: return Sht31Error::none;
    case TwiResult::refused: return Sht31Error::unanswered;
    default: return Sht31Error::bus;
    }
}

} // namespace

void Sht31::begin()
{
    twi_begin();
}

Sht31Error Sht31::start()
{
    const uint8_t command[] = {MEASURE_HIGH_REPEATABILITY >> 8, MEASURE_HIGH_REPEATABILITY & 0xFF};
    return error_of(twi_write(address_, command, sizeof command));
}

Sht31Error Sht31::read(Sht31Measurement &measurement)
{
    uint8_t bytes[2 * WORD_BYTES];
    const TwiResult result = twi_read(address_, bytes, sizeof bytes);
    if (result != TwiResult::done) {
        return error_of(result);
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
