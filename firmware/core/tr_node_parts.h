/* What the files of the node share among themselves. All of them go by the node's `now_ms`, and in a
 * call for a received frame by what is `heard`. */
#ifndef TR_NODE_PARTS_H
#define TR_NODE_PARTS_H

#include "tr_frame.h"
#include "tr_inline.h"
#include "tr_node.h"
#include "tr_timing_use.h"

/* Of a node, or of its config. */
#if TR_FIXED_TIMING
#define TR_TIMING(holder) (&TR_TIMING_DEFAULT)
#else
#define TR_TIMING(holder) (&(holder)->timing)
#endif

static inline bool tr_is_root(const tr_node_t *node)
{
    return TR_CAN_BE_ROOT && node->is_root;
}

static inline bool tr_has_way(const tr_node_t *node)
{
    return node->way.distance.hop_count != TR_NO_HOP_COUNT;
}

/* tr_node.c: frames, events and timers */
void tr_put(tr_node_t *node, uint8_t type, uint16_t destination);
void tr_put_ack(tr_node_t *node, uint8_t type, uint16_t acked_version);
void tr_put_after(tr_node_t *node, uint8_t type, uint16_t destination, tr_span_ms_t delay_ms);
void tr_put_after_jitter(tr_node_t *node, uint8_t type, uint16_t destination);
void tr_tell(tr_node_t *node, uint8_t kind, uint16_t other, uint16_t value);
void tr_tell_drop(tr_node_t *node, uint8_t reason);
uint16_t tr_some_jitter_ms(tr_node_t *node);
void tr_start_timer(tr_node_t *node, uint8_t timer, tr_span_ms_t span_ms);

/* What happens, if anybody is to know. */
TR_INLINE void tr_say(tr_node_t *node, uint8_t kind, uint16_t other, uint16_t value)
{
    if (TR_ALL_EVENTS || kind == TR_EVENT_MEASUREMENT_DUE)
        tr_tell(node, kind, other, value);
}

TR_INLINE void tr_drop(tr_node_t *node, uint8_t reason)
{
    if (TR_ALL_EVENTS)
        tr_tell_drop(node, reason);
}

/* tr_node_receive.c: what each type of frame does */
void tr_dispatch(tr_node_t *node, const tr_frame_t *frame);

/* tr_node_join.c: the way to the root, requests and their answers */
void tr_follow(tr_node_t *node);
void tr_need_newer_way(tr_node_t *node, uint8_t vain_calls);
void tr_offer_way(tr_node_t *node);
void tr_look_for_better(tr_node_t *node);
void tr_consider(tr_node_t *node, uint8_t request);
void tr_take_offer(tr_node_t *node);
bool tr_answers(tr_node_t *node, uint8_t request);
void tr_join(tr_node_t *node);
void tr_lose_parent(tr_node_t *node, uint8_t why);
void tr_call_for_help(tr_node_t *node);
void tr_check_way(tr_node_t *node);
void tr_send_request(tr_node_t *node, uint8_t request, tr_span_ms_t delay_ms);
void tr_end_request(tr_node_t *node);
void tr_no_answer(tr_node_t *node);

/* tr_node_rounds.c: rounds, reports and the children that make them */
uint32_t tr_next_round_wait_ms(const tr_node_t *node, uint32_t now_ms);
void tr_start_round(tr_node_t *node);
void tr_seal(tr_node_t *node);
void tr_seal_if_complete(tr_node_t *node);
tr_child_t *tr_admit(tr_node_t *node);
bool tr_accept(tr_node_t *node, tr_child_t *child);
void tr_lose_child(tr_node_t *node, tr_child_t *child);
void tr_tell_depth(tr_node_t *node);
void tr_tell_grown_depth(tr_node_t *node);

/* tr_node_root.c: what the root alone does */
void tr_start_root(tr_node_t *node, uint16_t version);
void tr_advance_root(tr_node_t *node);
void tr_hear_distance(tr_node_t *node);
void tr_finish_round(tr_node_t *node);

#endif
