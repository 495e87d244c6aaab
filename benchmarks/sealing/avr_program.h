/* A program for the ATmega328P of which single functions are called, on libsimavr: exact in cycles and stack.
 */
#ifndef AVR_PROGRAM_H
#define AVR_PROGRAM_H

#include <stdint.h>

typedef struct avr_program avr_program_t;

/* What a call came to. */
typedef struct avr_call {
    uint64_t cycles;      /* the `ret` counts, the `call` does not */
    uint16_t stack_bytes; /* at its deepest, with the return address */
    uint16_t value;       /* r25:r24 at the end; r25 means nothing if the function returns 8 bits */
} avr_call_t;

/* Loads an ELF image and runs it up to `main_address`: its variables are initialized then. NULL if that
 * cannot be. */
avr_program_t *avr_program_open(const char *elf_path, uint32_t main_address);
void avr_program_close(avr_program_t *program);

/* The data space: a variable lies at the linker's address less 0x800000. */
uint8_t *avr_program_data(avr_program_t *program);

/* Calls the function at `address` with arguments of up to 16 bits each, by avr-gcc's convention. -1 if it has
 * not returned within `limit_cycles`, or has crashed; else 0. */
int avr_program_call(avr_program_t *program, uint32_t address, const uint16_t *arguments,
                     uint8_t argument_count, uint64_t limit_cycles, avr_call_t *call);

#endif
