/*
 * A sink-tree node as a state machine without I/O or clock: the seam of PROTOCOL.md section 4, and the same
 * machine as protocol/sink_tree.py, timer for timer.
 *
 * The caller owns the memory, passes the time in (milliseconds, which may wrap), carries the frames out, and
 * answers TR_EVENT_MEASUREMENT_DUE by calling tr_node_measure. After every call it takes the frames and the
 * events.
 */
#ifndef TR_NODE_H
#define TR_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tr_children.h"
#include "tr_events.h"
#include "tr_jitter.h"
#include "tr_outbox.h"
#include "tr_parent_link.h"
#include "tr_round.h"
#include "tr_seam.h"
#include "tr_timer.h"
#include "tr_timing.h"
#include "tr_way.h"

/* PROTOCOL.md 5.1. The root is joined from the start. */
enum tr_state {
    TR_STATE_SEEKING,
    TR_STATE_JOINING,
    TR_STATE_JOINED,
    TR_STATE_LEFT, /* for good, by tr_node_leave */
};

/* A node's timers, in the order in which they are served. */
enum tr_timer_name {
    TR_CHILD_WAIT,
    TR_ACK_WAIT,
    TR_LEAF_WAIT,
    TR_OFFER_WAIT, /* while joined: until looking for a better parent ends */
    TR_HELP_WAIT,
    TR_TIMERS,
};

typedef struct tr_node_config {
    uint16_t node_id; /* 0 to TR_MAX_NODE_ID */
    bool is_root;
    uint8_t max_children;   /* 0 to TR_MAX_CHILDREN */
    uint8_t first_metric;   /* of those that the node measures: it stands in a report without readings */
    uint16_t first_version; /* the root's first round */
    uint32_t first_counter; /* must not repeat recent ones after a restart: a random number of 24 bits */
    uint32_t seed;          /* drives the jitter only */
#if !TR_FIXED_TIMING
    tr_timing_t timing;
#endif
} tr_node_config_t;

/* The best way to the root that was offered within the offer window. */
typedef struct tr_offer {
    uint16_t cost;
    uint16_t source; /* while joining: whom the request went to */
    uint8_t request; /* asks for it; 0: there is no offer */
} tr_offer_t;

/* The frame that is being received. */
typedef struct tr_heard {
    uint16_t source;
    const uint8_t *payload;
    tr_way_t way;              /* of the sender, if it tells it: HELP and LOOK tell the distance alone */
    bool is_feasible;          /* that way */
    tr_received_items_t items; /* of a report */
} tr_heard_t;

/* To be read, not written, by others. What is small stands first: an AVR reads the 64 bytes from a pointer on
 * with short instructions. */
typedef struct tr_node {
    uint32_t now_ms; /* of the call that is under way */
    bool is_root;
    uint8_t first_metric;
    uint8_t state;   /* enum tr_state */
    uint16_t parent; /* TR_NO_NODE: none, as for the root */
    bool request_bears_report;
    bool parent_has_called; /* for help, since it last acknowledged */
    /* The request that waits for an answer: DISC_ACK or HELP_ACK_DATA while joining, DATA once joined; or 0.
     */
    uint8_t request;
    uint8_t told_depth;
    uint8_t vain_calls;  /* for help that only a newer way could give; at most TR_VAIN_CALLS */
    uint16_t unanswered; /* tries; those of DATA count on over rounds, until the parent answers any */
    uint16_t help_wait_ms;
    tr_offer_t offer;
    tr_way_t way; /* with it comes the round; hop count TR_NO_HOP_COUNT: there is none */
    tr_heard_t heard;
    uint32_t data_sent_ms; /* when the request was sent, or will be */
    tr_round_t round;
    tr_children_t children;
    tr_timer_t timers[TR_TIMERS];
    tr_parent_link_t link;
    tr_jitter_t jitter;
    uint32_t counter;
    bool has_heard_version;
    uint16_t heard_version; /* by a root that was restarted */
    tr_outbox_t outbox;
    tr_events_t events;
#if !TR_FIXED_TIMING
    tr_timing_t timing;
#endif
} tr_node_t;

/* A config with the default timing, for a node that is not the root. */
tr_node_config_t tr_node_config_default(uint16_t node_id, uint32_t seed);

/* Returns 0 or TR_ERROR_CONFIG. */
int tr_node_init(tr_node_t *node, const tr_node_config_t *config, uint32_t now_ms);

/* One received frame. Whatever the bytes are, they do no harm: they become TR_EVENT_FRAME_DROPPED. */
void tr_node_receive(tr_node_t *node, const uint8_t *bytes, size_t length, uint32_t now_ms);

/* Does what is due; harmless when nothing is. To be called at least once in 2^31 ms (24 days). */
void tr_node_handle_timer(tr_node_t *node, uint32_t now_ms);

/* The readings of round `version`, a metric once; a metric without one is left out. False when it is too
 * late. */
bool tr_node_measure(tr_node_t *node, uint16_t version, const tr_reading_t *readings, uint8_t count,
                     uint32_t now_ms);

/* Says GOODBYE with the next frame, and nothing else from now on. */
void tr_node_leave(tr_node_t *node, uint32_t now_ms);

/* How long until tr_node_handle_timer and tr_node_next_frame must be called again; TR_FOREVER_MS: no need. */
uint32_t tr_node_wait_ms(const tr_node_t *node, uint32_t now_ms);

/* The next frame that is due, in `bytes`, which hold at least TR_MAX_FRAME_BYTES. Returns its length, 0 when
 * none is due, or TR_ERROR_CAPACITY. */
int tr_node_next_frame(tr_node_t *node, uint32_t now_ms, uint8_t *bytes, size_t capacity,
                       enum tr_link_name *link);

/* What happened, oldest first. False when there is nothing more. */
bool tr_node_next_event(tr_node_t *node, tr_event_t *event);

#endif
