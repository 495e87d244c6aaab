#include "board.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <avr_adc.h>
#include <avr_eeprom.h>
#include <avr_ioport.h>
#include <sim_elf.h>
#include <sim_hex.h>
#include <sim_io.h>

#include "tr_identity.h"

#define EEPROM_BYTES 1024
#define IDENTITY_ADDRESS 0 /* as in arduino/treering/identity.h */
#define ANALOG_PINS 6
#define SUPPLY_MV 5000u
#define LED_PIN 5 /* of port B: the Uno's pin 13 */

/* simavr reports the files it loads on stdout, which is ours. */
static void log_errors_only(avr_t *avr, const int level, const char *format, va_list arguments)
{
    (void)avr;
    if (level <= LOG_ERROR)
        vfprintf(stderr, format, arguments);
}

/* The board sleeps in its caller's wait, not within the emulation. */
static void do_not_sleep(avr_t *avr, avr_cycle_count_t how_long)
{
    (void)avr;
    (void)how_long;
}

static void on_led(avr_irq_t *irq, uint32_t value, void *param)
{
    if (value && !irq->value)
        ((board_t *)param)->led_blinks++;
}

/* simavr believes whatever it is given: look before. */
static bool is_avr_elf(const char *path)
{
    Elf32_Ehdr header;
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "treering-board: %s: %s; build it with `make firmware`\n", path, strerror(errno));
        return false;
    }
    const bool complete = fread(&header, sizeof header, 1, file) == 1;
    fclose(file);
    if (complete && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS32 &&
        header.e_machine == EM_AVR)
        return true;
    fprintf(stderr, "treering-board: %s: not an AVR ELF file; give the .elf that `make firmware` builds\n",
            path);
    return false;
}

static bool load_firmware(avr_t *avr, const char *path)
{
    elf_firmware_t firmware = {0};
    if (!is_avr_elf(path))
        return false;
    if (elf_read_firmware(path, &firmware) != 0 || firmware.flashsize > avr->flashend) {
        fprintf(stderr,
                "treering-board: %s: not a firmware for the ATmega328P; build it with `make firmware`\n",
                path);
        return false;
    }
    avr_load_firmware(avr, &firmware);
    avr->frequency = BOARD_HZ;
    return true;
}

static bool load_bootloader(avr_t *avr, const char *path)
{
    ihex_chunk_t *chunks = NULL;
    const int count = access(path, R_OK) == 0 ? read_ihex_chunks(path, &chunks) : -1;
    bool fits = count > 0;
    for (int i = 0; fits && i < count; i++) {
        fits = chunks[i].baseaddr + chunks[i].size <= avr->flashend + 1u;
        if (fits)
            avr_loadcode(avr, chunks[i].data, chunks[i].size, chunks[i].baseaddr);
    }
    if (fits)
        avr->reset_pc = chunks[0].baseaddr;
    else
        fprintf(stderr,
                "treering-board: %s: not a bootloader for the ATmega328P; build it with `make emulator`\n",
                path);
    free_ihex_chunks(chunks);
    return fits;
}

static bool load_eeprom(avr_t *avr, const char *path)
{
    uint8_t bytes[EEPROM_BYTES];
    FILE *file = fopen(path, "rb");
    if (!file && errno == ENOENT)
        return true; /* erased; the file comes into being at the end of the run */
    if (!file) {
        fprintf(stderr, "treering-board: %s: %s\n", path, strerror(errno));
        return false;
    }
    avr_eeprom_desc_t content = {.ee = bytes, .size = (uint32_t)fread(bytes, 1, sizeof bytes, file)};
    const bool fits = fgetc(file) == EOF;
    fclose(file);
    if (!fits) {
        fprintf(stderr, "treering-board: %s: longer than the EEPROM's %d bytes\n", path, EEPROM_BYTES);
        return false;
    }
    if (content.size > 0)
        avr_ioctl(avr, AVR_IOCTL_EEPROM_SET, &content);
    return true;
}

