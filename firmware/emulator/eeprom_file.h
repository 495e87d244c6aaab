/* The EEPROM of a board on the bench, as a file. */
#ifndef TREERING_EEPROM_FILE_H
#define TREERING_EEPROM_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "eeprom_device.h"

/* False, with a line on stderr, if the file is there and cannot be used. */
bool eeprom_load(eeprom_device_t *device, const char *path);
bool eeprom_save(const eeprom_device_t *device, const char *path);

/* Puts settings into it that say the node id and nothing else. */
void eeprom_provision(eeprom_device_t *device, uint16_t node_id);

#endif
