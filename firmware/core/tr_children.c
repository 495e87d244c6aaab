#include "tr_children.h"

#include <string.h>

#include "tr_bytes.h"
#include "tr_inline.h"
#include "tr_serial_number.h"

enum { ALL_ROUNDS = (1 << TR_HISTORY_ROUNDS) - 1 };

void tr_children_init(tr_children_t *children, uint16_t node_id, uint8_t capacity)
{
    children->node_id = node_id;
    children->capacity = capacity;
}

tr_child_t *tr_children_find(tr_children_t *children, uint16_t id)
{
    tr_child_t *child = children->children;
    for (uint8_t left = children->count; left > 0; left--, child++) {
        if (child->id == id)
            return child;
    }
    return NULL;
}

bool tr_children_has_room_for(tr_children_t *children, uint16_t id)
{
    return children->count < children->capacity || tr_children_find(children, id);
}

tr_child_t *tr_children_add(tr_children_t *children, uint16_t id, uint16_t expected_from)
{
    if (children->count == children->capacity)
        return NULL;
    tr_child_t *child = &children->children[children->count++];
    memset(child, 0, sizeof *child);
    child->id = id;
    child->expected_from = expected_from;
    child->history = ALL_ROUNDS;
    return child;
}

/* Makes place for so many aggregates of the child, instead of those that it had reported. NULL if there is
 * none. */
static tr_metric_aggregate_t *make_place(tr_children_t *children, tr_child_t *child, uint8_t aggregate_count)
{
    const uint8_t others = (uint8_t)(children->reported_count - child->aggregate_count);
    if (aggregate_count > TR_MAX_REPORTED - others)
        return NULL;
    tr_metric_aggregate_t *place = children->reported;
    for (const tr_child_t *before = children->children; before < child; before++)
        place += before->aggregate_count;
    const tr_metric_aggregate_t *after = place + child->aggregate_count;
    memmove(place + aggregate_count, after,
            (size_t)((char *)&children->reported[children->reported_count] - (char *)after));
    children->reported_count = (uint8_t)(others + aggregate_count);
    child->aggregate_count = aggregate_count;
    return place;
}

void tr_children_remove(tr_children_t *children, tr_child_t *child)
{
    make_place(children, child, 0);
    children->count--;
    memmove(child, child + 1, (size_t)((char *)&children->children[children->count] - (char *)child));
}

void tr_children_forget_all(tr_children_t *children)
{
    children->count = 0;
    children->reported_count = 0;
    children->link_count = 0;
}

uint8_t tr_children_depth(const tr_children_t *children)
{
    uint8_t depth = 0;
    const tr_child_t *child = children->children;
    for (uint8_t left = children->count; left > 0; left--, child++) {
        if (child->depth >= depth)
            depth = child->depth < UINT8_MAX ? (uint8_t)(child->depth + 1) : UINT8_MAX;
    }
    return depth;
}

TR_OUTLINE static bool has_arrived(const tr_child_t *child, uint16_t version)
{
    return child->has_report && child->version == version;
}

TR_OUTLINE static bool owes(const tr_child_t *child, uint16_t version)
{
    return !has_arrived(child, version) && !tr_version_is_newer(child->expected_from, version);
}

bool tr_children_are_owing(const tr_children_t *children, uint16_t version)
{
    const tr_child_t *child = children->children;
    for (uint8_t left = children->count; left > 0; left--, child++) {
        if (owes(child, version))
            return true;
    }
    return false;
}

/* --- links --- */

static void remove_link(tr_children_t *children, tr_link_t *link)
{
    children->link_count--;
    memmove(link, link + 1, (size_t)((char *)&children->links[children->link_count] - (char *)link));
}

static void hand_on(tr_children_t *children, uint16_t child, uint16_t parent, uint8_t quality)
{
    tr_link_t *link = children->links;
    for (uint8_t left = children->link_count; left > 0; left--) {
        if (link->child == child && link->parent == parent)
            remove_link(children, link);
        else
            link++;
    }
    if (children->link_count < TR_LINK_QUEUE) {
        children->link_count++;
        tr_link_set(link, child, parent, quality);
    }
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
    tr_child_t *child = children->children;
    while (items->link_count < TR_MAX_LINKS && children->link_count > 0) {
        items->links[items->link_count++] = children->links[0];
        remove_link(children, children->links);
    }
    for (uint8_t left = children->count; left > 0 && items->link_count < TR_MAX_LINKS; left--, child++) {
        if (!child->is_announced)
            tr_link_set(&items->links[items->link_count++], child->id, children->node_id, quality(child));
        child->is_announced = true;
    }
}

void tr_children_announce_all(tr_children_t *children)
{
    tr_child_t *child = children->children;
    for (uint8_t left = children->count; left > 0; left--, child++)
        child->is_announced = false;
}

/* --- reports --- */

bool tr_children_store(tr_children_t *children, tr_child_t *child, const tr_received_items_t *items)
{
    const uint16_t version = tr_items_version(items);
    tr_metric_aggregate_t *place = make_place(children, child, items->aggregate_count);
    if (!place)
        return false;
    for (uint8_t i = 0; i < items->aggregate_count; i++)
        tr_items_get_aggregate(items, i, place++);
    const uint8_t *link = tr_items_links(items);
    const uint8_t links = has_arrived(child, version) ? 0 : items->link_count;
    for (uint8_t left = links; left > 0; left--, link += TR_LINK_ITEM_BYTES)
        hand_on(children, tr_get_u16(link + 1), tr_get_u16(link + 3), link[5]);
    child->has_report = true;
    child->version = version;
    child->doubt = items->doubt;
    return true;
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
    const uint16_t id = child->id;
    tr_children_remove(children, child);
    hand_on(children, id, children->node_id, 0);
}

void tr_children_compose(tr_children_t *children, tr_items_t *items)
{
    const tr_metric_aggregate_t *reported = children->reported;
    const tr_child_t *child = children->children;
    for (uint8_t left = children->count; left > 0; left--, child++) {
        const bool counts = has_arrived(child, items->version);
        if (counts)
            items->doubt = tr_saturating_add(items->doubt, child->doubt);
        for (uint8_t i = 0; i < child->aggregate_count; i++, reported++) {
            if (counts)
                tr_items_merge(items, reported);
        }
    }
    take_links(children, items);
}
