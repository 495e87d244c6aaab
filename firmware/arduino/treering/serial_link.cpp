#include "serial_link.h"

#include <Arduino.h>

void SerialLink::begin(uint32_t baud)
{
    Serial.begin(baud);
    stream_[0] = 0; // ends what the line carried before: a bootloader, half a frame
    length_ = 1;
}

bool SerialLink::receive()
{
    while (Serial.available() > 0) {
        if (tr_deframer_take(&deframer_, Serial.read()) > 0) {
            return true;
        }
    }
    return false;
}

void SerialLink::send(uint8_t frame_bytes)
{
    length_ = tr_cobs_encode(buffer(), frame_bytes, stream_);
    sent_ = 0;
}

void SerialLink::drain()
{
    while (!is_idle() && Serial.availableForWrite() > 0) {
        Serial.write(stream_[sent_++]);
    }
}
