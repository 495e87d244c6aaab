/* A node's way to the root: its distance, and the clock that comes with it (PROTOCOL.md 5.3, 5.4, 6.1). */
#ifndef TR_WAY_H
#define TR_WAY_H

#include <stdbool.h>
#include <stdint.h>

#include "tr_frame.h"

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

/* Whether `a` has a newer version than `b` or, of the same version, a smaller hop count. */
bool tr_distance_is_better(tr_distance_t a, tr_distance_t b);

/* The unit of the age in a sync: 1 ms below 65.536 s, and never more than 1/65536 of a longer period. */
uint32_t tr_way_age_unit_ms(uint32_t period_ms);

/* Whether a way can begin with that sync: within limits, and not lost already (5.4). */
bool tr_sync_is_usable(const tr_sync_t *sync);

/* The way of a node whose parent said this at that time. */
void tr_way_follow(tr_way_t *way, const tr_sync_t *sync, uint32_t said_ms);

/* When that round begins. */
uint32_t tr_way_start_ms(const tr_way_t *way, uint16_t version);

/* How long until that round begins; 0 if it has begun. A round ahead is less than 2^31 ms ahead (5.4). */
uint32_t tr_way_ms_until(const tr_way_t *way, uint16_t version, uint32_t now_ms);

/* By how much a child's clock may be ahead, in good order: its report comes before the round then. */
uint32_t tr_way_clock_error_ms(const tr_way_t *way);

/* The round that runs now, and when it began. */
uint16_t tr_way_version_at(const tr_way_t *way, uint32_t now_ms);
uint32_t tr_way_running_since_ms(const tr_way_t *way, uint32_t now_ms);

/* Whether it is recent enough to follow and to offer; whether a node without a parent begins anew. */
bool tr_way_is_fresh(const tr_way_t *way, uint32_t now_ms);
bool tr_way_is_lost(const tr_way_t *way, uint32_t now_ms);

#endif
