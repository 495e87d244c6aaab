// A serial port that carries frames in COBS (PROTOCOL.md section 3). No call waits.
//
// What comes in waits in a ring until a run is whole, so that one buffer does for a frame that is received
// and one that is sent. What goes out is sent from that buffer. Source: ATmega328P data sheet, chapter
// "USART0"; all USARTs of the chips of hardware.h have the same registers.

#ifndef TREERING_UART_H
#define TREERING_UART_H

#include <avr/interrupt.h>
#include <avr/io.h>

#include "core.h"

// A largest run, and what 115200 baud brings within 4.5 ms: while a frame is worked on.
#ifndef TR_RING_BYTES
#define TR_RING_BYTES 160
#endif

struct UsartRegisters {
    volatile uint8_t status;  // UCSRnA
    volatile uint8_t control; // UCSRnB
    volatile uint8_t format;  // UCSRnC: after a reset 8 bits, no parity, 1 stop bit
    volatile uint8_t reserved;
    volatile uint16_t divisor; // UBRRn
    volatile uint8_t data;     // UDRn
};

// `ADDRESS` is that of UCSRnA. The interrupts of that USART call on_received and on_ready.
template <uintptr_t ADDRESS> class Uart {
public:
    // Its first byte ends what the line carried before: a bootloader, half a frame.
    static void begin(uint32_t baud)
    {
        usart().status = _BV(U2X_BIT);
        usart().divisor = (F_CPU / 4 / baud - 1) / 2;
        usart().control = RECEIVING;
        usart().data = 0;
    }

    // Whether a run of bytes has been ended.
    static bool has_run() { return tail != run_begin; }

    // Takes the next run and decodes it: the frame is at stream + 1 (of TR_MAX_STREAM_BYTES). Returns its
    // length; 0 if the run was empty or no COBS.
    static uint8_t take_run(uint8_t *stream)
    {
        uint8_t length = 0;
        uint8_t group_left = 1;
        uint8_t byte;
        while ((byte = take()) != 0) {
            if (--group_left == 0) {
                group_left = byte;
                byte = 0; // a code stands for a zero, but the first one, which comes before the frame
            }
            if (length < TR_MAX_ENCODED_BYTES) {
                stream[length] = byte;
            }
            length++;
        }
        return length == 0 || length > TR_MAX_ENCODED_BYTES || group_left != 1 ? 0 : length - 1;
    }

    static bool is_sending() { return usart().control & _BV(UDRIE_BIT); }

    // Sends so many bytes from there, which stay as they are until is_sending() is false.
    static void send(const uint8_t *bytes, uint8_t length)
    {
        next = bytes;
        left = length;
        usart().control = RECEIVING | _BV(UDRIE_BIT);
    }

    static void on_received()
    {
        const uint8_t byte = usart().data;
        const uint8_t after = following(head);
        if (after == tail) {
            head = run_begin; // no room: the run that grows is lost
            is_skipping = byte != 0;
        } else if (is_skipping) {
            is_skipping = byte != 0;
        } else {
            ring[head] = byte;
            head = after;
            if (byte == 0) {
                run_begin = after;
            }
        }
    }

    static void on_ready()
    {
        usart().data = *next++;
        if (--left == 0) {
            usart().control = RECEIVING;
        }
    }

private:
    static constexpr uint8_t U2X_BIT = 1, UDRIE_BIT = 5;
    static constexpr uint8_t RECEIVING = _BV(7) | _BV(4) | _BV(3); // RXCIE, RXEN, TXEN

    static UsartRegisters &usart() { return *reinterpret_cast<UsartRegisters *>(ADDRESS); }
    static uint8_t following(uint8_t at) { return at == TR_RING_BYTES - 1 ? 0 : at + 1; }

    static uint8_t take()
    {
        const uint8_t byte = ring[tail];
        tail = following(tail);
        return byte;
    }

    static uint8_t ring[TR_RING_BYTES];
    static volatile uint8_t head, tail, run_begin;
    static bool is_skipping; // until the end of a run that found no room
    static const uint8_t *volatile next;
    static volatile uint8_t left;
};

template <uintptr_t ADDRESS> uint8_t Uart<ADDRESS>::ring[TR_RING_BYTES];
template <uintptr_t ADDRESS> volatile uint8_t Uart<ADDRESS>::head;
template <uintptr_t ADDRESS> volatile uint8_t Uart<ADDRESS>::tail;
template <uintptr_t ADDRESS> volatile uint8_t Uart<ADDRESS>::run_begin;
template <uintptr_t ADDRESS> bool Uart<ADDRESS>::is_skipping;
template <uintptr_t ADDRESS> const uint8_t *volatile Uart<ADDRESS>::next;
template <uintptr_t ADDRESS> volatile uint8_t Uart<ADDRESS>::left;

#endif
