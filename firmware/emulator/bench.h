/* A board on the bench: its first UART is a serial port of this machine. */
#ifndef TREERING_BENCH_H
#define TREERING_BENCH_H

#include <stdint.h>

#include "board.h"
#include "serial_port.h"

typedef struct bench {
    board_t board;
    serial_port_t port;
    uint32_t resets; /* by the reset line; the watchdog's are not counted */
} bench_t;

/* Pulls the reset line. */
void bench_reset(bench_t *bench);

#endif
