#include "boards.h"

#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "uart_line.h"

#define UARTS 2
#define DELIMITER 0x00
/* More than one instruction, or the handling of one interrupt, can cause. */
#define NOTICES 4u

/* General purpose registers, in the data space: the same on the ATmega328P and the ATmega2560. */
#define GPIOR0 0x3E
#define GPIOR1 0x4A

struct firmware {
    board_image_t image;
    char mcu[16];
};

typedef struct stream {
    field_board_t *board;
    boards_notice_t notice; /* in the making */
} stream_t;

struct field_board {
    board_t board;
    bool is_crashed;
    uart_line_t lines[UARTS];
    stream_t streams[UARTS];
    uint8_t event[BOARDS_EVENT_BYTES]; /* the last of the bytes on GPIOR1 */
    boards_notice_t notices[NOTICES];
    uint32_t put;
    uint32_t taken;
};

firmware_t *boards_load(const char *mcu, const char *path, char *error)
{
    firmware_t *firmware = calloc(1, sizeof *firmware);
    strncpy(firmware->mcu, mcu, sizeof firmware->mcu - 1);
    if (board_image_load(&firmware->image, firmware->mcu, path, error))
        return firmware;
    free(firmware);
    return NULL;
}

void boards_unload(firmware_t *firmware)
{
    board_image_free(&firmware->image);
    free(firmware);
}

/* --- what a board tells --- */

static void tell(field_board_t *self, const boards_notice_t *notice)
{
    self->notices[self->put++ % NOTICES] = *notice;
    board_pause(&self->board);
}

static void on_sent(void *param, uint8_t byte, avr_cycle_count_t cycle)
{
    stream_t *stream = param;
    boards_notice_t *notice = &stream->notice;
    notice->bytes[notice->length] = byte;
    notice->cycles[notice->length++] = notice->cycle = cycle;
    if (byte == DELIMITER || notice->length == BOARDS_STREAM_BYTES) {
        tell(stream->board, notice);
        notice->length = 0;
    }
}

static void on_event_byte(avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    field_board_t *self = param;
    avr->data[address] = value;
    memmove(self->event + 1, self->event + 2, BOARDS_EVENT_BYTES - 2);
    self->event[BOARDS_EVENT_BYTES - 1] = value;
}

static void on_event(avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    field_board_t *self = param;
    avr->data[address] = value;
    self->event[0] = value;
    boards_notice_t notice = {.kind = BOARDS_EVENT, .length = BOARDS_EVENT_BYTES, .cycle = avr->cycle};
    memcpy(notice.bytes, self->event, BOARDS_EVENT_BYTES);
    tell(self, &notice);
}

static void on_read(void *param)
{
    field_board_t *self = param;
    const boards_notice_t notice = {.kind = BOARDS_MEASURED, .cycle = self->board.avr->cycle};
    tell(self, &notice);
}

bool boards_next_notice(field_board_t *self, boards_notice_t *notice)
{
    if (self->taken == self->put)
        return false;
    *notice = self->notices[self->taken++ % NOTICES];
    return true;
}

/* --- power --- */

static void connect_uarts(field_board_t *self)
{
    for (uint8_t number = 0; number < UARTS; number++) {
        uart_line_t *line = &self->lines[number];
        stream_t *stream = &self->streams[number];
        if (!line_attach(line, self->board.avr, number))
            continue;
        stream->board = self;
        stream->notice.kind = BOARDS_STREAM;
        stream->notice.uart = number;
        line->on_sent = on_sent;
        line->on_sent_param = stream;
    }
}

field_board_t *boards_power_on(const firmware_t *firmware, const uint8_t *eeprom, uint32_t eeprom_bytes,
                               bool has_sensor)
{
    field_board_t *self = calloc(1, sizeof *self);
    board_t *board = &self->board;
    board_create(board, &firmware->image);
    memcpy(board->eeprom.bytes, eeprom,
           eeprom_bytes < board->eeprom.size ? eeprom_bytes : board->eeprom.size);
    connect_uarts(self);
    avr_register_io_write(board->avr, GPIOR0, on_event, self);
    avr_register_io_write(board->avr, GPIOR1, on_event_byte, self);
    if (has_sensor) {
        board_add_sensor(board);
        board->sensor.on_read = on_read;
        board->sensor.on_read_param = self;
    }
    return self;
}

void boards_power_off(field_board_t *self, uint8_t chance, uint8_t *eeprom, uint32_t eeprom_bytes)
{
    board_t *board = &self->board;
    eeprom_cut_off(&board->eeprom, chance);
    memcpy(eeprom, board->eeprom.bytes,
           eeprom_bytes < board->eeprom.size ? eeprom_bytes : board->eeprom.size);
    board_destroy(board);
    free(self);
}

void boards_reset(field_board_t *self)
{
    board_reset(&self->board);
    for (int i = 0; i < UARTS; i++)
        self->streams[i].notice.length = 0;
}

/* --- the world around it --- */

void boards_set_climate(field_board_t *self, double temperature_c, double humidity_percent)
{
    self->board.sensor.temperature_c = temperature_c;
    self->board.sensor.humidity_percent = humidity_percent;
}

void boards_set_sensor_fault(field_board_t *self, uint8_t fault)
{
    self->board.sensor.fault = (sht31_fault_t)fault;
}

void boards_set_analog(field_board_t *self, uint8_t pin, uint32_t millivolts)
{
    board_set_analog(&self->board, pin, millivolts);
}

void boards_send(field_board_t *self, uint8_t uart, const uint8_t *bytes, uint32_t length)
{
    line_send(&self->lines[uart], bytes, length);
}

/* --- time --- */

static bool has_to_tell(field_board_t *self, uint64_t until_cycle)
{
    if (!self->is_crashed && board_run_until(&self->board, until_cycle) == BOARD_CRASHED) {
        const boards_notice_t notice = {.kind = BOARDS_CRASHED, .cycle = self->board.avr->cycle};
        self->is_crashed = true;
        tell(self, &notice);
    }
    return self->taken != self->put;
}

uint32_t boards_run(field_board_t *const *boards, const uint64_t *until_cycles, uint32_t first,
                    uint32_t count)
{
    while (first < count && !has_to_tell(boards[first], until_cycles[first]))
        first++;
    return first;
}

uint64_t boards_cycle(const field_board_t *self)
{
    return self->board.avr->cycle;
}

void boards_read(const field_board_t *self, uint16_t address, uint8_t *bytes, uint16_t length)
{
    memcpy(bytes, self->board.avr->data + address, length);
}

void boards_count(const field_board_t *self, boards_counts_t *counts)
{
    const board_t *board = &self->board;
    memset(counts, 0, sizeof *counts);
    counts->cycles = board->avr->cycle;
    counts->slept_cycles = board->slept_cycles;
    for (int i = 0; i < UARTS; i++) {
        counts->uart_sent[i] = self->lines[i].sent;
        counts->uart_received[i] = self->lines[i].received;
        counts->uart_dropped[i] = self->lines[i].dropped;
    }
    counts->measurements = board->sensor.measurements;
    counts->eeprom_written = board->eeprom.written;
    counts->led_blinks = board->led_blinks;
    counts->untouched_bytes = board_untouched_bytes(board);
}
