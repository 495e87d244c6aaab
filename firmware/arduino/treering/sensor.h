// What the node feels: an SHT31 if one was found at start, a synthetic climate if not.

#ifndef TREERING_SENSOR_H
#define TREERING_SENSOR_H

#include <stdint.h>

#include "sht31.h"

// Raw bytes as the metrics declare them: -40 degC + 0.5 x raw; 0.5 %RH x raw.
struct Readings {
    bool valid; // false: no reading. Never replaced by an old or a made-up one.
    uint8_t temperature_raw;
    uint8_t humidity_raw;
};

class Sensor {
public:
    static constexpr uint16_t period_ms = 1000;

    void begin(uint16_t node_id, uint32_t now_ms);

    // To be called in every pass of the loop; never waits.
    void handle_timer(uint32_t now_ms);

    const Readings &readings() const { return readings_; }
    bool is_synthetic() const { return state_ == State::synthetic; }

private:
    enum class State : uint8_t { idle, measuring, synthetic };

    void start(uint32_t now_ms);
    void finish(uint32_t now_ms);

    Sht31 sht31_{0x44};
    Readings readings_{};
    State state_ = State::idle;
    uint8_t searches_left_; // 0: found, or given up for good
    uint16_t node_id_;
    uint32_t due_ms_;
};

#endif
