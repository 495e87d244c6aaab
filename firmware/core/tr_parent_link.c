#include "tr_parent_link.h"

#include "tr_inline.h"
#include "tr_timer.h"
#include "tr_timing_use.h"

static const uint32_t FRACTION_LIMIT = UINT32_C(1) << 16;

void tr_parent_link_init(tr_parent_link_t *link, const tr_timing_t *timing, tr_jitter_t *jitter)
{
    link->parent = TR_NO_NODE;
    link->former = TR_NO_NODE;
    link->etx16 = TR_ETX_ONE;
    link->former_etx16 = TR_ETX_ONE;
    link->spread_ms = tr_timing_in_use(timing)->spread_ms;
    link->fraction = (uint16_t)tr_jitter_below(jitter, FRACTION_LIMIT);
}

TR_OUTLINE static uint16_t etx16_of(const tr_parent_link_t *link, uint16_t neighbour)
{
    if (neighbour == link->parent)
        return link->etx16;
    return neighbour == link->former ? link->former_etx16 : TR_ETX_ONE;
}

TR_OUTLINE void tr_parent_link_begin(tr_parent_link_t *link, uint16_t parent)
{
    if (parent == link->parent)
        return;
    const uint16_t etx16 = etx16_of(link, parent);
    link->former = link->parent;
    link->former_etx16 = link->etx16;
    link->parent = parent;
    link->etx16 = etx16;
    link->round_trip_8ths = 0;
    link->margin_ms = 0;
}

static tr_span_ms_t shorter(tr_span_ms_t a_ms, tr_span_ms_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

static tr_span_ms_t longer(tr_span_ms_t a_ms, tr_span_ms_t b_ms)
{
    return a_ms > b_ms ? a_ms : b_ms;
}

/* RFC 6298, section 2, in whole milliseconds; no intermediate result is below 0. The round trip is less than
 * 2^16 ms. */
static void measure(tr_parent_link_t *link, tr_span_ms_t round_trip_ms)
{
    if (link->round_trip_8ths == 0) {
        link->round_trip_8ths = 8 * round_trip_ms;
        link->margin_ms = 2 * round_trip_ms;
        return;
    }
    const tr_span_ms_t smoothed_ms = link->round_trip_8ths / 8;
    const tr_span_ms_t error_ms =
        round_trip_ms > smoothed_ms ? round_trip_ms - smoothed_ms : smoothed_ms - round_trip_ms;
    link->margin_ms = link->margin_ms - link->margin_ms / 4 + error_ms;
    link->round_trip_8ths = link->round_trip_8ths - smoothed_ms + round_trip_ms;
}

void tr_parent_link_answered(tr_parent_link_t *link, const tr_timing_t *timing, uint16_t tries,
                             uint32_t round_trip_ms)
{
    const uint16_t most_tries = tries < TR_MOST_TRIES ? tries : TR_MOST_TRIES;
    const uint16_t counted_tries = most_tries > 0 ? most_tries : 1;
    timing = tr_timing_in_use(timing);
    link->etx16 = (uint16_t)((7 * link->etx16 + TR_ETX_ONE * counted_tries + 4) / 8); /* never above 4084 */
    if (tries != 1)
        return; /* nobody knows which of them was answered (Karn and Partridge, 1987) */
    link->spread_ms = longer(link->spread_ms - link->spread_ms / 8, timing->spread_ms);
    /* Within limits, whatever a late driver or a stranger's frame makes of it. */
    measure(link, longer((tr_span_ms_t)tr_shorter(round_trip_ms, timing->ack_timeout_limit_ms), 1));
}

void tr_parent_link_not_answered(tr_parent_link_t *link, const tr_timing_t *timing, tr_jitter_t *jitter,
                                 uint16_t tries)
{
    timing = tr_timing_in_use(timing);
    link->margin_ms = shorter(link->margin_ms + TR_LEAST_MARGIN_MS, timing->ack_timeout_limit_ms);
    if (tries == 1) {
        link->spread_ms = shorter(2 * link->spread_ms, (tr_span_ms_t)tr_timing_longest_spread_ms(timing));
        link->fraction = (uint16_t)tr_jitter_below(jitter, FRACTION_LIMIT);
    }
}

uint16_t tr_parent_link_ack_timeout_ms(const tr_parent_link_t *link, const tr_timing_t *timing)
{
    timing = tr_timing_in_use(timing);
    if (link->round_trip_8ths == 0)
        return timing->ack_timeout_ms;
    const tr_span_ms_t measured_ms = link->round_trip_8ths / 8 + longer(link->margin_ms, TR_LEAST_MARGIN_MS);
    return (uint16_t)shorter(longer(measured_ms, timing->ack_timeout_least_ms), timing->ack_timeout_limit_ms);
}

tr_span_ms_t tr_parent_link_delay_ms(const tr_parent_link_t *link)
{
    return link->round_trip_8ths / 16;
}

/* fraction x window / 65536, without more than 32 bits. */
static tr_span_ms_t fraction_of(uint16_t fraction, tr_span_ms_t window_ms)
{
    const uint32_t low = (uint32_t)fraction * (uint16_t)window_ms >> 16;
    return (tr_span_ms_t)(sizeof window_ms > 2 ? fraction * ((uint32_t)window_ms >> 16) + low : low);
}

tr_span_ms_t tr_parent_link_send_delay_ms(const tr_parent_link_t *link, const tr_timing_t *timing,
                                          uint32_t slot_ms, bool is_leaf)
{
    timing = tr_timing_in_use(timing);
    if (!is_leaf)
        slot_ms /= 4;
    return fraction_of(link->fraction,
                       (tr_span_ms_t)tr_shorter(is_leaf ? link->spread_ms : timing->jitter_ms, slot_ms));
}

bool tr_parent_link_is_bad(const tr_parent_link_t *link, const tr_timing_t *timing)
{
    timing = tr_timing_in_use(timing);
    return timing->switch_etx16 > 0 && link->etx16 >= timing->switch_etx16;
}

uint16_t tr_parent_link_cost(const tr_parent_link_t *link, uint16_t neighbour, uint8_t hop_count)
{
    return (uint16_t)(TR_ETX_ONE * hop_count + etx16_of(link, neighbour));
}
