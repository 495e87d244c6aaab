/* What the files of the node share among themselves. */
#ifndef TR_NODE_PARTS_H
#define TR_NODE_PARTS_H

#include "tr_node.h"

/* tr_node.c: frames and events */
void tr_put(tr_node_t *node, uint8_t type, uint16_t destination, uint32_t due_ms);
void tr_put_ack(tr_node_t *node, uint8_t type, uint16_t destination, uint16_t acked_version, uint32_t due_ms);
void tr_say(tr_node_t *node, uint8_t kind, uint16_t other, uint16_t value);
void tr_drop(tr_node_t *node, uint8_t reason, uint16_t source);
uint32_t tr_after_jitter(tr_node_t *node, uint32_t after_ms);

/* tr_node_receive.c: what each type of frame does */
void tr_dispatch(tr_node_t *node, const tr_frame_t *frame, uint32_t now_ms);

/* tr_node_join.c: the way to the root, requests and their answers */
bool tr_is_feasible(const tr_node_t *node, const tr_sync_t *sync);
bool tr_has_fresh_way(const tr_node_t *node, uint32_t now_ms);
void tr_follow(tr_node_t *node, const tr_sync_t *sync, uint32_t now_ms);
void tr_need_newer_way(tr_node_t *node, uint8_t vain_calls, uint32_t now_ms);
void tr_offer_way(tr_node_t *node, uint16_t to, tr_distance_t wanted, uint32_t now_ms);
void tr_look_for_better(tr_node_t *node, uint32_t now_ms);
void tr_consider(tr_node_t *node, uint8_t request, uint16_t source, uint8_t hop_count, uint32_t now_ms);
void tr_take_offer(tr_node_t *node, uint32_t now_ms);
bool tr_answers(tr_node_t *node, uint8_t request, uint16_t source);
void tr_join(tr_node_t *node, uint16_t parent, const tr_sync_t *sync, uint32_t now_ms);
void tr_lose_parent(tr_node_t *node, uint16_t why, uint32_t now_ms);
void tr_call_for_help(tr_node_t *node, uint32_t now_ms);
void tr_check_way(tr_node_t *node, uint32_t now_ms);
void tr_send_request(tr_node_t *node, uint8_t request, uint16_t destination, uint32_t due_ms);
void tr_end_request(tr_node_t *node);
void tr_no_answer(tr_node_t *node, uint32_t now_ms);

/* tr_node_rounds.c: rounds, reports and the children that make them */
void tr_start_root(tr_node_t *node, uint16_t version, uint32_t now_ms);
uint32_t tr_next_round_wait_ms(const tr_node_t *node, uint32_t now_ms);
void tr_start_round(tr_node_t *node, uint32_t now_ms);
void tr_seal(tr_node_t *node, uint32_t now_ms);
void tr_seal_if_complete(tr_node_t *node, uint32_t now_ms);
tr_child_t *tr_admit(tr_node_t *node, uint16_t id);
void tr_accept(tr_node_t *node, tr_child_t *child, uint8_t depth, const tr_received_items_t *items,
               uint32_t now_ms);
void tr_tell_depth(tr_node_t *node, uint32_t now_ms);
void tr_tell_grown_depth(tr_node_t *node, uint32_t now_ms);

#endif
