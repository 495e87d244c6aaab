/*
 * What is connected to a UART of an emulated AVR: a line that knows to the cycle when each byte passes.
 * A byte takes simavr's time for one, which counts a parity bit: 11 bits.
 */
#ifndef TREERING_UART_LINE_H
#define TREERING_UART_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include <avr_uart.h>
#include <sim_avr.h>

#define LINE_BYTES 1024u

typedef struct uart_line {
    avr_t *avr;
    avr_uart_t *uart;
    avr_irq_t *to_uart;

    uint8_t waiting[LINE_BYTES]; /* toward the AVR: a ring */
    uint32_t put;
    uint32_t taken;
    avr_cycle_count_t busy_until; /* in the other direction */

    uint64_t received; /* bytes that reached the AVR, bytes that came too fast for the ring, bytes sent */
    uint64_t dropped;
    uint64_t sent;

    /* Called for each byte that the AVR sends, with the cycle in which it has left whole. */
    void (*on_sent)(void *param, uint8_t byte, avr_cycle_count_t cycle);
    void *on_sent_param;
} uart_line_t;

/* False if the chip has no UART of that number. */
bool line_attach(uart_line_t *line, avr_t *avr, uint8_t number);

/* Sends the AVR these bytes, from now on or behind those that are on their way. */
void line_send(uart_line_t *line, const uint8_t *bytes, uint32_t length);

#endif
