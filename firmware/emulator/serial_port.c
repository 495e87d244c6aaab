#include "serial_port.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <termios.h>
#include <unistd.h>

#include <avr_uart.h>
#include <sim_io.h>

#define EVENT_BYTES 4096

/* --- toward the AVR --- */

static void feed_uart(serial_port_t *port)
{
    while (port->uart_takes_bytes && port->inbound_taken < port->inbound_bytes) {
        port->received++;
        avr_raise_irq(port->to_uart, port->inbound[port->inbound_taken++]);
    }
}

static void on_uart_ready(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq;
    (void)value;
    serial_port_t *port = param;
    port->uart_takes_bytes = true;
    feed_uart(port);
}

/* Raised with 1 when the UART's queue is full, with 0 when it no longer is. */
static void on_uart_full(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq;
    if (value)
        ((serial_port_t *)param)->uart_takes_bytes = false;
}

static void read_client(serial_port_t *port)
{
    if (port->inbound_taken < port->inbound_bytes)
        return;
    const ssize_t count = read(port->master_fd, port->inbound, sizeof port->inbound);
    port->inbound_taken = 0;
    port->inbound_bytes = count > 0 ? (size_t)count : 0; /* EIO: nobody there; EAGAIN: nothing sent */
    feed_uart(port);
}

/* --- from the AVR --- */

static void write_client(serial_port_t *port)
{
    ssize_t written = 0;
    if (port->is_open)
        written = write(port->master_fd, port->outbound, port->outbound_bytes);
    if (written < 0)
        written = 0; /* EAGAIN: the client does not read */
    port->sent += (uint64_t)written;
    port->dropped += port->outbound_bytes - (size_t)written;
    port->outbound_bytes = 0;
}

static void on_uart_output(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq;
    serial_port_t *port = param;
    if (port->outbound_bytes == sizeof port->outbound)
        write_client(port);
    port->outbound[port->outbound_bytes++] = (uint8_t)value;
}

/* --- opening and closing --- */

/* A terminal forgets unread bytes when it is closed; a pseudo-terminal keeps them for the next client. */
static void forget_unread(const serial_port_t *port)
{
    const int slave_fd = open(port->name, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (slave_fd >= 0) {
        tcflush(slave_fd, TCIFLUSH);
        close(slave_fd);
    }
}

static bool is_hung_up(const serial_port_t *port)
{
    struct pollfd master = {.fd = port->master_fd};
    return poll(&master, 1, 0) == 1 && (master.revents & POLLHUP);
}

/*
 * The events tell of every open, even between two calls; the hang-up state, which cannot miscount, tells
 * whether one of several clients is still there (and undoes the open and close of forget_unread).
 */
static bool track_clients(serial_port_t *port)
{
    bool was_opened = false;
    union {
        struct inotify_event alignment;
        char bytes[EVENT_BYTES];
    } buffer;
    const ssize_t count = read(port->watch_fd, buffer.bytes, sizeof buffer.bytes);
    for (ssize_t at = 0; at < count;) {
        const struct inotify_event *event = (const struct inotify_event *)(buffer.bytes + at);
        at += (ssize_t)(sizeof *event + event->len);
        if (event->mask & IN_OPEN && !port->is_open)
            was_opened = true;
        port->is_open = event->mask & IN_OPEN;
    }
    port->is_open = !is_hung_up(port);
    return was_opened;
}

bool serial_port_service(serial_port_t *port)
{
    const bool was_opened = track_clients(port);
    if (was_opened) {
        forget_unread(port);
        port->dropped += port->outbound_bytes; /* sent when nobody was there */
        port->outbound_bytes = 0;
    }
    write_client(port);
    read_client(port);
    return was_opened;
}

void serial_port_reset(serial_port_t *port)
{
    port->uart_takes_bytes = false;
    port->inbound_bytes = port->inbound_taken = 0;
}

bool serial_port_wants_input(const serial_port_t *port)
{
    return port->is_open && port->inbound_taken == port->inbound_bytes;
}

/* Raw from the start, so that nothing is echoed before a client sets its own modes. */
static bool set_raw(const char *name)
{
    struct termios modes;
    const int slave_fd = open(name, O_RDWR | O_NOCTTY);
    if (slave_fd < 0)
        return false;
    bool done = tcgetattr(slave_fd, &modes) == 0;
    cfmakeraw(&modes);
    cfsetspeed(&modes, B115200);
    done = done && tcsetattr(slave_fd, TCSANOW, &modes) == 0;
    close(slave_fd);
    return done;
}

static bool open_pty(serial_port_t *port)
{
    port->master_fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (port->master_fd < 0 || grantpt(port->master_fd) < 0 || unlockpt(port->master_fd) < 0 ||
        ptsname_r(port->master_fd, port->name, sizeof port->name) != 0 || !set_raw(port->name))
        return false;
    port->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return port->watch_fd >= 0 && inotify_add_watch(port->watch_fd, port->name, IN_OPEN | IN_CLOSE) >= 0;
}

static void connect_uart(serial_port_t *port, avr_t *avr)
{
    const uint32_t uart = AVR_IOCTL_UART_GETIRQ('0');
    uint32_t flags = 0; /* simavr would print the output, and sleep when the firmware polls */
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    port->to_uart = avr_io_getirq(avr, uart, UART_IRQ_INPUT);
    avr_irq_register_notify(avr_io_getirq(avr, uart, UART_IRQ_OUTPUT), on_uart_output, port);
    avr_irq_register_notify(avr_io_getirq(avr, uart, UART_IRQ_OUT_XON), on_uart_ready, port);
    avr_irq_register_notify(avr_io_getirq(avr, uart, UART_IRQ_OUT_XOFF), on_uart_full, port);
}

bool serial_port_create(serial_port_t *port, avr_t *avr)
{
    memset(port, 0, sizeof *port);
    port->watch_fd = -1;
    if (!open_pty(port)) {
        fprintf(stderr, "treering-board: no pseudo-terminal: %s; close programs that hold many of them\n",
                strerror(errno));
        serial_port_destroy(port);
        return false;
    }
    connect_uart(port, avr);
    return true;
}

void serial_port_destroy(serial_port_t *port)
{
    if (port->watch_fd >= 0)
        close(port->watch_fd);
    if (port->master_fd >= 0)
        close(port->master_fd);
}
