#include "tr_way.h"

#include <string.h>

#include "tr_bytes.h"
#include "tr_inline.h"
#include "tr_serial_number.h"
#include "tr_timer.h"

/* --- on the wire --- */

enum { VERSION_AT = 0, AGE_AT = 2, HOP_COUNT_AT = 5, PERIOD_AT = 6 };

/* The unit of the age in a sync: 1 ms below 65.536 s, and never more than 1/65536 of a longer period. */
static uint16_t age_unit_ms(uint32_t period_ms)
{
    return (uint16_t)(1 + (uint16_t)(period_ms >> 16));
}

void tr_way_write(const tr_way_t *way, uint32_t now_ms, uint8_t *sync)
{
    const uint32_t age = (now_ms - way->origin_ms) / age_unit_ms(way->period_ms);
    tr_put_u16(sync + VERSION_AT, way->distance.version);
    tr_put_u24(sync + AGE_AT, tr_shorter(age, TR_MAX_U24));
    sync[HOP_COUNT_AT] = way->distance.hop_count;
    tr_put_u24(sync + PERIOD_AT, way->period_ms);
}

void tr_way_write_none(uint8_t *sync)
{
    memset(sync, 0, TR_SYNC_BYTES);
    sync[HOP_COUNT_AT] = TR_NO_HOP_COUNT;
}

bool tr_way_read(tr_way_t *way, uint32_t now_ms, const uint8_t *sync)
{
    const uint32_t age = tr_get_u24(sync + AGE_AT);
    const uint32_t period_ms = tr_get_u24(sync + PERIOD_AT);
    way->distance.version = tr_get_u16(sync + VERSION_AT);
    way->distance.hop_count = sync[HOP_COUNT_AT];
    way->period_ms = period_ms;
    way->origin_ms = now_ms - age * age_unit_ms(period_ms);
    return way->distance.hop_count < TR_NO_HOP_COUNT - 1 && period_ms > 0 && period_ms <= TR_MAX_PERIOD_MS &&
           age != TR_MAX_U24 && /* it stopped at its limit, and sets no clock */
           !tr_way_is_older_than(way, TR_FORGET_PERIODS, now_ms);
}

/* --- the distance --- */

TR_OUTLINE bool tr_is_better(uint16_t version, uint8_t hop_count, const tr_distance_t *than)
{
    return version == than->version ? hop_count < than->hop_count
                                    : tr_version_is_newer(version, than->version);
}

/* --- the clock --- */

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

uint16_t tr_way_clock_error_ms(const tr_way_t *way)
{
    return (uint16_t)tr_shorter(TR_CLOCK_ERROR_MS + (uint16_t)(way->period_ms >> TR_DRIFT_SHIFT),
                                way->period_ms / 8);
}

TR_OUTLINE uint16_t tr_way_version_at(const tr_way_t *way, uint32_t then_ms)
{
    return (uint16_t)(way->distance.version + (then_ms - way->origin_ms) / way->period_ms);
}

uint32_t tr_way_running_for_ms(const tr_way_t *way, uint32_t then_ms)
{
    return (then_ms - way->origin_ms) % way->period_ms;
}

TR_OUTLINE bool tr_way_is_older_than(const tr_way_t *way, uint8_t periods, uint32_t now_ms)
{
    return now_ms - way->origin_ms > ((uint32_t)way->distance.hop_count + periods) * way->period_ms;
}
