#include "tr_round.h"

#include <string.h>

#include "tr_inline.h"

TR_OUTLINE void tr_round_begin(tr_round_t *round, uint16_t version)
{
    memset(round, 0, sizeof *round);
    round->items.version = version;
    round->sent_to = TR_NO_NODE;
}

TR_OUTLINE bool tr_round_is_undelivered(const tr_round_t *round)
{
    return round->has_report && !round->is_acked;
}

TR_OUTLINE uint16_t tr_round_doubt_for(tr_round_t *round, uint16_t destination)
{
    uint16_t counted = 0;
    if (round->sent_to == TR_NO_NODE)
        round->sent_to = destination;
    if (round->sent_to != destination)
        round->is_in_doubt = true;
    if (!round->is_in_doubt)
        return round->items.doubt;
    const tr_metric_aggregate_t *counts = round->items.aggregates;
    for (uint8_t left = round->items.aggregate_count; left > 0; left--, counts++) {
        if (counts->aggregate.count > counted)
            counted = counts->aggregate.count;
    }
    return counted;
}
