/* An Arduino: an ATmega at 16 MHz with its EEPROM, bootloader, LED and reset line, and an SHT31. Whoever has
 * one connects its UARTs. */
#ifndef TREERING_BOARD_H
#define TREERING_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sim_avr.h>

#include "eeprom_device.h"
#include "sht31_device.h"

#define BOARD_HZ 16000000u
#define UNO_MCU "atmega328p"
#define MEGA_MCU "atmega2560"
#define ERROR_BYTES 256

/* A firmware, and the flash that the boards which run it share. */
typedef struct board_image {
    const char *mcu;
    avr_t *avr; /* never runs */
} board_image_t;

typedef enum board_state {
    BOARD_RUNS,
    BOARD_PAUSED,  /* by board_pause */
    BOARD_CRASHED, /* at avr->pc, for good */
} board_state_t;

typedef struct board {
    avr_t *avr;
    eeprom_device_t eeprom;
    sht31_device_t sensor;
    uint32_t led_blinks;
    bool is_paused;
    avr_run_t usual_run;
    avr_cycle_count_t slept_cycles; /* of avr->cycle */
} board_t;

/* False, and why in `error`, if there is no such chip or the file is no firmware for it. */
bool board_image_load(board_image_t *image, const char *mcu, const char *path, char error[ERROR_BYTES]);

/* Puts a bootloader (Intel HEX) beside it, which runs at each reset. As above. */
bool board_image_add_bootloader(board_image_t *image, const char *path, char error[ERROR_BYTES]);

void board_image_free(board_image_t *image);

/* Gives it power: its EEPROM is erased, and its RAM holds a pattern. */
void board_create(board_t *board, const board_image_t *image);
void board_destroy(board_t *board);

/* Puts an SHT31 on the bus, at 0 degC and 0 %RH. */
void board_add_sensor(board_t *board);

/* What the analog pins feel from now on. */
uint8_t board_analog_pins(const board_t *board);
void board_set_analog(board_t *board, uint8_t pin, uint32_t millivolts);

/* Pulls the reset line. */
void board_reset(board_t *board);

/* Runs until the cycle counter reaches `cycle`, or somebody pauses it. */
board_state_t board_run_until(board_t *board, avr_cycle_count_t cycle);

/* Called while the board runs: it stops after this instruction. */
void board_pause(board_t *board);

/* Of the RAM, the bytes between data and stack that nobody has touched since the power came. */
uint16_t board_untouched_bytes(const board_t *board);

#endif
