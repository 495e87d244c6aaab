#include "sensors.h"

#include "adc.h"
#include "hardware.h"
#include "sht31.h"

// A sensor that was measuring when the board was reset does not answer for up to 15.5 ms:
// only silence in every one of these searches means that there is none.
static const uint8_t SEARCHES = 5;
static const uint8_t SEARCH_INTERVAL_MS = 20;

static const uint16_t CLIMATE_PERIOD_S = 600;
static const uint8_t CLIMATE_AMPLITUDE = 20; // half degrees, or half per cent

// Steps of the converter, of 1023 for the 5 V that probe and board share. What is far outside is a wire that
// is loose.
static const uint16_t SOIL_DRY = 600, SOIL_WET = 280; // a capacitive probe v1.2: in air, in water
static const uint16_t SOIL_LEAST = 150, SOIL_MOST = 750;
static const uint16_t WIND_CALM = 82, WIND_MOST = 420; // Adafruit's 1733: 0.4 V at rest, 2.0 V at 32.4 m/s
static const uint16_t WIND_LEAST = 60;

enum State : uint8_t {
    SEARCHING,
    IDLE,
    MEASURING,
    ABSENT, // there is no SHT31
};

static struct {
    uint8_t wired;
    uint8_t node_id_low;
    State state;
    uint8_t searches_left;
    uint16_t due_ms;
    bool is_requested;
    bool has_climate; // of the last measurement, in:
    Climate climate;
    bool is_one_missing;
} sensors;

static void wait(State state, uint16_t due_ms)
{
    sensors.state = state;
    sensors.due_ms = due_ms;
}

// Of a bus that is stuck, or a sensor that is silent once it was found, nothing comes: that is a fault, no
// absence.
static void start(uint16_t now_ms)
{
    const TwiResult result = sht31_start();
    if (result == TwiResult::done) {
        wait(MEASURING, now_ms + SHT31_MEASUREMENT_MS);
    } else if (sensors.state == SEARCHING && result == TwiResult::refused) {
        wait(--sensors.searches_left == 0 ? ABSENT : SEARCHING, now_ms + SEARCH_INTERVAL_MS);
    } else {
        sensors.has_climate = false;
        wait(IDLE, now_ms);
    }
}

void sensors_begin(uint8_t wired, uint16_t node_id, uint32_t now_ms)
{
    sensors.wired = wired;
    sensors.node_id_low = node_id;
    sensors.searches_left = SEARCHES;
    twi_begin();
    wait(wired & TR_SENSOR_SHT31 ? SEARCHING : ABSENT, now_ms);
}

void sensors_request()
{
    sensors.is_requested = true;
}

bool sensors_handle_timer(uint32_t now_ms)
{
    const bool is_waiting = sensors.state == SEARCHING || sensors.state == MEASURING;
    if (is_waiting && int16_t(uint16_t(now_ms) - sensors.due_ms) < 0) {
        return false;
    }
    if (sensors.state == MEASURING) {
        sensors.has_climate = sht31_read(sensors.climate);
        sensors.state = IDLE;
    } else if (sensors.state == SEARCHING || (sensors.state == IDLE && sensors.is_requested)) {
        start(now_ms);
    }
    const bool is_over = sensors.is_requested && (sensors.state == IDLE || sensors.state == ABSENT);
    sensors.is_requested = sensors.is_requested && !is_over;
    return is_over;
}

// A triangle from 0 up to CLIMATE_AMPLITUDE and back.
static uint8_t triangle(uint32_t now_ms)
{
    const uint16_t phase_s = now_ms / 1000 % CLIMATE_PERIOD_S;
    const uint16_t from_end_s = CLIMATE_PERIOD_S - phase_s;
    const uint16_t rise_s = phase_s < from_end_s ? phase_s : from_end_s;
    return rise_s * CLIMATE_AMPLITUDE / (CLIMATE_PERIOD_S / 2);
}

// 15 to 25 degC and 60 down to 50 %RH, each node up to 7.5 degC warmer than node 0, so that a maximum has a
// place.
static Climate synthetic_climate(uint32_t now_ms)
{
    const uint8_t swing = triangle(now_ms);
    const uint8_t offset = sensors.node_id_low % 16;
    return {uint8_t(110 + swing + offset), uint8_t(120 - swing - offset)};
}

static uint16_t within(uint16_t value, uint16_t least, uint16_t most)
{
    return value < least ? least : value > most ? most : value;
}

uint8_t sensors_readings(tr_reading_t readings[MOST_READINGS], uint32_t now_ms)
{
    uint8_t count = 0;
    sensors.is_one_missing = false;
    if (sensors.state == ABSENT && sensors.wired & TR_SENSOR_SYNTHETIC) {
        sensors.climate = synthetic_climate(now_ms);
        sensors.has_climate = true;
    }
    if (sensors.has_climate) {
        readings[count++] = {TR_METRIC_TEMPERATURE, sensors.climate.temperature_raw};
        readings[count++] = {TR_METRIC_HUMIDITY, sensors.climate.humidity_raw};
    } else if (sensors.wired & TR_SENSOR_SHT31) {
        sensors.is_one_missing = true;
    }
    if (sensors.wired & TR_SENSOR_SOIL_MOISTURE) {
        const uint16_t level = adc_read(SOIL_CHANNEL);
        if (level >= SOIL_LEAST && level <= SOIL_MOST) {
            // 200 half per cent over the 320 steps between dry and wet
            const uint8_t raw = (SOIL_DRY - within(level, SOIL_WET, SOIL_DRY)) * 5 / 8;
            readings[count++] = {TR_METRIC_SOIL_MOISTURE, raw};
        } else {
            sensors.is_one_missing = true;
        }
    }
    if (sensors.wired & TR_SENSOR_WIND) {
        const uint16_t level = adc_read(WIND_CHANNEL);
        if (level >= WIND_LEAST && level <= WIND_MOST) {
            // 32.4 m/s, which are 129.6 steps of 0.25, over 1.6 V, which are 327.4 of the converter
            const uint8_t raw = ((within(level, WIND_CALM, WIND_MOST) - WIND_CALM) * 101 + 128) / 256;
            readings[count++] = {TR_METRIC_WIND_SPEED, raw};
        } else {
            sensors.is_one_missing = true;
        }
    }
    return count;
}

bool sensors_are_busy()
{
    return sensors.is_requested || sensors.state == SEARCHING || sensors.state == MEASURING;
}

bool sensors_is_one_missing()
{
    return sensors.is_one_missing;
}
