// A board with two ports, which joins them (PROTOCOL.md 15.2): HOST is USB (the Mega's Serial, the Leonardo's
// CDC), AIR is Serial1. What goes out waits in a ring for each; what the line cannot take is left out.

#include "ports.h"

#if TR_GATEWAY

#include <Arduino.h>
#include <string.h>

#include "runs.h"
#include "uart.h"

extern "C" {
#include "tr_quality.h"
}

// Two largest frames; one at least.
#ifndef TR_QUEUE_BYTES
#define TR_QUEUE_BYTES 255
#endif

static const uint8_t QUEUE_BYTES = TR_QUEUE_BYTES;

// Streams that wait for a port.
class Queue {
public:
    uint8_t room() const { return QUEUE_BYTES - 1 - length(); }
    const uint8_t *bytes() const { return ring_ + tail_; }

    // What can be sent at once.
    uint8_t run_bytes() const { return head_ >= tail_ ? head_ - tail_ : QUEUE_BYTES - tail_; }

    void drop(uint8_t count)
    {
        tail_ = count >= QUEUE_BYTES - tail_ ? count - (QUEUE_BYTES - tail_) : tail_ + count;
    }

    // A frame in COBS, and its delimiter; all or nothing.
    void put(const uint8_t *frame, uint8_t length)
    {
        if (room() < length + 2) {
            return;
        }
        uint8_t code_at = head_;
        uint8_t code = 1;
        put_byte(0);
        while (length--) {
            put_byte(*frame);
            code++;
            if (*frame++ == 0) {
                ring_[code_at] = code - 1;
                code_at = head_ == 0 ? QUEUE_BYTES - 1 : head_ - 1;
                code = 1;
            }
        }
        ring_[code_at] = code;
        put_byte(0);
    }

private:
    uint8_t length() const { return head_ >= tail_ ? head_ - tail_ : QUEUE_BYTES - (tail_ - head_); }

    void put_byte(uint8_t byte)
    {
        ring_[head_] = byte;
        head_ = head_ == QUEUE_BYTES - 1 ? 0 : head_ + 1;
    }

    uint8_t ring_[QUEUE_BYTES];
    uint8_t head_ = 0, tail_ = 0;
};

typedef Runs<0> FromHost;
typedef Runs<1> FromAir;
typedef Uart<uintptr_t(&UCSR1A)> AirPort;

static Queue to_host, to_air;
static uint8_t air_sends; // bytes of to_air
static tr_quality_t quality;
static uint16_t gateway_id;
static bool has_heard;
static uint8_t heard[HEARD_BYTES];

ISR(USART1_RX_vect)
{
    FromAir::put(AirPort::received());
}

ISR(USART1_UDRE_vect)
{
    AirPort::on_ready();
}

static void serve_air()
{
    if (AirPort::is_sending()) {
        return;
    }
    to_air.drop(air_sends);
    air_sends = to_air.run_bytes();
    if (air_sends > 0) {
        AirPort::send(to_air.bytes(), air_sends);
    }
}

#if defined(USBCON)

// The Arduino core's CDC, with its own interrupts. Nobody reads: it has no room.
static void begin_host()
{
    Serial.begin(DEFAULT_BAUD);
}

static void serve_host()
{
    while (Serial.available() > 0) {
        FromHost::put(Serial.read());
    }
    uint8_t count = to_host.run_bytes();
    const int room = Serial.dtr() ? Serial.availableForWrite() : 0;
    if (count > room) {
        count = room;
    }
    if (count > 0) {
        Serial.write(to_host.bytes(), count);
        to_host.drop(count);
    }
}

#else

typedef Uart<uintptr_t(&UCSR0A)> HostPort;
static uint8_t host_sends; // bytes of to_host

ISR(USART0_RX_vect)
{
    FromHost::put(HostPort::received());
}

ISR(USART0_UDRE_vect)
{
    HostPort::on_ready();
}

static void begin_host()
{
    HostPort::begin(DEFAULT_BAUD);
}

static void serve_host()
{
    if (HostPort::is_sending()) {
        return;
    }
    to_host.drop(host_sends);
    host_sends = to_host.run_bytes();
    if (host_sends > 0) {
        HostPort::send(to_host.bytes(), host_sends);
    }
}

#endif

void ports_begin(uint32_t air_baud, uint16_t own_id)
{
    gateway_id = own_id;
    begin_host();
    AirPort::begin(air_baud);
}

void ports_serve()
{
    serve_host();
    serve_air();
}

// Frames of the node wait for room on the air, and for the HEARD before.
bool ports_are_free()
{
    return to_air.room() >= TR_MAX_STREAM_BYTES;
}

bool ports_have_news()
{
    return FromHost::has_one() || FromAir::has_one();
}

// Length, wire version, and CRC or, of a sealed frame, any tag.
static bool is_whole(const uint8_t *frame, uint8_t length, tr_frame_t *read)
{
    const int result = tr_frame_read(read, frame, length);
    return result == 0 || result == -TR_DROP_SEALED;
}

static uint8_t receive_from_air(uint8_t *stream)
{
    const uint8_t *frame = stream + 1;
    const uint8_t length = FromAir::take(stream);
    tr_frame_t read;
    if (is_whole(frame, length, &read)) {
        to_host.put(frame, length);
        memcpy(heard, frame + 1, 2);
        memcpy(heard + 2, frame + 5, 3);
        heard[5] = tr_quality_heard(&quality, tr_get_u16(frame + 1), tr_get_u24(frame + 5));
        has_heard = true;
    }
    return length;
}

static uint8_t receive_from_host(uint8_t *stream)
{
    const uint8_t *frame = stream + 1;
    const uint8_t length = FromHost::take(stream);
    tr_frame_t read;
    if (is_whole(frame, length, &read)) {
        const uint16_t destination = tr_get_u16(frame + 3);
        if (destination != TR_HOST && destination != gateway_id) {
            to_air.put(frame, length);
        }
    }
    return length;
}

uint8_t ports_receive(uint8_t *stream)
{
    uint8_t length = 0;
    while (length == 0 && !has_heard && ports_have_news()) {
        length = FromAir::has_one() ? receive_from_air(stream) : receive_from_host(stream);
    }
    return length;
}

void ports_send(uint8_t *stream, uint8_t length, enum tr_link_name link)
{
    to_host.put(stream + 1, length);
    if (link == TR_LINK_AIR) {
        to_air.put(stream + 1, length);
    }
}

bool ports_take_heard(uint8_t *payload)
{
    const bool is_due = has_heard && to_host.room() >= TR_MAX_STREAM_BYTES;
    memcpy(payload, heard, HEARD_BYTES);
    has_heard = false;
    return is_due;
}

#endif
