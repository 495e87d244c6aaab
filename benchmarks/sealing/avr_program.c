#include "avr_program.h"

#include <stdbool.h>
#include <stdlib.h>

#include <sim_avr.h>
#include <sim_elf.h>

enum {
    FIRST_ARGUMENT_REGISTER = 24, /* r25:r24, then downwards in pairs */
    VALUE_REGISTER = 24,
    STACK_POINTER_ADDRESS = 0x5d,
    CRT_LIMIT_CYCLES = 1000000,
};

struct avr_program {
    avr_t *avr;
    uint32_t main_address; /* where every call returns to */
};

static void log_nothing(avr_t *avr, const int level, const char *format, va_list arguments)
{
    (void)avr, (void)level, (void)format, (void)arguments;
}

static uint16_t get_u16(const avr_t *avr, uint16_t address)
{
    return (uint16_t)(avr->data[address] | avr->data[address + 1] << 8);
}

static void set_u16(avr_t *avr, uint16_t address, uint16_t value)
{
    avr->data[address] = (uint8_t)value;
    avr->data[address + 1] = (uint8_t)(value >> 8);
}

/* Runs up to the instruction at `address`, and tells how low the stack pointer was meanwhile. */
static bool run_to(avr_t *avr, uint32_t address, uint64_t limit_cycles, uint16_t *lowest)
{
    const avr_cycle_count_t end = avr->cycle + limit_cycles;
    *lowest = get_u16(avr, STACK_POINTER_ADDRESS);
    while (avr->pc != address) {
        const int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed || avr->cycle > end)
            return false;
        const uint16_t now = get_u16(avr, STACK_POINTER_ADDRESS);
        if (now < *lowest)
            *lowest = now;
    }
    return true;
}

avr_program_t *avr_program_open(const char *elf_path, uint32_t main_address)
{
    elf_firmware_t firmware = {0};
    uint16_t lowest;
    avr_global_logger_set(log_nothing); /* it tells on stdout what it loads */
    if (elf_read_firmware(elf_path, &firmware) != 0)
        return NULL;
    avr_program_t *program = calloc(1, sizeof *program);
    avr_t *avr = avr_make_mcu_by_name("atmega328p");
    if (!program || !avr)
        abort();
    avr_init(avr);
    avr_load_firmware(avr, &firmware);
    avr->run_cycle_limit = 1; /* avr_run returns after each instruction */
    *program = (avr_program_t){avr, main_address};
    if (run_to(avr, main_address, CRT_LIMIT_CYCLES, &lowest))
        return program;
    avr_program_close(program);
    return NULL;
}

void avr_program_close(avr_program_t *program)
{
    avr_terminate(program->avr);
    free(program);
}

uint8_t *avr_program_data(avr_program_t *program)
{
    return program->avr->data;
}

int avr_program_call(avr_program_t *program, uint32_t address, const uint16_t *arguments,
                     uint8_t argument_count, uint64_t limit_cycles, avr_call_t *call)
{
    avr_t *avr = program->avr;
    const uint16_t top = get_u16(avr, STACK_POINTER_ADDRESS);
    const uint16_t return_address = (uint16_t)(program->main_address / 2); /* in words */
    const avr_cycle_count_t start = avr->cycle;
    uint16_t lowest;
    for (uint8_t i = 0; i < argument_count; i++)
        set_u16(avr, (uint16_t)(FIRST_ARGUMENT_REGISTER - 2 * i), arguments[i]);
    avr->data[top] = (uint8_t)return_address;
    avr->data[top - 1] = (uint8_t)(return_address >> 8);
    set_u16(avr, STACK_POINTER_ADDRESS, (uint16_t)(top - 2));
    avr->pc = address;
    if (!run_to(avr, program->main_address, limit_cycles, &lowest))
        return -1;
    *call = (avr_call_t){avr->cycle - start, (uint16_t)(top - lowest), get_u16(avr, VALUE_REGISTER)};
    return get_u16(avr, STACK_POINTER_ADDRESS) == top ? 0 : -1;
}
