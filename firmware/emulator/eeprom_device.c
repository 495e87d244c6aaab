#include "eeprom_device.h"

#include <string.h>

#include <avr_eeprom.h>
#include <sim_io.h>
#include <sim_time.h>

/* In the data space, and the same on the ATmega328P and the ATmega2560. */
#define EECR 0x3F
#define EECR_EEPE 0x02
#define EECR_EEMPE 0x04
#define EEARL 0x41
#define EEARH 0x42

/* "Typical EEPROM programming time": the byte is erased, then written. */
#define WRITE_US 3400

static avr_cycle_count_t end_write(avr_t *avr, avr_cycle_count_t when, void *param)
{
    (void)when;
    eeprom_device_t *device = param;
    avr->data[EECR] &= (uint8_t)~EECR_EEPE;
    device->is_writing = false;
    return 0;
}

static void write_eecr(avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    eeprom_device_t *device = param;
    /* A reset ends the waiting, not the writing; both take 3.4 ms at most. */
    const bool is_busy = device->is_writing && avr_cycle_timer_status(avr, end_write, device) > 0;
    const bool begins = !is_busy && (value & EECR_EEPE) && (avr->data[EECR] & EECR_EEMPE);
    if (begins) {
        device->address = (uint16_t)((avr->data[EEARL] | avr->data[EEARH] << 8) & (device->size - 1));
        device->before = device->bytes[device->address];
        device->began_cycle = avr->cycle;
    }
    device->write_eecr(avr, address, begins ? value : (uint8_t)(value & ~EECR_EEPE),
                       device->write_eecr_param);
    if (begins) {
        device->is_writing = true;
        device->written++;
        avr_cycle_timer_register_usec(avr, WRITE_US, end_write, device);
    }
    if (begins || is_busy)
        avr->data[EECR] |= EECR_EEPE;
}

void eeprom_attach(eeprom_device_t *device, avr_t *avr)
{
    avr_eeprom_desc_t content = {.size = 0}; /* without a buffer, simavr gives its own */
    memset(device, 0, sizeof *device);
    avr_ioctl(avr, AVR_IOCTL_EEPROM_GET, &content);
    device->avr = avr;
    device->bytes = content.ee;
    device->size = (uint16_t)(avr->e2end + 1);

    device->write_eecr = avr->io[AVR_DATA_TO_IO(EECR)].w.c;
    device->write_eecr_param = avr->io[AVR_DATA_TO_IO(EECR)].w.param;
    avr->io[AVR_DATA_TO_IO(EECR)].w.c = write_eecr;
    avr->io[AVR_DATA_TO_IO(EECR)].w.param = device;
}

void eeprom_cut_off(eeprom_device_t *device, uint8_t chance)
{
    if (!device->is_writing)
        return;
    const avr_cycle_count_t half = avr_usec_to_cycles(device->avr, WRITE_US) / 2;
    uint8_t *byte = device->bytes + device->address;
    const bool is_erasing = device->avr->cycle - device->began_cycle < half;
    *byte = (uint8_t)((is_erasing ? device->before : *byte) | chance); /* an erased bit is 1 */
    device->is_writing = false;
}
