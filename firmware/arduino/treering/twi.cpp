#include "twi.h"

#include <util/delay.h>
#include <util/twi.h>

#include "hardware.h"

static const uint32_t BUS_HZ = 100000;

// Looks at the hardware, of 8 cycles at least: 1 ms. A step takes 0.09 ms.
static const uint16_t MOST_LOOKS = F_CPU / 1000 / 8;

// No step ends sooner. simavr shows the end of the former one for as long.
static const uint8_t LEAST_STEP_US = 10;

static const uint8_t STUCK = TW_NO_INFO;

// Lets the hardware do its next step, and tells its status; STUCK if it does not end.
static uint8_t step(uint8_t control)
{
    TWCR = _BV(TWINT) | _BV(TWEN) | control;
    _delay_us(LEAST_STEP_US);
    for (uint16_t looks = MOST_LOOKS; looks > 0; --looks) {
        if (TWCR & _BV(TWINT)) {
            return TW_STATUS;
        }
    }
    return STUCK;
}

static bool is_released()
{
    TWCR = _BV(TWINT) | _BV(TWEN) | _BV(TWSTO);
    for (uint16_t looks = MOST_LOOKS; looks > 0; --looks) {
        if (!(TWCR & _BV(TWSTO))) {
            return true;
        }
    }
    return false;
}

static uint8_t transfer(uint8_t address, uint8_t direction, uint8_t *bytes, uint8_t length)
{
    uint8_t status = step(_BV(TWSTA));
    if (status == TW_START) {
        TWDR = address << 1 | direction;
        status = step(0);
    }
    while (length > 0 && (status == TW_MT_SLA_ACK || status == TW_MT_DATA_ACK)) {
        TWDR = *bytes++;
        --length;
        status = step(0);
    }
    while (length > 0 && (status == TW_MR_SLA_ACK || status == TW_MR_DATA_ACK)) {
        status = step(--length > 0 ? _BV(TWEA) : 0);
        *bytes++ = TWDR;
    }
    return status;
}

static TwiResult run(uint8_t address, uint8_t direction, uint8_t *bytes, uint8_t length)
{
    TwiResult result;
    switch (transfer(address, direction, bytes, length)) {
    case TW_MT_DATA_ACK:
    case TW_MR_DATA_NACK: result = TwiResult::done; break;
    case TW_MT_SLA_NACK:
    case TW_MR_SLA_NACK:
    case TW_MT_DATA_NACK: result = TwiResult::refused; break;
    default: result = TwiResult::failed;
    }
    TWCR = result == TwiResult::failed || !is_released() ? 0 : _BV(TWEN); // 0 lets go of the lines
    return result;
}

void twi_begin()
{
    TWI_PORT |= TWI_PULL_UPS; // for a board without its own
    TWSR = 0;
    TWBR = (F_CPU / BUS_HZ - 16) / 2;
}

TwiResult twi_write(uint8_t address, uint8_t *bytes, uint8_t length)
{
    return run(address, TW_WRITE, bytes, length);
}

TwiResult twi_read(uint8_t address, uint8_t *bytes, uint8_t length)
{
    return run(address, TW_READ, bytes, length);
}
