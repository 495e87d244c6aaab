/*
 * A Sensirion SHT31 on the TWI bus of an emulated AVR, at address 0x44.
 * Source: Datasheet SHT3x-DIS, version 7. Single-shot measurements without clock stretching, status register,
 * soft reset; any other command is refused as an unknown one. The wire itself is simavr's, which spends 9 us
 * on a byte whatever the bus clock.
 */
#ifndef TREERING_SHT31_DEVICE_H
#define TREERING_SHT31_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sim_avr.h>

typedef enum sht31_fault {
    SHT31_FAULT_NONE,
    SHT31_FAULT_CRC,   /* every checksum is sent inverted */
    SHT31_FAULT_NACK,  /* the address is not acknowledged */
    SHT31_FAULT_STUCK, /* SCL is held low: no transfer on the bus ever ends */
} sht31_fault_t;

typedef struct sht31_device {
    avr_t *avr;
    avr_irq_t *to_avr;
    avr_io_write_t write_twcr; /* simavr's own handler of the TWI control register */
    void *write_twcr_param;

    double temperature_c;
    double humidity_percent;
    sht31_fault_t fault;

    uint16_t status;
    bool selected;
    uint8_t command_bytes;
    uint16_t command;
    uint8_t reply[6];
    uint8_t reply_bytes; /* 0: nothing to read */
    uint8_t reply_sent;
    avr_cycle_count_t ready_cycle;
    uint32_t measurements; /* begun */

    void (*on_read)(void *param); /* a measurement has been read whole; NULL: nobody wants to know */
    void *on_read_param;
} sht31_device_t;

/* Puts the device on the bus at 0 degC, 0 %RH, without a fault. */
void sht31_attach(sht31_device_t *device, avr_t *avr);

/* What a person may set, from its text. False, and nothing changed, if the sensor cannot have that value. */
bool sht31_parse_temperature(const char *text, double *temperature_c); /* -45 to 130 */
bool sht31_parse_humidity(const char *text, double *humidity_percent); /* 0 to 100 */
bool sht31_parse_fault(const char *text, sht31_fault_t *fault);        /* none, crc, nack, stuck */

#endif
