// Treering node for the Arduino Uno: the serial port, the clock and the sensor around the protocol core.
//
// Wiring: SHT31 to SDA (A4), SCL (A5), 3.3 V or 5 V as its breakout board says, and GND. Serial: 115200 baud.
// Without a sensor at start the node makes up a slow synthetic climate.

#include <avr/power.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "core.h"
#include "identity.h"
#include "sensor.h"
#include "serial_link.h"
#include "trace.h"

#ifndef TR_NODE_ID
#define TR_NODE_ID 2 // of a board whose EEPROM says none
#endif

static const uint32_t BAUD = 115200;
static const uint8_t BLINK_MS = 30;

static tr_node_config_t config;
static tr_node_t node;
static SerialLink serial_link;
static Sensor sensor;
static uint16_t measured_version;
static uint32_t led_off_ms;

static void blink(uint32_t now_ms)
{
    digitalWrite(LED_BUILTIN, HIGH);
    led_off_ms = now_ms + BLINK_MS;
}

static void take_events()
{
    tr_event_t event;
    while (tr_node_next_event(&node, &event)) {
        trace(event);
        if (event.kind == TR_EVENT_MEASUREMENT_DUE) {
            measured_version = event.value;
            sensor.request();
        }
    }
}

static void receive_frames(uint32_t now_ms)
{
    while (serial_link.receive()) {
        tr_node_receive(&node, serial_link.frame(), serial_link.frame_bytes(), now_ms);
        take_events();
        blink(now_ms);
    }
}

static void handle_timers(uint32_t now_ms)
{
    tr_node_handle_timer(&node, now_ms);
    take_events();
    if (sensor.handle_timer(now_ms)) {
        const Readings &felt = sensor.readings();
        const tr_reading_t readings[] = {
            {TR_METRIC_TEMPERATURE, felt.temperature_raw},
            {TR_METRIC_HUMIDITY, felt.humidity_raw},
        };
        tr_node_measure(&node, measured_version, readings, felt.valid ? 2 : 0, now_ms);
        take_events();
    }
    if (int32_t(now_ms - led_off_ms) >= 0) {
        digitalWrite(LED_BUILTIN, LOW);
    }
}

// A frame is made when the line is free for it. Until then it waits in the node's outbox, where it takes
// 9 bytes and its clock stays right.
static void send_frames(uint32_t now_ms)
{
    enum tr_link_name link;
    serial_link.drain();
    while (serial_link.is_idle()) {
        const int length = tr_node_next_frame(&node, now_ms, serial_link.buffer(), TR_MAX_FRAME_BYTES, &link);
        if (length <= 0) {
            return;
        }
        serial_link.send(length);
        serial_link.drain();
        blink(now_ms);
    }
}

// Idle until the next interrupt: a byte, room for a byte, or the millisecond tick. sei() takes effect after
// the instruction that follows it, so no byte can slip in between the test and the sleep.
static void sleep_until_interrupt()
{
    set_sleep_mode(SLEEP_MODE_IDLE);
    cli();
    if (Serial.available() == 0) {
        sleep_enable();
        sei();
        sleep_cpu();
        sleep_disable();
    }
    sei();
}

// The Arduino core starts every timer, for analogWrite(), and the ADC. The node needs timer 0 alone, for
// millis().
static void stop_unused_hardware()
{
    ADCSRA = 0;
    TCCR1B = 0;
    TCCR2B = 0;
    power_adc_disable();
    power_spi_disable();
    power_timer1_disable();
    power_timer2_disable();
    // One compare match a turn: with 0 here, simavr has one every 4 us, and the emulated board is 8 times
    // slower.
    OCR0A = 0xFF;
    OCR0B = 0xFF;
}

void setup()
{
    MCUSR = 0; // after a watchdog reset the watchdog runs on, as fast as it can
    wdt_disable();
    pinMode(LED_BUILTIN, OUTPUT);
    serial_link.begin(BAUD);

    const uint16_t node_id = stored_node_id(TR_NODE_ID);
    config = tr_node_config_default(node_id, seed_of_this_boot(node_id));
    stop_unused_hardware();
    sensor.begin(node_id, millis());
    tr_node_init(&node, &config, millis());
    wdt_enable(WDTO_2S);
}

void loop()
{
    const uint32_t now_ms = millis();
    wdt_reset();
    receive_frames(now_ms);
    handle_timers(now_ms);
    send_frames(now_ms);
    sleep_until_interrupt();
}
