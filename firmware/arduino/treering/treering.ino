// Treering node for the Arduino Uno: the serial port, the clock and the sensor around the protocol core.
//
// Wiring: SHT31 to SDA (A4), SCL (A5), 3.3 V or 5 V as its breakout board says, and GND. Serial: 115200 baud.
// Without a sensor at start the node makes up a slow synthetic climate.

#include <EEPROM.h>
#include <avr/power.h>
#include <avr/sleep.h>

#include "sensor.h"

static const uint32_t BAUD = 115200;
static const uint16_t DEFAULT_NODE_ID = 1;
static const uint8_t BLINK_MS = 30;

// Bytes on their way out, so that the loop never waits for the serial port.
class Outbox : public Print {
public:
    size_t write(uint8_t byte) override
    {
        if (length_ == sizeof bytes_) {
            return 0;
        }
        bytes_[length_++] = byte;
        return 1;
    }

    void drain(HardwareSerial &serial)
    {
        while (sent_ < length_ && serial.availableForWrite() > 0) {
            serial.write(bytes_[sent_++]);
        }
        if (sent_ == length_) {
            sent_ = length_ = 0;
        }
    }

private:
    uint8_t bytes_[96]; // one line
    uint8_t length_ = 0;
    uint8_t sent_ = 0;
};

static Sensor sensor;
static Outbox outbox;
static uint32_t received_bytes;
static uint32_t report_due_ms;
static uint32_t led_off_ms;

// EEPROM bytes 0 and 1, network byte order; an erased EEPROM reads 0xFFFF.
static uint16_t stored_node_id()
{
    const uint16_t id = (uint16_t(EEPROM.read(0)) << 8) | EEPROM.read(1);
    return id == 0xFFFF ? DEFAULT_NODE_ID : id;
}

static void blink(uint32_t now_ms)
{
    digitalWrite(LED_BUILTIN, HIGH);
    led_off_ms = now_ms + BLINK_MS;
}

static void print_raw(const __FlashStringHelper *name, uint8_t raw)
{
    outbox.print(name);
    if (sensor.readings().valid) {
        outbox.print(raw);
    } else {
        outbox.print('-');
    }
}

// The reading as text: "temperature=123 humidity=90 source=sht31 received=0", "-" where there is no reading.
static void report(uint32_t now_ms)
{
    print_raw(F("temperature="), sensor.readings().temperature_raw);
    print_raw(F(" humidity="), sensor.readings().humidity_raw);
    outbox.print(sensor.is_synthetic() ? F(" source=synthetic") : F(" source=sht31"));
    outbox.print(F(" received="));
    outbox.println(received_bytes);
    blink(now_ms);
}

static void receive_bytes()
{
    while (Serial.available() > 0) {
        Serial.read();
        ++received_bytes;
    }
}

static void handle_timers(uint32_t now_ms)
{
    sensor.handle_timer(now_ms);
    if (int32_t(now_ms - report_due_ms) >= 0) {
        report_due_ms = now_ms + Sensor::period_ms;
        report(now_ms);
    }
    if (int32_t(now_ms - led_off_ms) >= 0) {
        digitalWrite(LED_BUILTIN, LOW);
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
    stop_unused_hardware();
    pinMode(LED_BUILTIN, OUTPUT);
    Serial.begin(BAUD);
    sensor.begin(stored_node_id(), millis());
    report_due_ms = millis() + Sensor::period_ms / 2;
}

void loop()
{
    const uint32_t now_ms = millis();
    receive_bytes();
    handle_timers(now_ms);
    outbox.drain(Serial);
    sleep_until_interrupt();
}
