/* Who is the primary, and what version comes next (PROTOCOL.md 13.3, 13.4). */
#include <string.h>

#include "tr_polling_parts.h"
#include "tr_serial_number.h"

/* Times further back are kept at that distance, so that a clock that wraps does not make them future ones;
 * all that is asked of them is whether they are longer ago than a few periods. */
#define LONG_AGO_MS (UINT32_C(1) << 29)
/* After every heir that a beat can name. */
#define MAX_RANK TR_MAX_HEIRS

bool tr_polling_is_primary(const tr_polling_t *node)
{
    return node->primary == node->base.id;
}

bool tr_polling_is_newer_epoch(uint16_t a, uint16_t b)
{
    return a != TR_POLLING_NO_EPOCH && (b == TR_POLLING_NO_EPOCH || tr_version_is_newer(a, b));
}

static void set_began(tr_polling_t *node, uint32_t began_ms)
{
    node->began_ms = began_ms;
    node->uncounted_rounds = 0;
}

/* --- who is there --- */

tr_polled_t *tr_polling_polled(tr_polling_t *node, const tr_peer_t *peer)
{
    return &node->polled[peer - node->base.peers.known];
}

void tr_polling_hear_at(tr_polling_t *node, uint16_t id, uint32_t now_ms)
{
    const tr_peers_t *peers = &node->base.peers;
    const uint8_t count = peers->count;
    tr_peer_t *peer = tr_peer_node_hear(&node->base, id);
    if (peer == NULL)
        return;
    peer->heard = now_ms;
    if (peers->count > count) {
        tr_polled_t *polled = tr_polling_polled(node, peer);
        memmove(polled + 1, polled, (size_t)(node->polled + count - polled) * sizeof *polled);
        memset(polled, 0, sizeof *polled);
    }
}

void tr_polling_lose(tr_polling_t *node, uint16_t id, enum tr_why why)
{
    const tr_peers_t *peers = &node->base.peers;
    const uint8_t count = peers->count;
    const tr_peer_t *peer = tr_peers_get(&node->base.peers, id);
    if (peer == NULL || !peer->is_present)
        return;
    tr_polled_t *polled = tr_polling_polled(node, peer);
    tr_peer_node_lose(&node->base, id, why);
    if (peers->count < count)
        memmove(polled, polled + 1, (size_t)(node->polled + peers->count - polled) * sizeof *polled);
    else
        polled->flags = 0;
}

void tr_polling_lose_all(tr_polling_t *node, tr_polling_test_t *is_lost, enum tr_why why, uint32_t now_ms)
{
    const tr_peers_t *peers = &node->base.peers;
    for (uint8_t i = 0; i < peers->count;) {
        const uint8_t count = peers->count;
        if (is_lost(node, &peers->known[i], now_ms))
            tr_polling_lose(node, peers->known[i].id, why);
        if (peers->count == count)
            i++; /* else another stands in its place now */
    }
}

/* Who was not even overheard for two periods and a lease is absent until it says HELLO. */
static bool is_silent(const tr_polling_t *node, const tr_peer_t *peer, uint32_t now_ms)
{
    return now_ms - peer->heard > 2 * node->period_ms + node->config->timing.lease_ms;
}

void tr_polling_overhear(tr_polling_t *node, const tr_frame_t *frame, uint32_t now_ms)
{
    tr_poll_t poll;
    if (frame->type != TR_POLL && frame->type != TR_READING)
        return;
    tr_poll_read(&poll, frame->payload);
    tr_polling_hear_at(node, frame->source, now_ms);
    if (tr_polling_is_newer_epoch(poll.epoch, node->epoch))
        tr_polling_take_epoch(node, poll.epoch, poll.version, now_ms);
}

static void keep_near(uint32_t *time_ms, uint32_t distance_ms, uint32_t now_ms)
{
    if ((int32_t)(now_ms - *time_ms) > (int32_t)distance_ms)
        *time_ms = now_ms - distance_ms;
}

void tr_polling_keep_times(tr_polling_t *node, uint32_t now_ms)
{
    const int32_t age_ms = (int32_t)(now_ms - node->began_ms);
    keep_near(&node->hello_ms, LONG_AGO_MS, now_ms);
    keep_near(&node->answered_ms, LONG_AGO_MS, now_ms);
    /* A little nearer than the peers: who was heard long ago was not heard since. */
    keep_near(&node->primary_since_ms, LONG_AGO_MS - 1, now_ms);
    for (uint8_t i = 0; i < node->base.peers.count; i++) {
        keep_near(&node->base.peers.known[i].heard, LONG_AGO_MS, now_ms);
        keep_near(&node->polled[i].timed_ms, LONG_AGO_MS, now_ms);
    }
    if (age_ms > (int32_t)LONG_AGO_MS) {
        const uint32_t rounds = (uint32_t)age_ms / node->period_ms - 1;
        node->began_ms += rounds * node->period_ms;
        node->uncounted_rounds = (uint16_t)tr_shorter(node->uncounted_rounds + rounds, TR_POLLING_MAX_SKIP);
    }
}

