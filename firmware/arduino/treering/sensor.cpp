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

void Sensor::handle_timer(uint32_t now_ms)
{
    if (int32_t(now_ms - due_ms_) < 0) {
        return;
    }
    switch (state_) {
    case State::idle: start(now_ms); break;
    case State::measuring: finish(now_ms); break;
    case State::synthetic:
        readings_ = synthetic_readings(node_id_, now_ms);
        due_ms_ = now_ms + period_ms;
        break;
    }
}

void Sensor::start(uint32_t now_ms)
{
    const Sht31Error error = sht31_.start();
    if (error == Sht31Error::none) {
        searches_left_ = 0;
        state_ = State::measuring;
        due_ms_ = now_ms + Sht31::measurement_ms;
        return;
    }
    readings_.valid = false;
    if (error != Sht31Error::unanswered) {
        searches_left_ = 0; // a bus that is stuck has something on it: that is a fault, not an absence
    }
    if (searches_left_ == 0) {
        due_ms_ = now_ms + period_ms;
    } else if (--searches_left_ == 0) {
        state_ = State::synthetic;
        due_ms_ = now_ms;
    } else {
        due_ms_ = now_ms + SEARCH_INTERVAL_MS;
    }
}

void Sensor::finish(uint32_t now_ms)
{
    Sht31Measurement measurement;
    readings_.valid = sht31_.read(measurement) == Sht31Error::none;
    if (readings_.valid) {
        readings_.temperature_raw = sht31_temperature_raw(measurement.temperature_ticks);
        readings_.humidity_raw = sht31_humidity_raw(measurement.humidity_ticks);
    }
    state_ = State::idle;
    due_ms_ = now_ms + period_ms - Sht31::measurement_ms;
}
