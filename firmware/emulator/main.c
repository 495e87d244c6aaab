/*
 * treering-board: an emulated Arduino that runs the very firmware image, with its serial port (UART 0) on a
 * pseudo-terminal and an SHT31 on its I2C bus.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "console.h"
#include "eeprom_file.h"
#include "tr_constants.h"

/* The board runs in steps: long enough to cost little, short enough that a byte waits no longer than on USB.
 */
#define STEP_MS 1
#define CYCLES_PER_US (BOARD_HZ / 1000000)
#define CYCLES_PER_MS (BOARD_HZ / 1000)
/* Behind the wall clock by more than this (a busy or suspended machine), the board lets the time go. */
#define MAX_LAG_MS 250
/* While it catches up, it still looks at its port this often. */
#define MAX_STEP_MS 10

enum { EXIT_RUN_FAILED = 1, EXIT_USAGE = 2 };

#define NO_NODE_ID (-1)
#define MAX_ANALOG_MV 5000u

typedef struct options {
    const char *mcu;
    const char *firmware_path;
    const char *bootloader_path; /* NULL: none, a reset starts the firmware at once */
    const char *eeprom_path;     /* NULL: the EEPROM starts erased and is forgotten */
    int32_t node_id;             /* put into the EEPROM; NO_NODE_ID: what is there stays */
    bool has_sensor;
    double temperature_c;
    double humidity_percent;
    sht31_fault_t sensor_fault;
    const char *link_path;
    bool is_fast;
    bool resets_on_open;
} options_t;

static const char usage[] =
    "usage: treering-board --firmware FILE.elf [options]\n"
    "Runs an emulated Arduino and prints the name of its serial port.\n"
    "\n"
    "  --mcu NAME             atmega328p (an Uno, the default) or atmega2560 (a Mega)\n"
    "  --pty-link PATH        make PATH a symbolic link to the serial port\n"
    "  --temperature-c T      what the SHT31 feels, -45 to 130 (default 21.5)\n"
    "  --humidity-percent H   0 to 100 (default 45)\n"
    "  --sensor-fault FAULT   none, crc (wrong checksums), nack (no answer) or stuck (bus held low)\n"
    "  --no-sensor            nothing is on the I2C bus\n"
    "  --bootloader FILE.hex  run it at each reset, as optiboot on a real Uno\n"
    "  --node-id N            put this node id into the EEPROM, 0 to 65533\n"
    "  --eeprom FILE          load the EEPROM from FILE, and save it there at the end\n"
    "  --no-reset-on-open     opening the port does not reset the board\n"
    "  --fast                 run as fast as possible, not at 16 MHz\n"
    "\n"
    "Lines on stdin, each answered on stdout: temperature T, humidity H, fault FAULT, reset, status, quit.\n";

static volatile sig_atomic_t stop_requested;

static void request_stop(int signal_number)
{
    (void)signal_number;
    stop_requested = 1;
}

static void handle_signals(void)
{
    struct sigaction action = {.sa_handler = request_stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN); /* nobody reads the answers: run on */
}

static bool refuse(const char *option, const char *value, const char *takes)
{
    fprintf(stderr, "treering-board: %s %s: takes %s\n", option, value, takes);
    return false;
}

static bool parse_node_id(const char *text, int32_t *node_id)
{
    char *end;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (end == text || *end || errno || value < 0 || value > TR_MAX_NODE_ID)
        return false;
    *node_id = (int32_t)value;
    return true;
}

