/*
 * The emulated SHT31 by itself: the test is the bus master, speaking to the device through simavr's TWI
 * signals. Prints every expectation that does not hold, and exits with their number.
 */
#include <stdio.h>
#include <string.h>

#include <avr_twi.h>
#include <sim_io.h>

#include "sht31_device.h"

#define ADDRESS 0x44
#define US 16 /* cycles */

static avr_t *avr;
static sht31_device_t device;
static bool acknowledged;
static uint8_t received;
static int failures;

#define EXPECT(condition)                                                                                    \
    ((condition) ? (void)0 : (void)(failures++, printf("line %d: %s\n", __LINE__, #condition)))

static void on_answer(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq;
    (void)param;
    const avr_twi_msg_irq_t message = {.u.v = value};
    if (message.u.twi.msg & TWI_COND_ACK)
        acknowledged = true;
    if (message.u.twi.msg & TWI_COND_READ)
        received = message.u.twi.data;
}

static bool signal_bus(uint8_t condition, uint8_t address_byte, uint8_t data)
{
    acknowledged = false;
    avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_TWI_GETIRQ(0), TWI_IRQ_OUTPUT),
                  avr_twi_irq_msg(condition, address_byte, data));
    return acknowledged;
}

static bool start_write(uint8_t address)
{
    return signal_bus(TWI_COND_START, (uint8_t)(address << 1), 0);
}
static bool start_read(void)
{
    return signal_bus(TWI_COND_START, ADDRESS << 1 | 1, 0);
}
static void stop(void)
{
    signal_bus(TWI_COND_STOP, 0, 0);
}

/* Whether address and both bytes were acknowledged. */
static bool send_command(uint16_t command)
{
    const bool all = start_write(ADDRESS) &&
                     signal_bus(TWI_COND_WRITE, ADDRESS << 1, (uint8_t)(command >> 8)) &&
                     signal_bus(TWI_COND_WRITE, ADDRESS << 1, (uint8_t)command);
    stop();
    return all;
}

/* Whether the read header was acknowledged. */
static bool read_bytes(uint8_t *bytes, int count)
{
    const bool answered = start_read();
    for (int i = 0; answered && i < count; i++) {
        signal_bus(TWI_COND_READ | TWI_COND_ACK, ADDRESS << 1 | 1, 0);
        bytes[i] = received;
    }
    stop();
    return answered;
}

static unsigned read_status(void)
{
    uint8_t word[3] = {0};
    EXPECT(send_command(0xF32D));
    EXPECT(read_bytes(word, 3));
    return (unsigned)word[0] << 8 | word[1];
}

static void test_addressing(void)
{
    EXPECT(start_write(ADDRESS));
    EXPECT(!start_write(ADDRESS + 1));
    EXPECT(!start_read()); /* nothing was measured */
    stop();
}

static void test_measurement(uint16_t command, unsigned duration_us)
{
    /* 25 degC is 70/175 of the range, 50 %RH half of it; the checksums come from another program. */
    static const uint8_t expected[6] = {0x66, 0x66, 0x93, 0x80, 0x00, 0xA2};
    uint8_t bytes[7];
    device.temperature_c = 25.0;
    device.humidity_percent = 50.0;
    EXPECT(send_command(command));
    avr->cycle += duration_us * US - 1;
    EXPECT(!read_bytes(bytes, 6));
    EXPECT(!send_command(command)); /* busy */
    avr->cycle += 1;
    EXPECT(read_bytes(bytes, 7));
    EXPECT(memcmp(bytes, expected, sizeof expected) == 0);
    EXPECT(bytes[6] == 0xFF);
    EXPECT(!read_bytes(bytes, 6)); /* a result is read once */
}

static void test_status(void)
{
    EXPECT(send_command(0x30A2)); /* soft reset */
    EXPECT(read_status() == 0x8010);
    EXPECT(send_command(0x3041)); /* clear */
    EXPECT(read_status() == 0x0000);
    EXPECT(!send_command(0x1234)); /* unknown: refused, and noted until the next good command */
    EXPECT(read_status() == 0x0002);
    EXPECT(read_status() == 0x0000);
}

static void test_soft_reset_forgets_a_result(void)
{
    uint8_t bytes[6];
    EXPECT(send_command(0x2400));
    avr->cycle += 15500 * US;
    EXPECT(send_command(0x30A2));
    EXPECT(!read_bytes(bytes, 6));
}

static void test_faults(void)
{
    uint8_t bytes[6];
    device.fault = SHT31_FAULT_CRC;
    EXPECT(send_command(0x2400));
    avr->cycle += 15500 * US;
    EXPECT(read_bytes(bytes, 6));
    EXPECT(bytes[0] == 0x66 && bytes[1] == 0x66 && bytes[2] == 0x6C && bytes[5] == 0x5D);
    device.fault = SHT31_FAULT_NACK;
    EXPECT(!start_write(ADDRESS));
    device.fault = SHT31_FAULT_NONE;
    EXPECT(start_write(ADDRESS));
    stop();
}

int main(void)
{
    avr = avr_make_mcu_by_name("atmega328p");
    avr_init(avr);
    avr->frequency = 16000000;
    sht31_attach(&device, avr);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_TWI_GETIRQ(0), TWI_IRQ_INPUT), on_answer, NULL);

    test_addressing();
    test_measurement(0x2400, 15500);
    test_measurement(0x240B, 6500);
    test_measurement(0x2416, 4500);
    test_status();
    test_soft_reset_forgets_a_result();
    test_faults();
    return failures;
}
