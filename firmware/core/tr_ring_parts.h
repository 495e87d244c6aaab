/* What the files of the ring's node share among themselves. All of them go by its `now_ms`. */
#ifndef TR_RING_PARTS_H
#define TR_RING_PARTS_H

#include "tr_ring.h"

/* tr_ring.c: how fast the ring is, what a node knows, and what every part of it does */
uint16_t tr_ring_timeout_ms(tr_ring_t *ring, uint16_t peer);
uint16_t tr_ring_ack_timeout_ms(tr_ring_t *ring); /* of the successor */
uint32_t tr_ring_spread_ms(const tr_ring_t *ring, uint16_t least_ms);
uint32_t tr_ring_jitter_ms(tr_ring_t *ring, uint32_t limit_ms);
void tr_ring_start(const tr_ring_t *ring, tr_timer_t *timer, uint32_t span_ms);
void tr_ring_say(tr_ring_t *ring, uint8_t kind, uint16_t other, uint16_t value);
void tr_ring_put(tr_ring_t *ring, uint8_t type, uint16_t destination);
tr_peer_t *tr_ring_hear(tr_ring_t *ring, uint16_t id);
void tr_ring_know_version(tr_ring_t *ring, uint16_t version);
void tr_ring_begin_muster(tr_ring_t *ring);
void tr_ring_let_go(tr_ring_t *ring);
void tr_ring_give_up(tr_ring_t *ring);

/* tr_ring_watch.c: when the token is taken for lost. A sign holds for that long; its epoch was known or not.
 */
void tr_ring_expect(tr_ring_t *ring, uint32_t time_ms, uint32_t jitter_ms);
void tr_ring_wait_until(tr_ring_t *ring, uint32_t time_ms);
void tr_ring_wait_longer(tr_ring_t *ring, uint32_t time_ms);
void tr_ring_heard_sign(tr_ring_t *ring, uint32_t hold_ms, bool is_known);
void tr_ring_gave_up(tr_ring_t *ring);
void tr_ring_visited(tr_ring_t *ring);
uint32_t tr_ring_lost_wait_ms(const tr_ring_t *ring, uint32_t now_ms);

/* tr_ring_receive.c: what each type of frame does, and claims */
void tr_ring_dispatch(tr_ring_t *ring, const tr_frame_t *frame);
void tr_ring_claim(tr_ring_t *ring);
void tr_ring_go_on_claiming(tr_ring_t *ring);

/* tr_ring_turns.c: the holder's rounds, turns and readings */
void tr_ring_take(tr_ring_t *ring, const tr_frame_t *frame);
void tr_ring_make_token(tr_ring_t *ring);
void tr_ring_begin_round(tr_ring_t *ring);
void tr_ring_finish_turn(tr_ring_t *ring);
void tr_ring_end_measuring(tr_ring_t *ring);
void tr_ring_add(tr_ring_t *ring);

/* tr_ring_pass.c: the holder's pass */
void tr_ring_pass_on(tr_ring_t *ring);
void tr_ring_no_sign(tr_ring_t *ring);
void tr_ring_is_passed(tr_ring_t *ring, uint16_t source, const tr_token_id_t *known);
uint16_t tr_ring_follows(const tr_ring_t *ring);

#endif
