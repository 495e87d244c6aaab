#include "board.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <avr_adc.h>
#include <avr_ioport.h>
#include <sim_core.h>
#include <sim_elf.h>
#include <sim_hex.h>
#include <sim_interrupts.h>
#include <sim_io.h>

#define SUPPLY_MV 5000u
#define LED_PORT 'B' /* pin 13 of an Uno is bit 5, that of a Mega bit 7 */
#define STACK_PAINT 0xC5
#define RAM_START 0x100

/* simavr reports the files it loads on stdout, which is ours. */
static void log_errors_only(avr_t *avr, const int level, const char *format, va_list arguments)
{
    (void)avr;
    if (level <= LOG_ERROR)
        vfprintf(stderr, format, arguments);
}

/* --- the image --- */

/* simavr believes whatever it is given: look before. */
static bool is_avr_elf(const char *path, char error[ERROR_BYTES])
{
    Elf32_Ehdr header;
    FILE *file = fopen(path, "rb");
    if (!file) {
        snprintf(error, ERROR_BYTES, "%s: %s; build it with `make firmware`", path, strerror(errno));
        return false;
    }
    const bool complete = fread(&header, sizeof header, 1, file) == 1;
    fclose(file);
    if (complete && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS32 &&
        header.e_machine == EM_AVR)
        return true;
    snprintf(error, ERROR_BYTES, "%s: not an AVR ELF file; give the .elf that `make firmware` builds", path);
    return false;
}

bool board_image_load(board_image_t *image, const char *mcu, const char *path, char error[ERROR_BYTES])
{
    elf_firmware_t firmware = {0};
    avr_global_logger_set(log_errors_only);
    image->mcu = mcu;
    image->avr = NULL;
    if (strcmp(mcu, UNO_MCU) != 0 && strcmp(mcu, MEGA_MCU) != 0) {
        snprintf(error, ERROR_BYTES, "%s: not a chip that is emulated; give " UNO_MCU " or " MEGA_MCU, mcu);
        return false;
    }
    if (!is_avr_elf(path, error))
        return false;
    image->avr = avr_make_mcu_by_name(mcu);
    avr_init(image->avr);
    if (elf_read_firmware(path, &firmware) == 0 && firmware.flashsize <= image->avr->flashend) {
        avr_load_firmware(image->avr, &firmware);
        return true;
    }
    snprintf(error, ERROR_BYTES, "%s: not a firmware for the %s; build it with `make firmware`", path, mcu);
    board_image_free(image);
    return false;
}

bool board_image_add_bootloader(board_image_t *image, const char *path, char error[ERROR_BYTES])
{
    avr_t *avr = image->avr;
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
        snprintf(error, ERROR_BYTES, "%s: not a bootloader for the %s; build it with `make emulator`", path,
                 image->mcu);
    free_ihex_chunks(chunks);
    return fits;
}

static void discard(avr_t *avr)
{
    avr_terminate(avr);
    free(avr);
}

void board_image_free(board_image_t *image)
{
    discard(image->avr);
    image->avr = NULL;
}

/* --- the board --- */

static void on_led(avr_irq_t *irq, uint32_t value, void *param)
{
    if (value && !irq->value)
        ((board_t *)param)->led_blinks++;
}

void board_create(board_t *board, const board_image_t *image)
{
    memset(board, 0, sizeof *board);
    avr_t *avr = board->avr = avr_make_mcu_by_name(image->mcu);
    avr_init(avr);
    free(avr->flash);
    avr->flash = image->avr->flash;
    avr->codeend = image->avr->codeend;
    avr->reset_pc = image->avr->reset_pc;
    avr->frequency = BOARD_HZ;
    avr->vcc = avr->avcc = avr->aref = SUPPLY_MV;
    memset(avr->data + RAM_START, STACK_PAINT, avr->ramend + 1u - RAM_START);
    avr->pc = avr->reset_pc;
    board->usual_run = avr->run;
    eeprom_attach(&board->eeprom, avr);
    const int led_pin = strcmp(image->mcu, UNO_MCU) == 0 ? 5 : 7;
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ(LED_PORT), led_pin), on_led, board);
}

void board_destroy(board_t *board)
{
    board->avr->flash = NULL; /* the image's */
    discard(board->avr);
    board->avr = NULL;
}

void board_add_sensor(board_t *board)
{
    sht31_attach(&board->sensor, board->avr);
}

uint8_t board_analog_pins(const board_t *board)
{
    return strcmp(board->avr->mmcu, UNO_MCU) == 0 ? 6 : 16;
}

void board_set_analog(board_t *board, uint8_t pin, uint32_t millivolts)
{
    avr_raise_irq(avr_io_getirq(board->avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC0 + pin), millivolts);
}

void board_reset(board_t *board)
{
    avr_reset(board->avr);
    /* A bootloader waits for a sketch only after an external reset. */
    avr_regbit_set(board->avr, board->avr->reset_flags.extrf);
}

/* Sleeps until something is due. simavr's own loop sleeps a cycle too long, and past whoever waits for us. */
static void sleep_on(board_t *board, avr_cycle_count_t idle_cycles, avr_cycle_count_t cycle)
{
    avr_t *avr = board->avr;
    const avr_cycle_count_t left = cycle - avr->cycle;
    const avr_cycle_count_t slept = idle_cycles < left ? idle_cycles : left;
    avr->cycle += slept;
    board->slept_cycles += slept;
}

/*
 * avr_run, but many instructions at once: simavr's inner loop goes on until the next timer of the chip is
 * due, unless run_cycle_limit, which a reset sets to 1, keeps it from that. An interrupt ends it too.
 */
board_state_t board_run_until(board_t *board, avr_cycle_count_t cycle)
{
    avr_t *avr = board->avr;
    board->is_paused = false;
    avr->run_cycle_limit = BOARD_HZ;
    while (avr->cycle < cycle && !board->is_paused) {
        avr_flashaddr_t next_pc = avr->pc;
        if (avr->run != board->usual_run) {
            avr_run(avr); /* the watchdog resets it */
            avr->run_cycle_limit = BOARD_HZ;
            continue;
        }
        if (avr->state == cpu_Running) {
            if (avr->run_cycle_count > cycle - avr->cycle)
                avr->run_cycle_count = cycle - avr->cycle;
            next_pc = avr_run_one(avr);
        }
        const avr_cycle_count_t idle_cycles = avr_cycle_timer_process(avr);
        avr->pc = next_pc;
        if (avr->state == cpu_Sleeping && avr->cycle < cycle) {
            if (!avr->sreg[S_I])
                return BOARD_CRASHED; /* nothing can wake it */
            sleep_on(board, idle_cycles, cycle);
        }
        if (avr->interrupt_state && (avr->state == cpu_Running || avr->state == cpu_Sleeping))
            avr_service_interrupts(avr);
        if (avr->state == cpu_Done || avr->state == cpu_Crashed)
            return BOARD_CRASHED;
    }
    return board->is_paused ? BOARD_PAUSED : BOARD_RUNS;
}

void board_pause(board_t *board)
{
    board->is_paused = true;
    board->avr->run_cycle_count = 0;
}

uint16_t board_untouched_bytes(const board_t *board)
{
    const avr_t *avr = board->avr;
    uint16_t longest = 0, run = 0;
    for (uint16_t at = RAM_START; at <= avr->ramend; at++) {
        run = avr->data[at] == STACK_PAINT ? (uint16_t)(run + 1) : 0;
        if (run > longest)
            longest = run;
    }
    return longest;
}
