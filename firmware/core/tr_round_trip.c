#include "tr_round_trip.h"

#include "tr_inline.h"

/* At least 1 and at most the longest timeout. */
TR_OUTLINE static uint16_t within_limit(const tr_ack_timeouts_t *timeouts, uint32_t took_ms)
{
    if (took_ms > timeouts->limit_ms)
        took_ms = timeouts->limit_ms;
    return took_ms > 0 ? (uint16_t)took_ms : 1;
}

void tr_round_trip_answered(tr_round_trip_t *round_trip, const tr_ack_timeouts_t *timeouts, uint32_t took_ms)
{
    const uint16_t measured_ms = within_limit(timeouts, took_ms);
    if (round_trip->smoothed_8ths == 0) {
        round_trip->smoothed_8ths = UINT32_C(8) * measured_ms;
        round_trip->margin_ms = (uint16_t)(2 * measured_ms);
        return;
    }
    const uint16_t smoothed_ms = (uint16_t)(round_trip->smoothed_8ths / 8);
    const uint16_t error_ms =
        (uint16_t)(measured_ms > smoothed_ms ? measured_ms - smoothed_ms : smoothed_ms - measured_ms);
    round_trip->margin_ms = (uint16_t)(round_trip->margin_ms - round_trip->margin_ms / 4 + error_ms);
    round_trip->smoothed_8ths = round_trip->smoothed_8ths - smoothed_ms + measured_ms;
}

void tr_round_trip_guess(tr_round_trip_t *round_trip, const tr_ack_timeouts_t *timeouts, uint32_t took_ms)
{
    if (!tr_round_trip_is_measured(round_trip))
        round_trip->guess_ms = within_limit(timeouts, took_ms);
}

void tr_round_trip_not_answered(tr_round_trip_t *round_trip, const tr_ack_timeouts_t *timeouts)
{
    const uint32_t margin_ms = (uint32_t)round_trip->margin_ms + timeouts->least_margin_ms;
    round_trip->margin_ms = margin_ms < timeouts->limit_ms ? (uint16_t)margin_ms : timeouts->limit_ms;
}

bool tr_round_trip_is_measured(const tr_round_trip_t *round_trip)
{
    return round_trip->smoothed_8ths > 0;
}

bool tr_round_trip_is_known(const tr_round_trip_t *round_trip)
{
    return tr_round_trip_is_measured(round_trip) || round_trip->guess_ms > 0;
}

uint16_t tr_round_trip_timeout_ms(const tr_round_trip_t *round_trip, const tr_ack_timeouts_t *timeouts)
{
    uint32_t timeout_ms;
    if (tr_round_trip_is_measured(round_trip))
        timeout_ms = round_trip->smoothed_8ths / 8;
    else if (round_trip->guess_ms > 0)
        timeout_ms = round_trip->guess_ms;
    else
        return timeouts->first_ms;
    timeout_ms +=
        round_trip->margin_ms > timeouts->least_margin_ms ? round_trip->margin_ms : timeouts->least_margin_ms;
    if (timeout_ms < timeouts->least_ms)
        timeout_ms = timeouts->least_ms;
    return timeout_ms < timeouts->limit_ms ? (uint16_t)timeout_ms : timeouts->limit_ms;
}

uint16_t tr_round_trip_one_way_ms(const tr_round_trip_t *round_trip)
{
    return (uint16_t)(round_trip->smoothed_8ths / 16);
}
