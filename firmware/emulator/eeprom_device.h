/*
 * What simavr's EEPROM lacks: a byte takes its time to be written, and one whose writing is cut off holds
 * neither the old value nor the new. Source: ATmega48A to 328P data sheet (DS40002061), "EEPROM Data Memory".
 */
#ifndef TREERING_EEPROM_DEVICE_H
#define TREERING_EEPROM_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <sim_avr.h>

typedef struct eeprom_device {
    avr_t *avr;
    avr_io_write_t write_eecr; /* simavr's own handler of the EEPROM control register */
    void *write_eecr_param;
    uint8_t *bytes; /* simavr's */
    uint16_t size;

    bool is_writing;
    uint16_t address; /* of the byte that is being written */
    uint8_t before;
    avr_cycle_count_t began_cycle;
    uint32_t written; /* bytes */
} eeprom_device_t;

void eeprom_attach(eeprom_device_t *device, avr_t *avr);

/* The power fails: a byte that is being written keeps of its old value, or takes of its new one, what
 * `chance` leaves. */
void eeprom_cut_off(eeprom_device_t *device, uint8_t chance);

#endif
