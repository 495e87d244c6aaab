/* One round of a primary: who is polled when, and what has been answered (PROTOCOL.md 13.1, 13.2). */
#include "tr_polling_parts.h"

static bool is_asked(const tr_polled_t *polled)
{
    return polled->flags & TR_POLLED_IN_ROUND;
}

static bool is_waited_for(const tr_polled_t *polled)
{
    return (polled->flags & (TR_POLLED_IN_ROUND | TR_POLLED_ANSWERED)) == TR_POLLED_IN_ROUND;
}

/* Whether it may be sent (again). */
static bool is_open(const tr_polling_t *node, const tr_polled_t *polled)
{
    const uint8_t tries = polled->flags & TR_POLLED_ONCE ? 1 : node->config->timing.tries;
    return is_waited_for(polled) && polled->attempts < tries;
}

/* When the last attempt has waited for the measured ack timeout. */
static uint32_t waits_until_ms(const tr_polling_t *node, uint8_t place)
{
    return node->polled[place].sent_ms + tr_round_trip_timeout_ms(&node->base.peers.known[place].round_trip,
                                                                  &node->config->timing.ack_timeouts);
}

/* When the last attempt gives its place up. */
static uint32_t place_until_ms(const tr_polling_t *node, uint8_t place)
{
    const tr_polled_t *polled = &node->polled[place];
    const uint16_t slow_ms = node->config->timing.slow_ms;
    const uint32_t hold_ms =
        polled->flags & TR_POLLED_SUSPECT ? slow_ms / TR_POLLING_SUSPECT_HOLD_DIVISOR : slow_ms;
    return tr_earlier(polled->sent_ms + hold_ms, waits_until_ms(node, place));
}

/* --- rounds --- */

static uint8_t flags_of(const tr_polling_t *node, const tr_peer_t *peer)
{
    const tr_polling_timing_t *timing = &node->config->timing;
    const bool is_measured = tr_round_trip_is_measured(&peer->round_trip);
    uint8_t flags = TR_POLLED_IN_ROUND;
    if (peer->misses > 0 ||
        (is_measured && tr_round_trip_timeout_ms(&peer->round_trip, &timing->ack_timeouts) > timing->slow_ms))
        flags |= TR_POLLED_SUSPECT;
    if (peer->misses >= TR_POLLING_DOUBTFUL_MISSES)
        flags |= TR_POLLED_ONCE;
    if (is_measured && peer->misses == 0)
        flags |= TR_POLLED_WAS_ANSWERED;
    return flags;
}

void tr_polled_round_begin(tr_polling_t *node)
{
    const tr_peers_t *peers = &node->base.peers;
    for (uint8_t i = 0; i < peers->count; i++) {
        tr_polled_t *polled = &node->polled[i];
        polled->flags &= TR_POLLED_TIMED;
        polled->attempts = 0;
        if (peers->known[i].is_present)
            polled->flags |= flags_of(node, &peers->known[i]);
    }
    node->round.is_running = true;
    node->round.is_measured = false;
    node->round.has_answer = false;
    node->round.has_items = false;
    node->round.version = node->version;
    node->round.began_ms = node->began_ms;
}

static void merge(tr_polled_round_t *round, const tr_metric_aggregate_t *added)
{
    if (!round->has_items)
        tr_items_clear(&round->items, round->version);
    round->has_items = true;
    tr_items_merge(&round->items, added);
}

static bool has_metric(const tr_items_t *items, uint8_t metric)
{
    for (uint8_t i = 0; i < items->aggregate_count; i++) {
        if (items->aggregates[i].metric == metric)
            return true;
    }
    return false;
}

void tr_polled_round_add(tr_polling_t *node, uint16_t id, const tr_pairs_t *pairs)
{
    tr_polled_round_t *round = &node->round;
    for (uint8_t i = 0; i < pairs->count; i++) {
        const tr_metric_aggregate_t own = {
            .metric = pairs->pairs[i].metric,
            .aggregate = tr_aggregate_of_reading(pairs->pairs[i].raw, id),
        };
        /* Of too many metrics those that came first are kept. */
        if (!round->has_items || round->items.aggregate_count < TR_MAX_AGGREGATES ||
            has_metric(&round->items, own.metric))
            merge(round, &own);
    }
}

