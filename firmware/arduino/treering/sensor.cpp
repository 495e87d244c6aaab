#include "sensor.h"

namespace {

// A sensor that was measuring when the board was reset does not answer for up to 15.5 ms:
// only silence in every one of these searches means that there is none.
constexpr uint8_t SEARCHES = 5;
constexpr uint8_t SEARCH_INTERVAL_MS = 20;

constexpr uint16_t CLIMATE_PERIOD_S = 600;
constexpr uint8_t CLIMATE_AMPLITUDE = 20; // half degrees, or half per cent

// A triangle from 0 up to CLIMATE_AMPLITUDE and back.
uint8_t triangle(uint32_t now_ms)
{
    const uint16_t phase_s = now_ms / 1000 % CLIMATE_PERIOD_S;
    const uint16_t from_end_s = CLIMATE_PERIOD_S - phase_s;
    const uint16_t rise_s = phase_s < from_end_s ? phase_s : from_end_s;
    return rise_s * CLIMATE_AMPLITUDE / (CLIMATE_PERIOD_S / 2);
}

// 15 to 25 degC and 60 down to 50 %RH, each node up to 7.5 degC warmer than node 0, so that a maximum has a
// place.
Readings synthetic_readings(uint16_t node_id, uint32_t now_ms)
{
    const uint8_t swing = triangle(now_ms);
    const uint8_t offset = node_id % 16;
    return {true, uint8_t(110 + swing + offset), uint8_t(120 - swing - offset)};
}

} // namespace

void Sensor::begin(uint16_t node_id, uint32_t now_ms)
{
    node_id_ = node_id;
    searches_left_ = SEARCHES;
    due_ms_ = now_ms;
    sht31_.begin();
}

bool Sensor::handle_timer(uint32_t now_ms)
{
    is_finished_ = false;
    if (int32_t(now_ms - due_ms_) < 0) {
        return false;
    }
    switch (state_) {
    case State::searching: search(now_ms); break;
    case State::idle: start(now_ms); break;
    case State::measuring: read(); break;
    case State::synthetic: finish(synthetic_readings(node_id_, now_ms)); break;
    }
    return is_finished_;
}

void Sensor::search(uint32_t now_ms)
{
    const Sht31Error error = sht31_.start();
    if (error == Sht31Error::none) {
        state_ = State::measuring;
        due_ms_ = now_ms + Sht31::measurement_ms;
    } else if (error != Sht31Error::unanswered) {
        state_ = State::idle; // a bus that is stuck has something on it: that is a fault, not an absence
    } else if (--searches_left_ == 0) {
        state_ = State::synthetic;
    } else {
        due_ms_ = now_ms + SEARCH_INTERVAL_MS;
    }
}

void Sensor::start(uint32_t now_ms)
{
    if (!is_requested_) {
        return;
    }
    if (sht31_.start() == Sht31Error::none) {
        state_ = State::measuring;
        due_ms_ = now_ms + Sht31::measurement_ms;
    } else {
        finish({});
    }
}

void Sensor::read()
{
    Sht31Measurement measurement;
    Readings readings{};
    readings.valid = sht31_.read(measurement) == Sht31Error::none;
    if (readings.valid) {
        readings.temperature_raw = sht31_temperature_raw(measurement.temperature_ticks);
        readings.humidity_raw = sht31_humidity_raw(measurement.humidity_ticks);
    }
    state_ = State::idle;
    finish(readings);
}

void Sensor::finish(const Readings &readings)
{
    is_finished_ = is_requested_;
    is_requested_ = false;
    readings_ = readings;
}
