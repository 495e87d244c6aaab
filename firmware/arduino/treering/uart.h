// A USART. Its driver never waits. Source: ATmega328P data sheet, chapter "USART0"; all USARTs of the chips
// of hardware.h have the same registers.

#ifndef TREERING_UART_H
#define TREERING_UART_H

#include <avr/interrupt.h>
#include <avr/io.h>
#include <stdint.h>

struct UsartRegisters {
    volatile uint8_t status;  // UCSRnA
    volatile uint8_t control; // UCSRnB
    volatile uint8_t format;  // UCSRnC: after a reset 8 bits, no parity, 1 stop bit
    volatile uint8_t reserved;
    volatile uint16_t divisor; // UBRRn
    volatile uint8_t data;     // UDRn
};

// `ADDRESS` is that of UCSRnA. The interrupts of that USART call received() and on_ready().
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

    static bool is_sending() { return usart().control & _BV(UDRIE_BIT); }

    // Sends so many bytes from there, which stay as they are until is_sending() is false.
    static void send(const uint8_t *bytes, uint8_t length)
    {
        next = bytes;
        left = length;
        usart().control = RECEIVING | _BV(UDRIE_BIT);
    }

    // The byte that has come in.
    static uint8_t received() { return usart().data; }

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

    static const uint8_t *volatile next;
    static volatile uint8_t left;
};

template <uintptr_t ADDRESS> const uint8_t *volatile Uart<ADDRESS>::next;
template <uintptr_t ADDRESS> volatile uint8_t Uart<ADDRESS>::left;

#endif
