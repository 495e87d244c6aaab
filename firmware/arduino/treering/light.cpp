#include "light.h"

#include "hardware.h"

static const uint8_t FLASH_MS = 30;

static uint16_t flash_off_ms;
static bool is_flashing;

void light_begin()
{
    LED_DDR |= _BV(LED_BIT);
}

void light_flash(uint32_t now_ms)
{
    LED_PORT |= _BV(LED_BIT);
    flash_off_ms = uint16_t(now_ms) + FLASH_MS;
    is_flashing = true;
}

// Of each 4,096 ms the first code times 256 are half bright; not of the first, in which nobody can be found
// yet.
void light_handle_timer(uint8_t code, uint32_t now_ms)
{
    const uint16_t phase_ms = now_ms & 0xFFF;
    is_flashing = is_flashing && int16_t(uint16_t(now_ms) - flash_off_ms) < 0;
    if (is_flashing || (now_ms > 0xFFF && phase_ms >> 8 < code && !(phase_ms & 0x80))) {
        LED_PORT |= _BV(LED_BIT);
    } else {
        LED_PORT &= ~_BV(LED_BIT);
    }
}
