#include "uart_line.h"

#include <string.h>

#include <sim_io.h>

static avr_uart_t *find_uart(avr_t *avr, char name)
{
    for (avr_io_t *io = avr->io_port; io; io = io->next) {
        if (strcmp(io->kind, "uart") == 0 && ((avr_uart_t *)io)->name == name)
            return (avr_uart_t *)io;
    }
    return NULL;
}

static void on_output(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq;
    uart_line_t *line = param;
    const avr_cycle_count_t now = line->avr->cycle;
    const avr_cycle_count_t begins = line->busy_until > now ? line->busy_until : now;
    line->busy_until = begins + line->uart->cycles_per_byte;
    line->sent++;
    line->on_sent(line->on_sent_param, (uint8_t)value, line->busy_until);
}

bool line_attach(uart_line_t *line, avr_t *avr, uint8_t number)
{
    memset(line, 0, sizeof *line);
    line->avr = avr;
    line->uart = find_uart(avr, (char)('0' + number));
    if (!line->uart)
        return false;
    line->uart->flags = 0; /* simavr would print the output, and sleep when the firmware polls */
    line->to_uart = line->uart->io.irq + UART_IRQ_INPUT;
    avr_irq_register_notify(line->uart->io.irq + UART_IRQ_OUTPUT, on_output, line);
    return true;
}

/* A byte begins; the UART has it after the time of one. */
static avr_cycle_count_t begin_byte(avr_t *avr, avr_cycle_count_t when, void *param)
{
    (void)avr;
    uart_line_t *line = param;
    if (line->taken == line->put)
        return 0;
    line->received++;
    avr_raise_irq(line->to_uart, line->waiting[line->taken++ % LINE_BYTES]);
    return when + line->uart->cycles_per_byte;
}

void line_send(uart_line_t *line, const uint8_t *bytes, uint32_t length)
{
    const bool is_idle = avr_cycle_timer_status(line->avr, begin_byte, line) == 0;
    if (is_idle)
        line->taken = line->put; /* a reset of the chip has ended what was on its way */
    for (uint32_t i = 0; i < length; i++) {
        if (line->put - line->taken == LINE_BYTES)
            line->dropped++;
        else
            line->waiting[line->put++ % LINE_BYTES] = bytes[i];
    }
    if (is_idle)
        avr_cycle_timer_register(line->avr, 1, begin_byte, line);
}
