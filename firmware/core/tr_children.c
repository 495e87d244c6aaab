#include "tr_children.h"

#include <string.h>

#include "tr_serial_number.h"

enum { ALL_ROUNDS = (1 << TR_HISTORY_ROUNDS) - 1 };

void tr_children_init(tr_children_t *children, uint16_t node_id, uint8_t capacity)
{
    memset(children, 0, sizeof *children);
    children->node_id = node_id;
    children->capacity = capacity;
}

tr_child_t *tr_children_find(tr_children_t *children, uint16_t id)
{
    for (uint8_t i = 0; i < children->count; i++) {
        if (children->children[i].id == id)
            return &children->children[i];
    }
    return NULL;
}

bool tr_children_has_room_for(tr_children_t *children, uint16_t id)
{
    return children->count < children->capacity || tr_children_find(children, id);
}

tr_child_t *tr_children_add(tr_children_t *children, uint16_t id, uint16_t expected_from)
{
    tr_child_t *child = &children->children[children->count++];
    memset(child, 0, sizeof *child);
    child->id = id;
    child->expected_from = expected_from;
    child->history = ALL_ROUNDS;
    return child;
}

void tr_children_remove(tr_children_t *children, tr_child_t *child)
{
    children->count--;
    memmove(child, child + 1, (size_t)(&children->children[children->count] - child) * sizeof *child);
}

void tr_children_forget_all(tr_children_t *children)
{
    children->count = 0;
    children->link_count = 0;
}

uint8_t tr_children_depth(const tr_children_t *children)
{
    uint8_t depth = 0;
    for (uint8_t i = 0; i < children->count; i++) {
        const uint8_t below = children->children[i].depth;
        if (below >= depth)
            depth = below < UINT8_MAX ? (uint8_t)(below + 1) : UINT8_MAX;
    }
    return depth;
}

static bool has_arrived(const tr_child_t *child, uint16_t version)
{
    return child->has_report && child->version == version;
}

static bool owes(const tr_child_t *child, uint16_t version)
{
    return !has_arrived(child, version) && !tr_version_is_newer(child->expected_from, version);
}

bool tr_children_are_owing(const tr_children_t *children, uint16_t version)
{
    for (uint8_t i = 0; i < children->count; i++) {
        if (owes(&children->children[i], version))
            return true;
    }
    return false;
}

/* --- links --- */

static void remove_links(tr_children_t *children, uint8_t place, uint8_t count)
{
    children->link_count = (uint8_t)(children->link_count - count);
    memmove(&children->links[place], &children->links[place + count],
            (size_t)(children->link_count - place) * sizeof *children->links);
}

static void hand_on(tr_children_t *children, const tr_link_t *link)
{
    for (uint8_t i = 0; i < children->link_count; i++) {
        if (children->links[i].child == link->child && children->links[i].parent == link->parent) {
            remove_links(children, i, 1);
            break; /* there is one at most */
        }
    }
    if (children->link_count < TR_LINK_QUEUE)
        children->links[children->link_count++] = *link;
}

/* The share of the rounds that arrived, at least 1. */
static uint8_t quality(const tr_child_t *child)
{
    uint16_t arrived = 0;
    for (uint8_t bits = child->history; bits; bits >>= 1)
        arrived = (uint16_t)(arrived + (bits & 1));
    const uint8_t share = (uint8_t)(arrived * TR_FULL_QUALITY / TR_HISTORY_ROUNDS);
    return share ? share : 1;
}

static void take_links(tr_children_t *children, tr_items_t *items)
{
    items->link_count = children->link_count < TR_MAX_LINKS ? children->link_count : TR_MAX_LINKS;
    memcpy(items->links, children->links, items->link_count * sizeof *items->links);
    remove_links(children, 0, items->link_count);
    for (uint8_t i = 0; i < children->count && items->link_count < TR_MAX_LINKS; i++) {
        tr_child_t *child = &children->children[i];
        if (child->is_announced)
            continue;
        child->is_announced = true;
        tr_link_t *link = &items->links[items->link_count++];
        link->child = child->id;
        link->parent = children->node_id;
        link->quality = quality(child);
    }
}

void tr_children_announce_all(tr_children_t *children)
{
    for (uint8_t i = 0; i < children->count; i++)
        children->children[i].is_announced = false;
}

/* --- reports --- */

void tr_children_store(tr_children_t *children, tr_child_t *child, const tr_received_items_t *items)
{
    const uint16_t version = tr_items_version(items);
    for (uint8_t i = 0; i < items->link_count && !has_arrived(child, version); i++) {
        tr_link_t link;
        tr_items_get_link(items, i, &link);
        hand_on(children, &link);
    }
    child->has_report = true;
    child->version = version;
    child->doubt = items->doubt;
    child->aggregate_count = items->aggregate_count;
    for (uint8_t i = 0; i < items->aggregate_count; i++)
        tr_items_get_aggregate(items, i, &child->aggregates[i]);
}

bool tr_children_close_round(tr_children_t *children, tr_child_t *child, uint16_t version, uint8_t limit)
{
    const bool arrived = has_arrived(child, version);
    const bool missed = owes(child, version);
    if (arrived || missed)
        child->history = (uint8_t)(child->history << 1 | arrived);
    if (arrived && (uint16_t)(version + children->node_id) % TR_RENEWAL_ROUNDS == 0)
        child->is_announced = false;
    if (missed)
        child->missed_rounds++;
    return missed && child->missed_rounds >= limit;
}

void tr_children_give_up(tr_children_t *children, tr_child_t *child)
{
    const tr_link_t gone = {.child = child->id, .parent = children->node_id, .quality = 0};
    tr_children_remove(children, child);
    hand_on(children, &gone);
}

void tr_children_compose(tr_children_t *children, tr_items_t *items)
{
    for (uint8_t i = 0; i < children->count; i++) {
        const tr_child_t *child = &children->children[i];
        if (!has_arrived(child, items->version))
            continue;
        items->doubt = tr_saturating_add(items->doubt, child->doubt);
        for (uint8_t j = 0; j < child->aggregate_count; j++)
            tr_items_merge(items, &child->aggregates[j]);
    }
    take_links(children, items);
}