static bool save_eeprom(avr_t *avr, const char *path)
{
    uint8_t bytes[EEPROM_BYTES];
    avr_eeprom_desc_t content = {.ee = bytes, .size = sizeof bytes};
    avr_ioctl(avr, AVR_IOCTL_EEPROM_GET, &content);
    FILE *file = fopen(path, "wb");
    bool written = file && fwrite(bytes, sizeof bytes, 1, file) == 1;
    if (file)
        written = fclose(file) == 0 && written;
    if (!written)
        fprintf(stderr, "treering-board: %s: cannot write the EEPROM: %s\n", path, strerror(errno));
    return written;
}

static void provision(avr_t *avr, uint16_t node_id)
{
    uint8_t record[TR_IDENTITY_BYTES];
    avr_eeprom_desc_t content = {.ee = record, .offset = IDENTITY_ADDRESS, .size = sizeof record};
    tr_identity_write(record, node_id);
    avr_ioctl(avr, AVR_IOCTL_EEPROM_SET, &content);
}

static bool load_files(avr_t *avr, const board_config_t *config)
{
    return load_firmware(avr, config->firmware_path) &&
           (!config->bootloader_path || load_bootloader(avr, config->bootloader_path)) &&
           (!config->eeprom_path || load_eeprom(avr, config->eeprom_path));
}

/* Nothing is connected to the analog pins: they feel noise. */
static void stir_analog_pins(avr_t *avr)
{
    uint16_t noise[ANALOG_PINS];
    if (getrandom(noise, sizeof noise, 0) != (ssize_t)sizeof noise)
        return; /* they feel what they felt before */
    for (int pin = 0; pin < ANALOG_PINS; pin++)
        avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC0 + pin), noise[pin] % SUPPLY_MV);
}

bool board_create(board_t *board, const board_config_t *config)
{
    memset(board, 0, sizeof *board);
    board->config = config;
    avr_global_logger_set(log_errors_only);
    board->avr = avr_make_mcu_by_name("atmega328p");
    avr_init(board->avr);
    board->avr->sleep = do_not_sleep;
    board->avr->vcc = board->avr->avcc = board->avr->aref = SUPPLY_MV;
    if (!load_files(board->avr, config) || !serial_port_create(&board->port, board->avr))
        return false;
    board->avr->pc = board->avr->reset_pc;
    if (config->node_id != NO_NODE_ID)
        provision(board->avr, (uint16_t)config->node_id);
    stir_analog_pins(board->avr);
    avr_irq_register_notify(avr_io_getirq(board->avr, AVR_IOCTL_IOPORT_GETIRQ('B'), LED_PIN), on_led, board);
    if (config->has_sensor) {
        sht31_attach(&board->sensor, board->avr);
        board->sensor.temperature_c = config->temperature_c;
        board->sensor.humidity_percent = config->humidity_percent;
        board->sensor.fault = config->sensor_fault;
    }
    return true;
}

bool board_destroy(board_t *board)
{
    const char *eeprom_path = board->config->eeprom_path;
    const bool saved = !eeprom_path || save_eeprom(board->avr, eeprom_path);
    serial_port_destroy(&board->port);
    avr_terminate(board->avr);
    return saved;
}

void board_reset(board_t *board)
{
    avr_t *avr = board->avr;
    avr_reset(avr);
    avr_regbit_set(avr,
                   avr->reset_flags.extrf); /* a bootloader waits for a sketch only after an external reset */
    stir_analog_pins(avr);
    serial_port_reset(&board->port);
    board->resets++;
}

bool board_run_until(board_t *board, avr_cycle_count_t cycle)
{
    avr_t *avr = board->avr;
    while (avr->cycle < cycle) {
        const int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed) {
            fprintf(stderr, "treering-board: the firmware crashed at flash address 0x%04x\n", avr->pc);
            return false;
        }
    }
    return true;
}
