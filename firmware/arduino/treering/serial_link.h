// Frames over the serial port, in COBS. No call waits.

#ifndef TREERING_SERIAL_LINK_H
#define TREERING_SERIAL_LINK_H

#include <stdint.h>

#include "core.h"

class SerialLink {
public:
    void begin(uint32_t baud);

    // Whether a whole frame has arrived: it is in frame() until the next call.
    bool receive();
    const uint8_t *frame() const { return deframer_.frame; }
    uint8_t frame_bytes() const { return deframer_.length; }

    // While nothing is on its way, the next frame goes into buffer() (TR_MAX_FRAME_BYTES); then send() takes
    // it.
    bool is_idle() const { return sent_ == length_; }
    uint8_t *buffer() { return stream_ + 1; }
    void send(uint8_t frame_bytes);

    // Hands the serial port what it has room for.
    void drain();

private:
    tr_deframer_t deframer_{};
    uint8_t stream_[TR_MAX_STREAM_BYTES];
    uint8_t length_ = 0;
    uint8_t sent_ = 0;
};

#endif
