/* What the files of the polling node share among themselves. */
#ifndef TR_POLLING_PARTS_H
#define TR_POLLING_PARTS_H

#include "tr_polling.h"
#include "tr_timer.h"

static inline bool tr_has_come(uint32_t then_ms, uint32_t now_ms)
{
    return tr_ms_until(then_ms, now_ms) == 0;
}

static inline uint32_t tr_earlier(uint32_t a_ms, uint32_t b_ms)
{
    return tr_has_come(a_ms, b_ms) ? a_ms : b_ms;
}

static inline uint32_t tr_later(uint32_t a_ms, uint32_t b_ms)
{
    return tr_has_come(a_ms, b_ms) ? b_ms : a_ms;
}

/* tr_polling_lease.c: who is there, whom to follow, and what version comes next */
bool tr_polling_is_primary(const tr_polling_t *node);
bool tr_polling_is_newer_epoch(uint16_t a, uint16_t b);
/* What goes with a peer of the table. */
tr_polled_t *tr_polling_polled(tr_polling_t *node, const tr_peer_t *peer);
void tr_polling_hear_at(tr_polling_t *node, uint16_t id, uint32_t now_ms);
void tr_polling_lose(tr_polling_t *node, uint16_t id, enum tr_why why);
/* Loses all peers of which the test is true, in order. */
typedef bool tr_polling_test_t(const tr_polling_t *node, const tr_peer_t *peer, uint32_t now_ms);
void tr_polling_lose_all(tr_polling_t *node, tr_polling_test_t *is_lost, enum tr_why why, uint32_t now_ms);
void tr_polling_overhear(tr_polling_t *node, const tr_frame_t *frame, uint32_t now_ms);
/* Keeps what is long ago within reach of a clock that wraps. */
void tr_polling_keep_times(tr_polling_t *node, uint32_t now_ms);
bool tr_polling_yields_to(const tr_polling_t *node, uint16_t source, uint16_t epoch, uint32_t now_ms);
void tr_polling_follow(tr_polling_t *node, uint16_t source, const tr_beat_t *heard, uint32_t now_ms);
void tr_polling_take_epoch(tr_polling_t *node, uint16_t epoch, uint16_t version, uint32_t now_ms);
void tr_polling_learn_version(tr_polling_t *node, uint16_t epoch, uint16_t version, bool is_of_other,
                              uint32_t now_ms);
void tr_polling_wait(tr_polling_t *node, uint32_t lease_end_ms);
uint32_t tr_polling_takeover_ms(const tr_polling_t *node);
void tr_polling_check_lease(tr_polling_t *node, uint32_t now_ms);
void tr_polling_forget_asked(tr_polling_t *node);
void tr_polling_take_over(tr_polling_t *node, uint32_t now_ms);
void tr_polling_step_down(tr_polling_t *node, enum tr_why why, uint32_t now_ms);
void tr_polling_beat(const tr_polling_t *node, tr_beat_t *beat, uint32_t now_ms);
void tr_polling_beat_soon(tr_polling_t *node, uint32_t now_ms);
void tr_polling_hello(tr_polling_t *node, tr_hello_t *hello, uint32_t now_ms);
void tr_polling_hello_within_spread(tr_polling_t *node, uint32_t now_ms);
void tr_polling_no_hello(tr_polling_t *node, uint32_t now_ms);

/* tr_polling_primary.c: the rounds and polls of a primary */
uint32_t tr_polling_next_round_ms(const tr_polling_t *node);
bool tr_polling_may_start(const tr_polling_t *node, uint32_t now_ms);
void tr_polling_start_round(tr_polling_t *node, uint32_t now_ms);
uint32_t tr_polling_end_of_round_ms(const tr_polling_t *node);
void tr_polling_end_round_if_due(tr_polling_t *node, uint32_t now_ms);
void tr_polling_measured(tr_polling_t *node, uint32_t now_ms);
void tr_polling_on_reading(tr_polling_t *node, const tr_frame_t *frame, uint32_t now_ms);
/* The poll to be sent now, counted as sent; false if there is none. */
bool tr_polling_send_poll(tr_polling_t *node, uint16_t *to, tr_poll_t *poll, uint32_t now_ms);

/* tr_polling_round.c: who is polled when, and what has been answered */
void tr_polled_round_begin(tr_polling_t *node);
void tr_polled_round_add(tr_polling_t *node, uint16_t id, const tr_pairs_t *pairs);
/* Puts the result together. */
void tr_polled_round_close(tr_polling_t *node, uint32_t now_ms);
bool tr_polled_round_is_crowded(const tr_polling_t *node);
bool tr_polled_round_is_waiting_for(const tr_polling_t *node, uint8_t place);
bool tr_polled_round_is_unanswered(const tr_polling_t *node);
/* The place of the peer whose poll is to be sent now; -1: none. */
int tr_polled_round_next_poll(const tr_polling_t *node, uint32_t now_ms);
/* How long until there is one; TR_FOREVER_MS when all were sent. */
uint32_t tr_polled_round_wait_ms(const tr_polling_t *node, uint32_t now_ms);
/* When nothing is waited for any more; false while there are polls to send. */
bool tr_polled_round_done_ms(const tr_polling_t *node, uint32_t *done_ms);

#endif
