/* An Arduino Uno: ATmega328P at 16 MHz with its EEPROM, bootloader, LED, reset line and serial port, and a
 * sensor. */
#ifndef TREERING_BOARD_H
#define TREERING_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include <sim_avr.h>

#include "serial_port.h"
#include "sht31_device.h"

#define BOARD_HZ 16000000u
#define NO_NODE_ID (-1)

typedef struct board_config {
    const char *firmware_path;
    const char *bootloader_path; /* Intel HEX; NULL: none, a reset starts the firmware at once */
    const char *eeprom_path;     /* NULL: the EEPROM starts erased and is forgotten */
    int32_t node_id;             /* put into the EEPROM; NO_NODE_ID: what is there stays */
    bool has_sensor;
    double temperature_c;
    double humidity_percent;
    sht31_fault_t sensor_fault;
} board_config_t;

typedef struct board {
    const board_config_t *config;
    avr_t *avr;
    serial_port_t port;
    sht31_device_t sensor;
    uint32_t resets; /* by the reset line; the watchdog's are not counted */
    uint32_t led_blinks;
} board_t;

/* False, with a line on stderr, if a file cannot be used or there is no pseudo-terminal. */
bool board_create(board_t *board, const board_config_t *config);

/* Writes the EEPROM file, if there is one. False, with a line on stderr, if that fails. */
bool board_destroy(board_t *board);

/* Pulls the reset line. */
void board_reset(board_t *board);

/* Runs until the cycle counter reaches `cycle`. False, with a line on stderr, if the firmware has crashed. */
bool board_run_until(board_t *board, avr_cycle_count_t cycle);

#endif
