/* The core's sealing with room for what it works on. Nothing runs by itself: avr_program.c calls the
 * functions. */
#include <stdint.h>

uint8_t key[16], nonce[13], message[128];

int main(void)
{
    for (;;)
        ;
}
