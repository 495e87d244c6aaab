#include "eeprom_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tr_bytes.h"
#include "tr_frame.h"

bool eeprom_load(eeprom_device_t *device, const char *path)
{
    uint8_t bytes[4096]; /* as many as the ATmega2560 has */
    FILE *file = fopen(path, "rb");
    if (!file && errno == ENOENT)
        return true; /* erased; the file comes into being at the end of the run */
    if (!file) {
        fprintf(stderr, "treering-board: %s: %s\n", path, strerror(errno));
        return false;
    }
    const size_t length = fread(bytes, 1, device->size, file);
    const bool fits = fgetc(file) == EOF;
    fclose(file);
    if (fits)
        memcpy(device->bytes, bytes, length);
    else
        fprintf(stderr, "treering-board: %s: longer than the EEPROM's %u bytes\n", path, device->size);
    return fits;
}

bool eeprom_save(const eeprom_device_t *device, const char *path)
{
    FILE *file = fopen(path, "wb");
    bool written = file && fwrite(device->bytes, device->size, 1, file) == 1;
    if (file)
        written = fclose(file) == 0 && written;
    if (!written)
        fprintf(stderr, "treering-board: %s: cannot write the EEPROM: %s\n", path, strerror(errno));
    return written;
}

void eeprom_provision(eeprom_device_t *device, uint16_t node_id)
{
    enum { GENERATION = 0, ENTRY_BYTES = 4, END = 2 + ENTRY_BYTES };
    uint8_t *copy = device->bytes; /* PROTOCOL.md 16.1 */
    copy[0] = GENERATION;
    copy[1] = ENTRY_BYTES;
    copy[2] = TR_SETTING_NODE_ID;
    copy[3] = sizeof node_id;
    tr_put_u16(copy + 4, node_id);
    tr_put_u16(copy + END, tr_crc16(copy, END));
}
