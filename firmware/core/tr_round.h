/* A node's running round, and whether its report may be counted twice (PROTOCOL.md 6.2, 6.3). */
#ifndef TR_ROUND_H
#define TR_ROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "tr_items.h"

typedef struct tr_round {
    bool has_readings;
    bool has_report;
    bool is_acked;
    bool is_in_doubt;
    uint16_t sent_to;     /* whom the report went to first; TR_NO_NODE: nobody */
    uint32_t duration_ms; /* the root's: until the result */
    tr_items_t
        items; /* its version is the round's; the node's own readings until the report is put together */
} tr_round_t;

void tr_round_begin(tr_round_t *round, uint16_t version);

/* Whether there is a report that no parent has acknowledged. */
bool tr_round_is_undelivered(const tr_round_t *round);

/* The doubt of the report when it is sent to that node; one that went to another before is in doubt as a
 * whole. */
uint16_t tr_round_doubt_for(tr_round_t *round, uint16_t destination);

#endif
