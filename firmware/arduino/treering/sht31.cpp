#include "sht31.h"

static const uint8_t ADDRESS = 0x44;
static const uint16_t MEASURE_HIGH_REPEATABILITY = 0x2400; // without clock stretching (table 9)
static const uint8_t WORD_BYTES = 3;                       // most significant byte, least, CRC-8

// Polynomial 0x31, initial value 0xFF (table 20): 0 over a word and its CRC.
static uint8_t crc8(const uint8_t *word)
{
    uint8_t crc = 0xFF;
    for (uint8_t i = 0; i < WORD_BYTES; ++i) {
        crc ^= word[i];
        for (uint8_t bit = 0; bit < 8; ++bit) {
            crc = crc & 0x80 ? (crc << 1) ^ 0x31 : crc << 1;
        }
    }
    return crc;
}

// ticks x steps / 65535, rounded to nearest; the divisor is odd, so no quotient lies half-way. The division
// is exact for what a product of 16 and 9 bits can be.
static uint16_t scaled(const uint8_t *word, uint16_t steps)
{
    const uint16_t ticks = uint16_t(word[0]) << 8 | word[1];
    const uint32_t product = uint32_t(ticks) * steps + 32767;
    return (product + (product >> 16) + 1) >> 16;
}

TwiResult sht31_start()
{
    uint8_t command[] = {MEASURE_HIGH_REPEATABILITY >> 8, MEASURE_HIGH_REPEATABILITY & 0xFF};
    return twi_write(ADDRESS, command, sizeof command);
}

// degC = -45 + 175 * ticks / 65535, hence 2 * (degC + 40) = 350 * ticks / 65535 - 10.
// %RH = 100 * ticks / 65535, hence 0..200 without clamping.
bool sht31_read(Climate &climate)
{
    uint8_t bytes[2 * WORD_BYTES];
    if (twi_read(ADDRESS, bytes, sizeof bytes) != TwiResult::done || crc8(bytes) ||
        crc8(bytes + WORD_BYTES)) {
        return false;
    }
    const uint16_t halves = scaled(bytes, 350);
    climate.temperature_raw = halves < 10 ? 0 : halves > 265 ? 255 : halves - 10;
    climate.humidity_raw = scaled(bytes + WORD_BYTES, 200);
    return true;
}
