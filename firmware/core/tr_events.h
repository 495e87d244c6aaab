/* What happened to a node, oldest first (PROTOCOL.md section 4). */
#ifndef TR_EVENTS_H
#define TR_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "tr_config.h"

enum tr_event_kind {
    TR_EVENT_JOINED = 1,      /* node: the parent; value: the own hop count */
    TR_EVENT_PARENT_LOST,     /* node: the parent; value: enum tr_why */
    TR_EVENT_CHILD_JOINED,    /* node */
    TR_EVENT_CHILD_LOST,      /* node */
    TR_EVENT_MEASUREMENT_DUE, /* value: the version for tr_node_measure */
    TR_EVENT_REPORT_ACCEPTED, /* node: the child; value: the version */
    TR_EVENT_REPORT_SEALED,   /* value: the version of the own report that was put together */
    TR_EVENT_ROUND_FINISHED, /* value: the version; the root's result is in node->round until the next call */
    TR_EVENT_FRAME_DROPPED,  /* node: the source, or TR_NO_NODE; value: enum tr_drop_reason */

    /* Rings and polled networks. */
    TR_EVENT_PEER_FOUND,     /* node: the peer, as in the next one */
    TR_EVENT_PEER_LOST,      /* value: enum tr_why */
    TR_EVENT_READINGS_HEARD, /* node: whose; value: the version */

    /* Rings. The tokens are those of tr_ring_t until the next call; tr_ring.h says which. */
    TR_EVENT_TOKEN_TAKEN,    /* node: the previous holder; value: the version */
    TR_EVENT_TOKEN_MADE,     /* value: 1 if it parted from another, 0 after a loss */
    TR_EVENT_TOKEN_PASSED,   /* node: the successor */
    TR_EVENT_TOKEN_DROPPED,  /* for a newer one */
    TR_EVENT_READINGS_ADDED, /* value: the version */
    TR_EVENT_TURN_FINISHED,  /* node: the turn; value: the version */
    TR_EVENT_CLAIM_MADE,     /* value: the epoch */
    TR_EVENT_RESULT_LEARNED, /* value: the version */

    /* Polled networks. The readings heard are in tr_polling_t until the next call. */
    TR_EVENT_BECAME_PRIMARY, /* value: the epoch */
    TR_EVENT_STEPPED_DOWN,   /* node: enum tr_why; value: the epoch */
    TR_EVENT_PEER_MISSING,   /* node; value: the version */
};

/* Why a parent or a peer was lost, or a primary is none any more. */
enum tr_why {
    TR_WHY_STARTED_ANEW = 1,
    TR_WHY_STALE,
    TR_WHY_NO_ANSWER,
    TR_WHY_NO_WAY,
    TR_WHY_FINDS_NONE, /* it calls for help again and again */
    TR_WHY_BETTER,     /* there is a better one */
    TR_WHY_SILENT,     /* for two periods and a lease */
    TR_WHY_MISSED,     /* in TR_POLLING_ABSENT_MISSES rounds */
    TR_WHY_LEASE_OVER,
    TR_WHY_STOPPED,       /* its own lease ran out meanwhile */
    TR_WHY_OTHER_PRIMARY, /* of the epoch that the node knows now */
    TR_WHY_NOBODY_ANSWERS,
    TR_WHY_GOODBYE,
    TR_WHY_UNHEARD,     /* for many visits of the token */
    TR_WHY_NO_SIGN,     /* of the token, after all tries */
    TR_WHY_PASSED_OVER, /* by somebody else */
    TR_WHY_NO_MUSTER,   /* answered */
    TR_WHY_HAD_TOKEN,   /* when it was lost */
};

typedef struct tr_event {
    uint8_t kind; /* enum tr_event_kind */
    uint16_t node;
    uint16_t value;
} tr_event_t;

/* In the order they came; when there is no room the oldest gives way. All zero is empty. */
typedef struct tr_events {
    uint16_t count;
    tr_event_t waiting[TR_MAX_EVENTS];
} tr_events_t;

void tr_events_put(tr_events_t *events, uint8_t kind, uint16_t node, uint16_t value);

/* Takes the oldest. False when there is none. */
bool tr_events_take(tr_events_t *events, tr_event_t *taken);

#endif
