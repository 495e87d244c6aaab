/*
 * UART0 of an emulated AVR on a pseudo-terminal, behaving as the USB-serial adapter of an Uno does:
 * bytes toward the AVR wait until it can take them; bytes from the AVR are lost when nobody reads them.
 */
#ifndef TREERING_SERIAL_PORT_H
#define TREERING_SERIAL_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sim_avr.h>

typedef struct serial_port {
    avr_irq_t *to_uart;
    int master_fd;
    int watch_fd; /* inotify: the opens and closes of the other side */
    char name[64];
    bool is_open; /* somebody has the other side open */

    bool uart_takes_bytes;
    uint8_t inbound[256]; /* read from the client, not yet taken by the UART */
    size_t inbound_bytes;
    size_t inbound_taken;

    uint8_t outbound[256]; /* sent by the UART since the last service */
    size_t outbound_bytes;

    uint64_t received; /* bytes the UART took, bytes the client was given, bytes nobody read */
    uint64_t sent;
    uint64_t dropped;
} serial_port_t;

/* False, with a line on stderr, if no pseudo-terminal is to be had. */
bool serial_port_create(serial_port_t *port, avr_t *avr);
void serial_port_destroy(serial_port_t *port);

/*
 * Moves bytes both ways without blocking. Returns true if a client has opened the port since the last call:
 * the moment at which a real adapter asserts DTR.
 */
bool serial_port_service(serial_port_t *port);

/* The AVR was reset: what was on its way to it is lost, and its UART is off until it is set up again. */
void serial_port_reset(serial_port_t *port);

/* Whether client bytes should wake the caller: there is a client, and room for what it sends. */
bool serial_port_wants_input(const serial_port_t *port);

#endif
