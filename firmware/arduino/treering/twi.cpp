#include "twi.h"

#include <Arduino.h>
#include <util/twi.h>

namespace {

constexpr uint32_t BUS_HZ = 100000;

// Well above the 0.7 ms of the longest transfer, well below the 5.5 ms in which 115200 baud fills the 64
// bytes of the serial buffer.
constexpr uint32_t TIMEOUT_US = 2000;

class Transfer {
public:
    ~Transfer()
    {
        if (result_ != TwiResult::failed) {
            TWCR = _BV(TWINT) | _BV(TWEN) | _BV(TWSTO);
            while (TWCR & _BV(TWSTO) && !is_late()) {
            }
        }
        TWCR = result_ == TwiResult::failed || is_late() ? 0 : _BV(TWEN); // 0 lets go of the lines
    }

    void address(uint8_t address, uint8_t direction)
    {
        act(_BV(TWSTA));
        TWDR = address << 1 | direction;
        act(0);
    }

    void write(uint8_t byte)
    {
        TWDR = byte;
        act(0);
    }

    uint8_t read(bool is_last)
    {
        act(is_last ? 0 : _BV(TWEA));
        return TWDR;
    }

    TwiResult result() const { return result_; }

private:
    bool is_late() const { return micros() - began_us_ > TIMEOUT_US; }

    // Lets the hardware do its next step, if all went well so far.
    void act(uint8_t control)
    {
        if (result_ != TwiResult::done) {
            return;
        }
        TWCR = _BV(TWINT) | _BV(TWEN) | control;
        while (!(TWCR & _BV(TWINT))) {
            if (is_late()) {
                result_ = TwiResult::failed;
                return;
            }
        }
        switch (TW_STATUS) {
        case TW_MT_SLA_NACK:
        case TW_MR_SLA_NACK:
        case TW_MT_DATA_NACK: result_ = TwiResult::refused; break;
        case TW_MT_ARB_LOST: // and TW_MR_ARB_LOST, which is the same
        case TW_BUS_ERROR: result_ = TwiResult::failed; break;
        }
    }

    const uint32_t began_us_ = micros();
    TwiResult result_ = TwiResult::done;
};

} // namespace

void twi_begin()
{
    digitalWrite(SDA, HIGH); // pull-ups, for a board without its own
    digitalWrite(SCL, HIGH);
    TWSR = 0;
    TWBR = (F_CPU / BUS_HZ - 16) / 2;
    TWCR = _BV(TWEN);
}

TwiResult twi_write(uint8_t address, const uint8_t *bytes, uint8_t length)
{
    Transfer transfer;
    transfer.address(address, TW_WRITE);
    while (length--) {
        transfer.write(*bytes++);
    }
    return transfer.result();
}

TwiResult twi_read(uint8_t address, uint8_t *bytes, uint8_t length)
{
    Transfer transfer;
    transfer.address(address, TW_READ);
    while (length--) {
        *bytes++ = transfer.read(length == 0);
    }
    return transfer.result();
}
