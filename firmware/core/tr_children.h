/* A parent's children and the accounting of their reports (PROTOCOL.md 6.2 to 6.5). */
#ifndef TR_CHILDREN_H
#define TR_CHILDREN_H

#include <stdbool.h>
#include <stdint.h>

#include "tr_config.h"
#include "tr_constants.h"
#include "tr_items.h"

typedef struct tr_child {
    uint16_t id;
    uint16_t expected_from; /* the first round that it owes */
    uint16_t version;       /* the round of its report, if it has one */
    uint16_t doubt;
    uint8_t depth;
    uint8_t missed_rounds;
    uint8_t history; /* a bit a round, newest lowest: whether its report arrived */
    uint8_t aggregate_count;
    bool has_report : 1;
    bool is_announced : 1; /* the next reports need not tell of it */
} tr_child_t;

/* In the order they came; what they reported in the same order; and the links to hand on. */
typedef struct tr_children {
    uint16_t node_id; /* the parent */
    uint8_t capacity;
    uint8_t count;
    uint8_t reported_count;
    uint8_t link_count;
    tr_child_t children[TR_MAX_CHILDREN];
    tr_metric_aggregate_t reported[TR_MAX_REPORTED];
    tr_link_t links[TR_LINK_QUEUE];
} tr_children_t;

/* `children` is all zero. */
void tr_children_init(tr_children_t *children, uint16_t node_id, uint8_t capacity);

/* That child, or NULL. */
tr_child_t *tr_children_find(tr_children_t *children, uint16_t id);

/* Whether the node is a child or could become one. */
bool tr_children_has_room_for(tr_children_t *children, uint16_t id);

/* A new child, or NULL: there is no room. */
tr_child_t *tr_children_add(tr_children_t *children, uint16_t id, uint16_t expected_from);

/* It is a child no more. */
void tr_children_remove(tr_children_t *children, tr_child_t *child);

/* No children and nothing to hand on. */
void tr_children_forget_all(tr_children_t *children);

/* Hops to the furthest leaf; 0 without children. */
uint8_t tr_children_depth(const tr_children_t *children);

/* Whether any child still owes its report of that round. */
bool tr_children_are_owing(const tr_children_t *children, uint16_t version);

/* Lets a report with aggregates stand for the child in its round; its links are handed on once. False if
 * there is no place for its aggregates: then nothing has changed. */
bool tr_children_store(tr_children_t *children, tr_child_t *child, const tr_received_items_t *items);

/* Keeps the child's books of a round that is over. True if it has missed `limit` rounds. */
bool tr_children_close_round(tr_children_t *children, tr_child_t *child, uint16_t version, uint8_t limit);

/* Gives a child up, and hands that on. */
void tr_children_give_up(tr_children_t *children, tr_child_t *child);

/* Adds the children's reports of the items' round to `items`, and the links that are to be handed on. */
void tr_children_compose(tr_children_t *children, tr_items_t *items);

/* Tells of every child again: the report that told of them may not have arrived. */
void tr_children_announce_all(tr_children_t *children);

#endif
