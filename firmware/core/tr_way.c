#include "tr_way.h"

#include "tr_serial_number.h"
#include "tr_timer.h"

bool tr_distance_is_better(tr_distance_t a, tr_distance_t b)
{
    return a.version == b.version ? a.hop_count < b.hop_count : tr_version_is_newer(a.version, b.version);
}

uint32_t tr_way_age_unit_ms(uint32_t period_ms)
{
    return 1 + (period_ms >> 16);
}

bool tr_sync_is_usable(const tr_sync_t *sync)
{
    return sync->hop_count < TR_NO_HOP_COUNT - 1 && sync->period_ms > 0 &&
           sync->period_ms <= TR_MAX_PERIOD_MS &&
           sync->age < TR_MAX_U24 && /* an age that stopped at its limit sets no clock */
           sync->age * tr_way_age_unit_ms(sync->period_ms) <=
               (sync->hop_count + TR_FORGET_PERIODS) * sync->period_ms;
}

void tr_way_follow(tr_way_t *way, const tr_sync_t *sync, uint32_t said_ms)
{
    way->distance.version = sync->version;
    way->distance.hop_count = (uint8_t)(sync->hop_count + 1);
    way->origin_ms = said_ms - sync->age * tr_way_age_unit_ms(sync->period_ms);
    way->period_ms = sync->period_ms;
}

uint32_t tr_way_start_ms(const tr_way_t *way, uint16_t version)
{
    const int16_t rounds = tr_version_distance(version, way->distance.version);
    return way->origin_ms + (uint32_t)(int32_t)rounds * way->period_ms;
}

uint32_t tr_way_ms_until(const tr_way_t *way, uint16_t version, uint32_t now_ms)
{
    /* A round that is behind may be more than 2^31 ms behind. */
    if (tr_version_distance(version, way->distance.version) <= 0)
        return 0;
    return tr_ms_until(tr_way_start_ms(way, version), now_ms);
}

uint32_t tr_way_clock_error_ms(const tr_way_t *way)
{
    return tr_shorter(TR_CLOCK_ERROR_MS + (way->period_ms >> TR_DRIFT_SHIFT), way->period_ms / 8);
}

uint16_t tr_way_version_at(const tr_way_t *way, uint32_t now_ms)
{
    return (uint16_t)(way->distance.version + (now_ms - way->origin_ms) / way->period_ms);
}

uint32_t tr_way_running_since_ms(const tr_way_t *way, uint32_t now_ms)
{
    return now_ms - (now_ms - way->origin_ms) % way->period_ms;
}

/* Beyond the lag of one round a hop that a healthy tree has. */
static bool is_older_than(const tr_way_t *way, uint8_t periods, uint32_t now_ms)
{
    return now_ms - way->origin_ms > ((uint32_t)way->distance.hop_count + periods) * way->period_ms;
}

bool tr_way_is_fresh(const tr_way_t *way, uint32_t now_ms)
{
    return !is_older_than(way, TR_FRESH_PERIODS, now_ms);
}

bool tr_way_is_lost(const tr_way_t *way, uint32_t now_ms)
{
    return is_older_than(way, TR_FORGET_PERIODS, now_ms);
}