static bool apply_option(options_t *options, int option)
{
    switch (option) {
    case 'f': options->firmware_path = optarg; return true;
    case 'm': options->mcu = optarg; return true;
    case 'l': options->link_path = optarg; return true;
    case 't':
        return sht31_parse_temperature(optarg, &options->temperature_c) ||
               refuse("--temperature-c", optarg, "-45 to 130");
    case 'h':
        return sht31_parse_humidity(optarg, &options->humidity_percent) ||
               refuse("--humidity-percent", optarg, "0 to 100");
    case 'x':
        return sht31_parse_fault(optarg, &options->sensor_fault) ||
               refuse("--sensor-fault", optarg, "none, crc, nack or stuck");
    case 'i': return parse_node_id(optarg, &options->node_id) || refuse("--node-id", optarg, "0 to 65533");
    case 'n': options->has_sensor = false; return true;
    case 'b': options->bootloader_path = optarg; return true;
    case 'e': options->eeprom_path = optarg; return true;
    case 'o': options->resets_on_open = false; return true;
    case 'F': options->is_fast = true; return true;
    case 'H': fputs(usage, stdout); exit(EXIT_SUCCESS);
    default: return false; /* getopt has said what is wrong */
    }
}

static bool parse_options(int argc, char **argv, options_t *options)
{
    static const struct option known[] = {
        {"firmware", required_argument, NULL, 'f'},
        {"mcu", required_argument, NULL, 'm'},
        {"pty-link", required_argument, NULL, 'l'},
        {"temperature-c", required_argument, NULL, 't'},
        {"humidity-percent", required_argument, NULL, 'h'},
        {"sensor-fault", required_argument, NULL, 'x'},
        {"no-sensor", no_argument, NULL, 'n'},
        {"bootloader", required_argument, NULL, 'b'},
        {"node-id", required_argument, NULL, 'i'},
        {"eeprom", required_argument, NULL, 'e'},
        {"no-reset-on-open", no_argument, NULL, 'o'},
        {"fast", no_argument, NULL, 'F'},
        {"help", no_argument, NULL, 'H'},
        {0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (!apply_option(options, option))
            return false;
    }
    if (optind < argc) {
        fprintf(stderr, "treering-board: %s: not an option; see --help\n", argv[optind]);
        return false;
    }
    if (!options->firmware_path) {
        fprintf(stderr, "treering-board: --firmware is missing; give build/firmware/treering-uno.elf\n");
        return false;
    }
    return true;
}

/* --- the symbolic link --- */

/* Replaces a link that an earlier run left, but nothing else. */
static bool make_link(const char *path, const char *port_name)
{
    char target[PATH_MAX];
    if (readlink(path, target, sizeof target) >= 0)
        unlink(path);
    if (symlink(port_name, path) == 0)
        return true;
    fprintf(stderr, "treering-board: --pty-link %s: %s; give a path that is free\n", path, strerror(errno));
    return false;
}

/* Another board may have taken the link over. */
static void remove_link(const char *path, const char *port_name)
{
    char target[PATH_MAX];
    const ssize_t length = readlink(path, target, sizeof target);
    if (length == (ssize_t)strlen(port_name) && memcmp(target, port_name, (size_t)length) == 0)
        unlink(path);
}

/* --- the board --- */

/* Nothing is connected to the analog pins: they feel noise. */
static void stir_analog_pins(board_t *board)
{
    uint16_t noise[16];
    if (getrandom(noise, sizeof noise, 0) != (ssize_t)sizeof noise)
        return; /* they feel what they felt before */
    for (uint8_t pin = 0; pin < board_analog_pins(board); pin++)
        board_set_analog(board, pin, noise[pin] % MAX_ANALOG_MV);
}

void bench_reset(bench_t *bench)
{
    board_reset(&bench->board);
    stir_analog_pins(&bench->board);
    serial_port_reset(&bench->port);
    bench->resets++;
}

static bool load_image(board_image_t *image, const options_t *options)
{
    char error[ERROR_BYTES];
    const char *bootloader = options->bootloader_path;
    if (board_image_load(image, options->mcu, options->firmware_path, error) &&
        (!bootloader || board_image_add_bootloader(image, bootloader, error)))
        return true;
    fprintf(stderr, "treering-board: %s\n", error);
    return false;
}

static bool set_up(bench_t *bench, const board_image_t *image, const options_t *options)
{
    board_t *board = &bench->board;
    board_create(board, image);
    if (options->eeprom_path && !eeprom_load(&board->eeprom, options->eeprom_path))
        return false;
    if (options->node_id != NO_NODE_ID)
        eeprom_provision(&board->eeprom, (uint16_t)options->node_id);
    if (options->has_sensor) {
        board_add_sensor(board);
        board->sensor.temperature_c = options->temperature_c;
        board->sensor.humidity_percent = options->humidity_percent;
        board->sensor.fault = options->sensor_fault;
    }
    stir_analog_pins(board);
    return serial_port_create(&bench->port, board->avr);
}

/* --- time --- */

static uint64_t wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* Up to which cycle the board should have run by now; `zero_us` is the wall time of its cycle 0. */
static avr_cycle_count_t due_cycle(uint64_t *zero_us, avr_cycle_count_t cycle)
{
    const uint64_t now_us = wall_us();
    const avr_cycle_count_t due = (now_us - *zero_us) * CYCLES_PER_US;
    const avr_cycle_count_t longest = cycle + MAX_STEP_MS * CYCLES_PER_MS;
    if (due > cycle + MAX_LAG_MS * CYCLES_PER_MS)
        *zero_us = now_us - cycle / CYCLES_PER_US;
    return due < longest ? due : longest;
}

/* Waits for a client, its bytes or a command, but no longer than a step. */
static void wait_for_input(const bench_t *bench, console_t *console, int timeout_ms)
{
    struct pollfd watched[] = {
        {.fd = console->is_closed ? -1 : STDIN_FILENO, .events = POLLIN},
        {.fd = bench->port.watch_fd, .events = POLLIN},
        {.fd = serial_port_wants_input(&bench->port) ? bench->port.master_fd : -1, .events = POLLIN},
    };
    if (poll(watched, sizeof watched / sizeof *watched, timeout_ms) > 0 && watched[0].revents)
        console_service(console);
}

static bool run(bench_t *bench, const options_t *options)
{
    board_t *board = &bench->board;
    console_t console = {.bench = bench};
    uint64_t zero_us = wall_us();
    while (!stop_requested && !console.wants_quit) {
        const avr_cycle_count_t cycle = board->avr->cycle;
        const avr_cycle_count_t due =
            options->is_fast ? cycle + STEP_MS * CYCLES_PER_MS : due_cycle(&zero_us, cycle);
        if (board_run_until(board, due) == BOARD_CRASHED) {
            fprintf(stderr, "treering-board: the firmware crashed at flash address 0x%04x\n", board->avr->pc);
            return false;
        }
        if (serial_port_service(&bench->port) && options->resets_on_open)
            bench_reset(bench);
        wait_for_input(bench, &console, options->is_fast ? 0 : STEP_MS);
    }
    return true;
}

int main(int argc, char **argv)
{
    options_t options = {
        .mcu = UNO_MCU,
        .node_id = NO_NODE_ID,
        .has_sensor = true,
        .temperature_c = 21.5,
        .humidity_percent = 45.0,
        .resets_on_open = true,
    };
    board_image_t image;
    bench_t bench = {0};
    if (!parse_options(argc, argv, &options) || !load_image(&image, &options) ||
        !set_up(&bench, &image, &options))
        return EXIT_USAGE;
    if (options.link_path && !make_link(options.link_path, bench.port.name))
        return EXIT_USAGE;
    handle_signals();
    puts(bench.port.name);
    fflush(stdout);

    const bool ran = run(&bench, &options);
    if (options.link_path)
        remove_link(options.link_path, bench.port.name);
    const bool saved = !options.eeprom_path || eeprom_save(&bench.board.eeprom, options.eeprom_path);
    serial_port_destroy(&bench.port);
    board_destroy(&bench.board);
    board_image_free(&image);
    return ran && saved ? EXIT_SUCCESS : EXIT_RUN_FAILED;
}
