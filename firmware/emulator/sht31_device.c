#include "sht31_device.h"

#include <stdlib.h>
#include <string.h>

#include <avr_twi.h>
#include <sim_io.h>
#include <sim_time.h>

#define ADDRESS 0x44

/* The TWI control register of the ATmega328P and two of its bits (data sheet, section 22.9.2). */
#define TWCR 0xBC
#define TWCR_TWINT 0x80
#define TWCR_TWEN 0x04

#define COMMAND_READ_STATUS 0xF32D
#define COMMAND_CLEAR_STATUS 0x3041
#define COMMAND_SOFT_RESET 0x30A2

#define STATUS_AFTER_RESET 0x8010 /* alert pending, system reset detected */
#define STATUS_CLEARABLE 0x8C10   /* the bits "clear status" clears */
#define STATUS_COMMAND_FAILED 0x0002

/* Single shot without clock stretching (table 9) and its longest duration (table 4). */
static const struct measurement {
    uint16_t command;
    uint16_t duration_us;
} measurements[] = {
    {0x2400, 15500}, /* high repeatability */
    {0x240B, 6500},  /* medium */
    {0x2416, 4500},  /* low */
};

static uint8_t crc8(const uint8_t *bytes, size_t length)
{
    unsigned crc = 0xFF;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = ((crc << 1) ^ (crc & 0x80 ? 0x31u : 0u)) & 0xFF;
    }
    return (uint8_t)crc;
}

static void add_reply_word(sht31_device_t *device, uint16_t word)
{
    uint8_t *bytes = device->reply + device->reply_bytes;
    bytes[0] = (uint8_t)(word >> 8);
    bytes[1] = (uint8_t)word;
    bytes[2] = crc8(bytes, 2);
    if (device->fault == SHT31_FAULT_CRC)
        bytes[2] = (uint8_t)~bytes[2];
    device->reply_bytes = (uint8_t)(device->reply_bytes + 3);
}

static void measure(sht31_device_t *device, uint32_t duration_us)
{
    device->measurements++;
    device->reply_bytes = 0;
    add_reply_word(device, (uint16_t)((device->temperature_c + 45.0) / 175.0 * 65535.0 + 0.5));
    add_reply_word(device, (uint16_t)(device->humidity_percent / 100.0 * 65535.0 + 0.5));
    device->ready_cycle = device->avr->cycle + avr_usec_to_cycles(device->avr, duration_us);
}

/* Returns whether the command is known. */
static bool execute(sht31_device_t *device)
{
    for (size_t i = 0; i < sizeof measurements / sizeof *measurements; i++) {
        if (device->command == measurements[i].command) {
            measure(device, measurements[i].duration_us);
            return true;
        }
    }
    switch (device->command) {
    case COMMAND_READ_STATUS:
        device->reply_bytes = 0;
        add_reply_word(device, device->status);
        device->ready_cycle = device->avr->cycle;
        return true;
    case COMMAND_CLEAR_STATUS: device->status &= (uint16_t)~STATUS_CLEARABLE; return true;
    case COMMAND_SOFT_RESET:
        device->status = STATUS_AFTER_RESET;
        device->reply_bytes = 0;
        return true;
    default: return false;
    }
}

static void acknowledge(sht31_device_t *device)
{
    avr_raise_irq(device->to_avr, avr_twi_irq_msg(TWI_COND_ACK, ADDRESS << 1, 1));
}

/* While it measures, the sensor answers nothing; and a read header only when it has something to send. */
static bool answers(const sht31_device_t *device, uint8_t address_byte)
{
    const bool is_read = address_byte & 1;
    if (address_byte >> 1 != ADDRESS || device->fault == SHT31_FAULT_NACK)
        return false;
    if (device->reply_bytes > 0 && device->avr->cycle < device->ready_cycle)
        return false;
    return !is_read || device->reply_bytes > 0;
}

/* A reply is read once: what was started to be read is gone with the end of the transfer. */
static void end_transfer(sht31_device_t *device)
{
    if (device->reply_sent > 0)
        device->reply_bytes = 0;
    device->reply_sent = 0;
    device->command_bytes = 0;
    device->selected = false;
}

