// What the node feels. A sensor that does not answer gives no reading: never an old or a made-up one.

#ifndef TREERING_SENSORS_H
#define TREERING_SENSORS_H

#include "network.h"

constexpr uint8_t MOST_READINGS = 4;

// `wired` is settings key 12 (PROTOCOL.md 16.2): an SHT31 on the I2C bus, a capacitive soil probe on A0, an
// anemometer of 0.4 to 2 V on A1, and a made-up climate if no SHT31 is wired or none is found at start.
void sensors_begin(uint8_t wired, uint16_t node_id, uint32_t now_ms);

// Begin a measurement: 17 ms for an SHT31, after the search for it if that still goes on.
void sensors_request();

// To be called in every pass of the loop; never waits. True when the requested measurement is over.
bool sensors_handle_timer(uint32_t now_ms);

// Whether sensors_handle_timer() has something to do soon.
bool sensors_are_busy();

// Of the measurement that is over; returns how many. A sensor without a reading is left out.
uint8_t sensors_readings(tr_reading_t readings[MOST_READINGS], uint32_t now_ms);

// Whether a sensor gave no reading in the last measurement.
bool sensors_is_one_missing();

#endif