/* --- whom to follow --- */

bool tr_polling_yields_to(const tr_polling_t *node, uint16_t source, uint16_t epoch, uint32_t now_ms)
{
    if (epoch != node->epoch)
        return tr_polling_is_newer_epoch(epoch, node->epoch);
    if (node->primary == TR_NO_NODE || node->primary == source ||
        tr_peers_comes_before(&node->base.peers, source, node->primary))
        return true;
    return !tr_polling_is_primary(node) && tr_has_come(node->lease_end_ms, now_ms);
}

/* Another primary (TR_NO_NODE: unknown) of that epoch, whose newest version is that (13.4). */
static void turn_to(tr_polling_t *node, uint16_t source, uint16_t epoch, uint16_t version, uint32_t now_ms)
{
    const bool is_newer = tr_polling_is_newer_epoch(epoch, node->epoch);
    if (tr_polling_is_primary(node))
        tr_polling_step_down(node, TR_WHY_OTHER_PRIMARY, now_ms);
    if (node->epoch == TR_POLLING_NO_EPOCH)
        node->version = version;
    else if ((is_newer || node->primary != TR_NO_NODE) && !tr_version_is_newer(version, node->version))
        node->version++;
    node->epoch = epoch;
    node->primary = source;
    tr_polling_hello_within_spread(node, now_ms);
}

void tr_polling_follow(tr_polling_t *node, uint16_t source, const tr_beat_t *heard, uint32_t now_ms)
{
    if (node->epoch != heard->epoch || node->primary != source)
        turn_to(node, source, heard->epoch, heard->version, now_ms);
    if (heard->heir_count > 0) {
        node->heir_count = heard->heir_count;
        memcpy(node->heirs, heard->heirs, sizeof node->heirs);
    }
    if (tr_version_is_newer(heard->version, node->version))
        node->version = heard->version;
    set_began(node, now_ms - heard->age_ms);
    node->period_ms = heard->period_ms;
    tr_polling_wait(node, now_ms + heard->lease_ms);
}

void tr_polling_take_epoch(tr_polling_t *node, uint16_t epoch, uint16_t version, uint32_t now_ms)
{
    turn_to(node, TR_NO_NODE, epoch, version, now_ms);
    tr_polling_learn_version(node, epoch, version, false, now_ms);
    tr_polling_wait(node, now_ms + node->config->timing.lease_ms);
}

void tr_polling_learn_version(tr_polling_t *node, uint16_t epoch, uint16_t version, bool is_of_other,
                              uint32_t now_ms)
{
    const uint16_t running = node->round.version;
    if (epoch == TR_POLLING_NO_EPOCH)
        return;
    if (tr_version_is_newer(version, running) ||
        (version == running && (is_of_other || epoch != node->epoch)))
        node->round.is_running = false; /* void */
    if (tr_version_is_newer(version, node->version)) {
        node->version = version;
        if (!tr_polling_is_primary(node))
            set_began(node, now_ms - node->period_ms);
    }
}

/* --- taking over and stepping down --- */

void tr_polling_wait(tr_polling_t *node, uint32_t lease_end_ms)
{
    const uint16_t jitter_ms = node->config->timing.jitter_ms;
    node->lease_end_ms = lease_end_ms;
    node->takeover_jitter_ms = jitter_ms + tr_jitter_below(&node->base.jitter, jitter_ms);
}

/* Of the standbys of a lost primary, how many take over before this one (13.3). */
static uint8_t rank_of(const tr_polling_t *node)
{
    uint8_t rank = 0;
    for (uint8_t i = 0; i < node->heir_count; i++) {
        if (node->heirs[i] == node->base.id)
            return rank;
        if (node->heirs[i] != node->primary)
            rank++;
    }
    if (rank == 0)
        rank = tr_peers_rank(&node->base.peers, node->base.id, node->primary);
    else
        rank = MAX_RANK;
    return rank < MAX_RANK ? rank : MAX_RANK;
}

uint32_t tr_polling_takeover_ms(const tr_polling_t *node)
{
    return node->lease_end_ms + (uint32_t)rank_of(node) * node->config->timing.stagger_ms +
           node->takeover_jitter_ms;
}

void tr_polling_check_lease(tr_polling_t *node, uint32_t now_ms)
{
    const tr_polling_timing_t *timing = &node->config->timing;
    if (tr_polling_is_primary(node) &&
        tr_has_come(node->beat_sent_ms + timing->lease_ms - timing->jitter_ms, now_ms))
        tr_polling_step_down(node, TR_WHY_STOPPED, now_ms);
}

