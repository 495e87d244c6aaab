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
    void begin(uint16_t node_id, uint32_t now_ms);

    // Begin a measurement: the sensor's 18 ms, after the search for a sensor if that still goes on.
    void request() { is_requested_ = true; }

    // To be called in every pass of the loop; never waits. True when the requested measurement is over.
    bool handle_timer(uint32_t now_ms);

    const Readings &readings() const { return readings_; }

private:
    enum class State : uint8_t { searching, idle, measuring, synthetic };

    void search(uint32_t now_ms);
    void start(uint32_t now_ms);
    void read();
    void finish(const Readings &readings);

    Sht31 sht31_{0x44};
    Readings readings_{};
    State state_ = State::searching;
    bool is_requested_ = false;
    bool is_finished_ = false;
    uint8_t searches_left_;
    uint16_t node_id_;
    uint32_t due_ms_;
};

#endif
