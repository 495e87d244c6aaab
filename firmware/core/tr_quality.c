#include "tr_quality.h"

#include <string.h>

#include "tr_constants.h"

/* A node that is not known begins with a counter that says nothing of frames before. */
static tr_quality_node_t *place_of(tr_quality_t *quality, uint16_t source, uint32_t counter)
{
    tr_quality_node_t node = {.id = source, .newest = (counter - 1) & TR_MAX_U24};
    uint8_t at = 0;
    while (at < quality->count && quality->nodes[at].id != source)
        at++;
    if (at < quality->count)
        node = quality->nodes[at];
    else if (quality->count < TR_MAX_HEARD)
        quality->count++;
    else
        at--;
    memmove(quality->nodes + 1, quality->nodes, at * sizeof *quality->nodes);
    quality->nodes[0] = node;
    return quality->nodes;
}

static uint8_t bits_of(uint32_t set)
{
    uint8_t count = 0;
    for (; set; set &= set - 1)
        count++;
    return count;
}

uint8_t tr_quality_heard(tr_quality_t *quality, uint16_t source, uint32_t counter)
{
    tr_quality_node_t *node = place_of(quality, source, counter);
    const uint32_t ahead = (counter - node->newest) & TR_MAX_U24;
    const uint32_t behind = (node->newest - counter) & TR_MAX_U24;
    if (behind < TR_QUALITY_FRAMES) {
        if (behind < node->sent)
            node->heard |= UINT32_C(1) << behind;
    } else if (ahead <= TR_MAX_U24 / 2) {
        node->heard = ahead < TR_QUALITY_FRAMES ? node->heard << ahead | 1 : 1;
        node->sent =
            (uint8_t)(ahead < TR_QUALITY_FRAMES - node->sent ? node->sent + ahead : TR_QUALITY_FRAMES);
        node->newest = counter;
    } else {
        *node = (tr_quality_node_t){source, counter, 1, 1}; /* it has started anew */
    }
    const uint8_t share = (uint8_t)(TR_FULL_QUALITY * bits_of(node->heard) / node->sent);
    return share ? share : 1;
}
