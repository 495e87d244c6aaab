// Treering node for the Arduino Uno: the serial port, the clock and the sensors around the protocol core.
//
// Wiring: SHT31 to SDA (A4), SCL (A5), 3.3 V or 5 V as its breakout board says, and GND. Serial: 115200 baud.
// Without a sensor at start the node makes up a slow synthetic climate.

#include <avr/interrupt.h>
#include <avr/power.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "clock.h"
#include "core.h"
#include "hardware.h"
#include "identity.h"
#include "sensors.h"
#include "trace.h"
#include "uart.h"

#ifndef TR_NODE_ID
#define TR_NODE_ID 2 // of a board whose EEPROM says none
#endif

static const uint32_t BAUD = 115200;
static const uint8_t BLINK_MS = 30;

typedef Uart<uintptr_t(&UCSR0A)> Port;

static tr_node_config_t config;
static tr_node_t node;
static uint8_t stream[TR_MAX_STREAM_BYTES];
static uint8_t *const frame = stream + 1; // received or to be sent
static uint16_t measured_version;
static uint32_t led_off_ms;

ISR(USART_RX_vect)
{
    Port::on_received();
}

ISR(USART_UDRE_vect)
{
    Port::on_ready();
}

static void blink(uint32_t now_ms)
{
    LED_PORT |= _BV(LED_BIT);
    led_off_ms = now_ms + BLINK_MS;
}

static void take_events()
{
    tr_event_t event;
    while (tr_node_next_event(&node, &event)) {
        trace(event);
        if (event.kind == TR_EVENT_MEASUREMENT_DUE) {
            measured_version = event.value;
            sensors_request();
        }
    }
}

// A frame to be sent is made when the line and the buffer are free for it. Until then it waits in the node's
// outbox, where it takes 9 bytes and its clock stays right.
static void carry_frames(uint32_t now_ms)
{
    enum tr_link_name link;
    while (!Port::is_sending()) {
        if (Port::has_run()) {
            const uint8_t length = Port::take_run(stream);
            if (length == 0) {
                continue;
            }
            tr_node_receive(&node, frame, length, now_ms);
            take_events();
        } else {
            const int length = tr_node_next_frame(&node, now_ms, frame, TR_MAX_FRAME_BYTES, &link);
            if (length <= 0) {
                return;
            }
            Port::send(stream, tr_cobs_encode(frame, length, stream));
        }
        blink(now_ms);
    }
}

static void handle_timers(uint32_t now_ms)
{
    tr_node_handle_timer(&node, now_ms);
    take_events();
    if (sensors_handle_timer(now_ms)) {
        tr_reading_t readings[MOST_READINGS];
        const uint8_t count = sensors_readings(readings, now_ms);
        tr_node_measure(&node, measured_version, readings, count, now_ms);
        take_events();
    }
    if (int32_t(now_ms - led_off_ms) >= 0) {
        LED_PORT &= ~_BV(LED_BIT);
    }
}

// Idle until the next interrupt: a byte, room for a byte, or the millisecond tick. sei() takes effect after
// the instruction that follows it, so no byte can slip in between the test and the sleep.
static void sleep_until_interrupt()
{
    set_sleep_mode(SLEEP_MODE_IDLE);
    cli();
    if (Port::is_sending() || !Port::has_run()) {
        sleep_enable();
        sei();
        sleep_cpu();
        sleep_disable();
    }
    sei();
}

// The core's own would start every timer, for analogWrite(), and the ADC.
void init()
{
}

void setup()
{
    MCUSR = 0; // after a watchdog reset the watchdog runs on, as fast as it can
    wdt_disable();
    power_spi_disable();
    power_timer0_disable();
    power_timer2_disable();
    LED_DDR |= _BV(LED_BIT);
    clock_begin();
    sei();

    const uint16_t node_id = stored_node_id(TR_NODE_ID);
    config = tr_node_config_default(node_id, seed_of_this_boot(node_id));
    trace_seed(config.seed);
    Port::begin(BAUD);
    sensors_begin(SENSOR_SHT31 | SENSOR_SYNTHETIC, node_id, clock_ms());
    tr_node_init(&node, &config, clock_ms());
    wdt_enable(WDTO_2S);
}

void loop()
{
    const uint32_t now_ms = clock_ms();
    wdt_reset();
    carry_frames(now_ms);
    handle_timers(now_ms);
    sleep_until_interrupt();
}