void tr_polled_round_close(tr_polling_t *node, uint32_t now_ms)
{
    tr_polled_round_t *round = &node->round;
    const tr_metric_aggregate_t empty = {.metric = node->config->first_metric,
                                         .aggregate = tr_aggregate_empty()};
    if (!round->has_items)
        merge(round, &empty);
    round->duration_ms = tr_shorter(now_ms - round->began_ms, TR_MAX_U24);
}

bool tr_polled_round_is_waiting_for(const tr_polling_t *node, uint8_t place)
{
    return node->round.is_running && is_waited_for(&node->polled[place]);
}

bool tr_polled_round_is_crowded(const tr_polling_t *node)
{
    uint16_t prompt = 0, late = 0;
    for (uint8_t i = 0; i < node->base.peers.count; i++) {
        const tr_polled_t *polled = &node->polled[i];
        if (is_asked(polled) && polled->flags & TR_POLLED_WAS_ANSWERED) {
            prompt++;
            if (polled->attempts > 1 || is_waited_for(polled))
                late++;
        }
    }
    return prompt >= TR_POLLING_CROWD && TR_POLLING_CROWD * late > prompt;
}

bool tr_polled_round_is_unanswered(const tr_polling_t *node)
{
    for (uint8_t i = 0; i < node->base.peers.count; i++) {
        if (is_asked(&node->polled[i]))
            return !node->round.has_answer;
    }
    return false;
}

/* --- polls --- */

/* How long until a place is free: of the polls that hold one, until fewer than there are places are left. */
static uint32_t place_wait_ms(const tr_polling_t *node, uint32_t now_ms)
{
    uint32_t wait_ms = 0;
    for (;;) {
        uint32_t next_ms = TR_FOREVER_MS;
        uint8_t held = 0;
        for (uint8_t i = 0; i < node->base.peers.count; i++) {
            if (!is_waited_for(&node->polled[i]) || node->polled[i].attempts == 0)
                continue;
            const uint32_t held_ms = tr_ms_until(place_until_ms(node, i), now_ms);
            if (held_ms > wait_ms) {
                held++;
                next_ms = tr_shorter(next_ms, held_ms);
            }
        }
        if (held < node->places)
            return wait_ms;
        wait_ms = next_ms;
    }
}

int tr_polled_round_next_poll(const tr_polling_t *node, uint32_t now_ms)
{
    int next = -1;
    if (place_wait_ms(node, now_ms) > 0)
        return next;
    for (uint8_t i = 0; i < node->base.peers.count; i++) {
        const tr_polled_t *polled = &node->polled[i];
        if (is_open(node, polled) &&
            (polled->attempts == 0 || tr_has_come(waits_until_ms(node, i), now_ms)) &&
            (next < 0 || polled->attempts < node->polled[next].attempts))
            next = i;
    }
    return next;
}

uint32_t tr_polled_round_wait_ms(const tr_polling_t *node, uint32_t now_ms)
{
    uint32_t wait_ms = TR_FOREVER_MS;
    for (uint8_t i = 0; i < node->base.peers.count; i++) {
        const tr_polled_t *polled = &node->polled[i];
        if (is_open(node, polled))
            wait_ms =
                tr_shorter(wait_ms, polled->attempts > 0 ? tr_ms_until(waits_until_ms(node, i), now_ms) : 0);
    }
    if (wait_ms == TR_FOREVER_MS)
        return wait_ms;
    const uint32_t free_ms = place_wait_ms(node, now_ms);
    return wait_ms > free_ms ? wait_ms : free_ms;
}

bool tr_polled_round_done_ms(const tr_polling_t *node, uint32_t *done_ms)
{
    *done_ms = node->round.began_ms;
    for (uint8_t i = 0; i < node->base.peers.count; i++) {
        if (is_open(node, &node->polled[i]))
            return false;
        if (is_waited_for(&node->polled[i]))
            *done_ms = tr_later(*done_ms, waits_until_ms(node, i));
    }
    return true;
}
