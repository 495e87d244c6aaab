/*
 * Many boards in one process, for whoever has a field to put them into (firmware/native/boards.py, by cffi).
 * They share nothing but their firmware. A board runs until a cycle, or until it has something to tell.
 */
#ifndef TREERING_BOARDS_H
#define TREERING_BOARDS_H

#include <stdbool.h>
#include <stdint.h>

#define BOARDS_STREAM_BYTES 256
#define BOARDS_EVENT_BYTES 5

typedef struct firmware firmware_t;
typedef struct field_board field_board_t;

enum boards_told {
    BOARDS_STREAM = 1, /* a UART has sent a delimiter, or as many bytes as fit */
    BOARDS_EVENT,      /* what the sketch's trace.h tells */
    BOARDS_MEASURED,   /* the SHT31's measurement has been read */
    BOARDS_CRASHED,    /* the firmware stands still, for good */
};

typedef struct boards_notice {
    uint8_t kind; /* enum boards_told */
    uint8_t uart;
    uint16_t length;
    uint64_t cycle;                       /* at which it was whole */
    uint8_t bytes[BOARDS_STREAM_BYTES];   /* of a stream; of an event: kind, node, value (big-endian) */
    uint64_t cycles[BOARDS_STREAM_BYTES]; /* in which each of a stream's bytes had left */
} boards_notice_t;

typedef struct boards_counts {
    uint64_t cycles;
    uint64_t slept_cycles;
    uint64_t uart_sent[2]; /* bytes */
    uint64_t uart_received[2];
    uint64_t uart_dropped[2];
    uint32_t measurements;
    uint32_t eeprom_written; /* bytes */
    uint32_t led_blinks;
    uint16_t untouched_bytes; /* of RAM, between data and stack, since the power came */
} boards_counts_t;

/* NULL, with the reason in `error` (256 bytes). */
firmware_t *boards_load(const char *mcu, const char *path, char *error);
void boards_unload(firmware_t *firmware);

/* Gives a board power, with that EEPROM (`eeprom_bytes` of it; the rest is erased). */
field_board_t *boards_power_on(const firmware_t *firmware, const uint8_t *eeprom, uint32_t eeprom_bytes,
                               bool has_sensor);

/* The power fails; `eeprom` takes what is left in the EEPROM, where `chance` says what became of the bits of
 * a byte that was being written. The board is gone. */
void boards_power_off(field_board_t *board, uint8_t chance, uint8_t *eeprom, uint32_t eeprom_bytes);

/* Pulls the reset line. */
void boards_reset(field_board_t *board);

void boards_set_climate(field_board_t *board, double temperature_c, double humidity_percent);
void boards_set_sensor_fault(field_board_t *board, uint8_t fault); /* enum sht31_fault */
void boards_set_analog(field_board_t *board, uint8_t pin, uint32_t millivolts);

/* Bytes toward a UART, from the board's present cycle on. */
void boards_send(field_board_t *board, uint8_t uart, const uint8_t *bytes, uint32_t length);

/* Runs boards[first] to boards[count - 1] in turn, each up to its cycle. Returns the index of the first that
 * has something to tell, or `count`. */
uint32_t boards_run(field_board_t *const *boards, const uint64_t *until_cycles, uint32_t first,
                    uint32_t count);

uint64_t boards_cycle(const field_board_t *board);

/* What it has to tell, oldest first. False when there is nothing more. */
bool boards_next_notice(field_board_t *board, boards_notice_t *notice);

/* Of the data space. */
void boards_read(const field_board_t *board, uint16_t address, uint8_t *bytes, uint16_t length);

void boards_count(const field_board_t *board, boards_counts_t *counts);

#endif
