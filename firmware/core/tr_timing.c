#include "tr_timing.h"

tr_timing_t tr_timing_default(void)
{
    /* Not one initialiser: an AVR would keep that in RAM too. */
    tr_timing_t timing;
    timing.period_ms = TR_DEFAULT_PERIOD_MS;
    timing.discovery_ms = TR_DEFAULT_DISCOVERY_MS;
    timing.jitter_ms = TR_DEFAULT_JITTER_MS;
    timing.spread_ms = TR_DEFAULT_SPREAD_MS;
    timing.ack_timeout_ms = TR_DEFAULT_ACK_TIMEOUT_MS;
    timing.ack_timeout_least_ms = TR_DEFAULT_ACK_TIMEOUT_LEAST_MS;
    timing.ack_timeout_limit_ms = TR_DEFAULT_ACK_TIMEOUT_LIMIT_MS;
    timing.listen_ms = TR_DEFAULT_LISTEN_MS;
    timing.offer_window_ms = TR_DEFAULT_OFFER_WINDOW_MS;
    timing.help_wait_ms = TR_DEFAULT_HELP_WAIT_MS;
    timing.help_wait_limit_ms = TR_DEFAULT_HELP_WAIT_LIMIT_MS;
    timing.leaf_wait_ms = TR_DEFAULT_LEAF_WAIT_MS;
    timing.switch_etx16 = TR_DEFAULT_SWITCH_ETX16;
    timing.max_retries = TR_DEFAULT_MAX_RETRIES;
    timing.missed_rounds = TR_DEFAULT_MISSED_ROUNDS;
    return timing;
}

uint32_t tr_timing_hop_wait_ms(const tr_timing_t *timing, uint16_t ack_timeout_ms)
{
    const uint32_t tries = (uint32_t)timing->max_retries + 1;
    return tries * ack_timeout_ms + tries * (tries + 1) / 2 * timing->jitter_ms;
}

uint16_t tr_timing_help_spread_ms(const tr_timing_t *timing)
{
    return timing->spread_ms / 2;
}

uint32_t tr_timing_longest_spread_ms(const tr_timing_t *timing)
{
    return (uint32_t)TR_SPREAD_GROWTH * timing->spread_ms;
}