static void receive_byte(sht31_device_t *device, uint8_t byte)
{
    device->command = (uint16_t)(device->command << 8 | byte);
    if (++device->command_bytes != 2) {
        acknowledge(device);
        return;
    }
    if (execute(device)) {
        device->status &= (uint16_t)~STATUS_COMMAND_FAILED;
        acknowledge(device);
    } else {
        device->status |= STATUS_COMMAND_FAILED;
    }
}

static void send_byte(sht31_device_t *device)
{
    uint8_t byte = 0xFF; /* the idle bus */
    if (device->reply_sent < device->reply_bytes)
        byte = device->reply[device->reply_sent++];
    if (device->on_read && device->reply_sent == sizeof device->reply)
        device->on_read(device->on_read_param);
    avr_raise_irq(device->to_avr, avr_twi_irq_msg(TWI_COND_READ, ADDRESS << 1, byte));
}

static void on_bus(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq;
    sht31_device_t *device = param;
    const avr_twi_msg_irq_t message = {.u.v = value};
    const uint8_t condition = message.u.twi.msg;

    if (condition & (TWI_COND_STOP | TWI_COND_START))
        end_transfer(device);
    if (condition & TWI_COND_START) {
        device->selected = answers(device, message.u.twi.addr);
        if (device->selected)
            acknowledge(device);
    }
    if (!device->selected)
        return;
    if (condition & TWI_COND_WRITE)
        receive_byte(device, message.u.twi.data);
    if (condition & TWI_COND_READ)
        send_byte(device);
}

/* With SCL held low the AVR's TWI waits and never sets TWINT again. Switching it off still works. */
static void write_twcr(avr_t *avr, avr_io_addr_t address, uint8_t value, void *param)
{
    sht31_device_t *device = param;
    if (device->fault == SHT31_FAULT_STUCK && (value & TWCR_TWEN))
        avr->data[address] = (uint8_t)(value & ~TWCR_TWINT);
    else
        device->write_twcr(avr, address, value, device->write_twcr_param);
}

void sht31_attach(sht31_device_t *device, avr_t *avr)
{
    memset(device, 0, sizeof *device);
    device->avr = avr;
    device->status = STATUS_AFTER_RESET;
    device->to_avr = avr_io_getirq(avr, AVR_IOCTL_TWI_GETIRQ(0), TWI_IRQ_INPUT);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_TWI_GETIRQ(0), TWI_IRQ_OUTPUT), on_bus, device);

    device->write_twcr = avr->io[AVR_DATA_TO_IO(TWCR)].w.c;
    device->write_twcr_param = avr->io[AVR_DATA_TO_IO(TWCR)].w.param;
    avr->io[AVR_DATA_TO_IO(TWCR)].w.c = write_twcr;
    avr->io[AVR_DATA_TO_IO(TWCR)].w.param = device;
}

static bool parse_number(const char *text, double lowest, double highest, double *number)
{
    char *end;
    const double parsed = strtod(text, &end);
    const bool is_valid = end != text && *end == '\0' && parsed >= lowest && parsed <= highest;
    if (is_valid)
        *number = parsed;
    return is_valid;
}

bool sht31_parse_temperature(const char *text, double *temperature_c)
{
    return parse_number(text, -45.0, 130.0, temperature_c);
}

bool sht31_parse_humidity(const char *text, double *humidity_percent)
{
    return parse_number(text, 0.0, 100.0, humidity_percent);
}

bool sht31_parse_fault(const char *text, sht31_fault_t *fault)
{
    static const char *const names[] = {
        [SHT31_FAULT_NONE] = "none",
        [SHT31_FAULT_CRC] = "crc",
        [SHT31_FAULT_NACK] = "nack",
        [SHT31_FAULT_STUCK] = "stuck",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) == 0) {
            *fault = (sht31_fault_t)i;
            return true;
        }
    }
    return false;
}
