#include "console.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Carries a command out and returns the line that answers it. */
typedef const char *command_t(console_t *console, const char *argument);

static const char *set_temperature(console_t *console, const char *argument)
{
    if (!sht31_parse_temperature(argument, &console->bench->board.sensor.temperature_c))
        return "error: temperature takes -45 to 130 degC";
    return "ok";
}

static const char *set_humidity(console_t *console, const char *argument)
{
    if (!sht31_parse_humidity(argument, &console->bench->board.sensor.humidity_percent))
        return "error: humidity takes 0 to 100 %RH";
    return "ok";
}

static const char *set_fault(console_t *console, const char *argument)
{
    if (!sht31_parse_fault(argument, &console->bench->board.sensor.fault))
        return "error: fault takes none, crc, nack or stuck";
    return "ok";
}

static const char *reset(console_t *console, const char *argument)
{
    (void)argument;
    bench_reset(console->bench);
    return "ok";
}

static const char *status(console_t *console, const char *argument)
{
    (void)argument;
    const bench_t *bench = console->bench;
    const serial_port_t *port = &bench->port;
    snprintf(console->status, sizeof console->status,
             "{\"board_ms\": %" PRIu64 ", \"resets\": %" PRIu32 ", \"led_blinks\": %" PRIu32
             ", \"port_open\": %s, \"received\": %" PRIu64 ", \"sent\": %" PRIu64 ", \"dropped\": %" PRIu64
             "}",
             (uint64_t)bench->board.avr->cycle / (BOARD_HZ / 1000), bench->resets, bench->board.led_blinks,
             port->is_open ? "true" : "false", port->received, port->sent, port->dropped);
    return console->status;
}

static const char *quit(console_t *console, const char *argument)
{
    (void)argument;
    console->wants_quit = true;
    return "ok";
}

static const struct {
    const char *name;
    command_t *run;
    bool needs_sensor;
} commands[] = {
    {"temperature", set_temperature, true},
    {"humidity", set_humidity, true},
    {"fault", set_fault, true},
    {"reset", reset, false},
    {"status", status, false},
    {"quit", quit, false},
};

static const char *run_command(console_t *console, const char *name, const char *argument)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(name, commands[i].name) != 0)
            continue;
        if (commands[i].needs_sensor && !console->bench->board.sensor.avr)
            return "error: this board has no sensor";
        return commands[i].run(console, argument);
    }
    return "error: commands are temperature, humidity, fault, reset, status and quit";
}

static void run_line(console_t *console, char *line)
{
    char *rest = NULL;
    const char *name = strtok_r(line, " \t\r", &rest);
    const char *argument = strtok_r(NULL, " \t\r", &rest);
    puts(run_command(console, name ? name : "", argument ? argument : ""));
    fflush(stdout);
}

void console_service(console_t *console)
{
    char bytes[256];
    const ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
    if (count <= 0) {
        console->is_closed = true;
        return;
    }
    for (ssize_t i = 0; i < count; i++) {
        if (bytes[i] == '\n') {
            console->line[console->line_bytes] = '\0';
            console->line_bytes = 0;
            run_line(console, console->line);
        } else if (console->line_bytes + 1 < sizeof console->line) {
            console->line[console->line_bytes++] = bytes[i];
        }
    }
}
