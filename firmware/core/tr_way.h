/* A node's way to the root: its distance, and the clock that comes with it (PROTOCOL.md 5.3, 5.4, 6.1). */
#ifndef TR_WAY_H
#define TR_WAY_H

#include <stdbool.h>
#include <stdint.h>

#include "tr_constants.h"

/* What a node advertises, and what feasibility compares. */
typedef struct tr_distance {
    uint16_t version;
    uint8_t hop_count;
} tr_distance_t;

/* Round `distance.version` came from the root; it began at `origin_ms`. */
typedef struct tr_way {
    tr_distance_t distance;
    uint32_t origin_ms;
    uint32_t period_ms;
} tr_way_t;

/* The sync on the wire, of TR_SYNC_BYTES. */
void tr_way_write(const tr_way_t *way, uint32_t now_ms, uint8_t *sync);
void tr_way_write_none(uint8_t *sync);

/* Back: the way of its sender. False if none can begin with that: it is not within limits, or lost already
 * (5.4).
 */
bool tr_way_read(tr_way_t *way, uint32_t now_ms, const uint8_t *sync);

/* Whether one has a newer version than the other or, of the same version, a smaller hop count. */
bool tr_is_better(uint16_t version, uint8_t hop_count, const tr_distance_t *than);

/* When that round begins. */
uint32_t tr_way_start_ms(const tr_way_t *way, uint16_t version);

/* How long until that round begins; 0 if it has begun. A round ahead is less than 2^31 ms ahead (5.4). */
uint32_t tr_way_ms_until(const tr_way_t *way, uint16_t version, uint32_t now_ms);

/* By how much a child's clock may be ahead, in good order: its report comes before the round then. */
uint16_t tr_way_clock_error_ms(const tr_way_t *way);

/* The round that runs then, and for how long. */
uint16_t tr_way_version_at(const tr_way_t *way, uint32_t then_ms);
uint32_t tr_way_running_for_ms(const tr_way_t *way, uint32_t then_ms);

/* Whether it is older than so many periods beyond the lag of one a hop that a healthy tree has (5.4). */
bool tr_way_is_older_than(const tr_way_t *way, uint8_t periods, uint32_t now_ms);

#endif