/* The versions that can have begun unheard. */
static uint16_t skipped_versions(const tr_polling_t *node, uint32_t now_ms)
{
    const int32_t age_ms = (int32_t)(now_ms - node->began_ms);
    const uint32_t unheard_ms = (age_ms > 0 ? (uint32_t)age_ms : 0) + node->config->timing.lease_ms;
    return (uint16_t)tr_shorter(node->uncounted_rounds + unheard_ms / node->period_ms, TR_POLLING_MAX_SKIP);
}

void tr_polling_forget_asked(tr_polling_t *node)
{
    /* Its readings, too, if nobody has taken them. */
    tr_peer_node_discard(&node->base, TR_READING, node->asked.primary);
    node->asked.is_asked = false;
}

void tr_polling_take_over(tr_polling_t *node, uint32_t now_ms)
{
    if (node->primary != TR_NO_NODE)
        tr_polling_lose(node, node->primary, TR_WHY_LEASE_OVER);
    tr_polling_lose_all(node, is_silent, TR_WHY_SILENT, now_ms);
    if (node->epoch != TR_POLLING_NO_EPOCH)
        node->version = (uint16_t)(node->version + 1 + skipped_versions(node, now_ms));
    node->epoch++;
    if (node->epoch == TR_POLLING_NO_EPOCH)
        node->epoch++;
    node->primary = node->base.id;
    node->heir_count = 0;
    const uint32_t first_round_ms =
        tr_later(tr_polling_next_round_ms(node), now_ms + node->config->timing.beat_ms);
    set_began(node, first_round_ms - node->period_ms);
    tr_polling_forget_asked(node);
    node->primary_since_ms = now_ms;
    node->beat_sent_ms = now_ms;
    node->beat_ms = now_ms;
    node->answered_ms = now_ms;
    tr_peer_node_say(&node->base, TR_EVENT_BECAME_PRIMARY, TR_NO_NODE, node->epoch);
}

void tr_polling_step_down(tr_polling_t *node, enum tr_why why, uint32_t now_ms)
{
    tr_peer_node_say(&node->base, TR_EVENT_STEPPED_DOWN, (uint16_t)why, node->epoch);
    node->primary = TR_NO_NODE;
    node->version++; /* nobody is to use that of its round again */
    node->round.is_running = false;
    tr_polling_wait(node, now_ms + node->config->timing.lease_ms);
    tr_polling_hello_within_spread(node, now_ms);
}

/* --- beats and HELLOs --- */

void tr_polling_beat(const tr_polling_t *node, tr_beat_t *beat, uint32_t now_ms)
{
    const tr_peers_t *peers = &node->base.peers;
    const int32_t age_ms = (int32_t)(now_ms - node->began_ms);
    beat->epoch = node->epoch;
    beat->version = node->version;
    beat->age_ms = age_ms > 0 ? tr_shorter((uint32_t)age_ms, TR_MAX_U24) : 0;
    beat->period_ms = node->period_ms;
    beat->lease_ms = node->config->timing.lease_ms;
    beat->heir_count = 0;
    for (uint8_t i = 0; i < peers->count && beat->heir_count < TR_MAX_HEIRS; i++) {
        const tr_peer_t *peer = &peers->known[i];
        if (peer->is_present && peer->misses == 0 && tr_has_come(node->primary_since_ms, peer->heard))
            beat->heirs[beat->heir_count++] = peer->id;
    }
}

void tr_polling_beat_soon(tr_polling_t *node, uint32_t now_ms)
{
    const uint32_t soon_ms = tr_later(now_ms, node->beat_sent_ms + node->config->timing.jitter_ms);
    node->beat_ms = tr_earlier(node->beat_ms, soon_ms);
}

void tr_polling_hello(tr_polling_t *node, tr_hello_t *hello, uint32_t now_ms)
{
    uint32_t limit_ms = node->config->timing.peers.hello_wait_limit_ms;
    if (node->primary != TR_NO_NODE && limit_ms < node->period_ms / 2)
        limit_ms = node->period_ms / 2;
    node->hello_ms = now_ms + node->hello_wait_ms;
    node->hello_wait_ms = tr_shorter(2 * node->hello_wait_ms, limit_ms);
    hello->network = TR_NETWORK_POLLING;
    hello->epoch = node->epoch;
    hello->version = node->version;
}

void tr_polling_hello_within_spread(tr_polling_t *node, uint32_t now_ms)
{
    const tr_peer_timing_t *timing = &node->config->timing.peers;
    const uint32_t spread_ms = tr_jitter_below(&node->base.jitter, timing->hello_spread_ms);
    node->hello_ms = tr_earlier(node->hello_ms, now_ms + spread_ms);
    node->hello_wait_ms = timing->hello_wait_ms;
}

void tr_polling_no_hello(tr_polling_t *node, uint32_t now_ms)
{
    const tr_peer_timing_t *timing = &node->config->timing.peers;
    node->hello_ms =
        now_ms + 2 * node->period_ms + tr_jitter_below(&node->base.jitter, timing->hello_spread_ms);
    node->hello_wait_ms = timing->hello_wait_ms;
}
