// The I2C bus as its only master, at 100 kHz, polled. Wire would keep five buffers and an interrupt, a tenth
// of the Uno's RAM, for transfers of six bytes. Source: ATmega328P data sheet, chapter "2-wire Serial
// Interface".

#ifndef TREERING_TWI_H
#define TREERING_TWI_H

#include <stdint.h>

enum class TwiResult : uint8_t {
    done,
    refused, // nobody acknowledged the address, or the device a byte
    failed,  // the bus is stuck, or the transfer was cut short
};

void twi_begin();

// Neither waits for longer than 2 ms on a bus that is stuck.
TwiResult twi_write(uint8_t address, uint8_t *bytes, uint8_t length);
TwiResult twi_read(uint8_t address, uint8_t *bytes, uint8_t length);

#endif
