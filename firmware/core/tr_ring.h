/*
 * A node of a token ring as a state machine without I/O or clock: the seam of PROTOCOL.md section 4, and the
 * same machine as protocol/token_ring.py, timer for timer.
 *
 * The caller owns the memory, passes the time in (milliseconds, which may wrap), carries the frames out, and
 * answers TR_EVENT_MEASUREMENT_DUE by calling tr_ring_measure. After every call it takes the frames and the
 * events. Until the next call these tell more of the events:
 *
 *   TOKEN_TAKEN       the frame just received
 *   TOKEN_MADE        `held` is the token, `former` the one that it parted from
 *   TOKEN_PASSED      `held`, under the name that it has at the next node
 *   TOKEN_DROPPED     `former` was given up for `newest`
 *   READINGS_ADDED    `added`
 *   ROUND_FINISHED, RESULT_LEARNED   `result`
 */
#ifndef TR_RING_H
#define TR_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tr_peer_node.h"
#include "tr_round_trip.h"
#include "tr_timer.h"
#include "tr_token.h"

/* PROTOCOL.md 12.7. */
typedef struct tr_ring_timing {
    uint32_t period_ms; /* 1 to TR_MAX_PERIOD_MS */
    tr_ack_timeouts_t ack_timeouts;
    uint8_t tries;            /* at most TR_RING_MOST_TRIES */
    uint16_t measure_wait_ms; /* at most TR_LONGEST_ACK_TIMEOUT_MS */
    uint16_t jitter_ms;
    uint16_t first_jitter_ms;
    uint16_t first_delay_ms;
    uint16_t claim_least_ms;
    uint16_t listen_ms;
    tr_peer_timing_t peers;
} tr_ring_timing_t;

/* Doubled so often, an ack timeout still is far below 2^31 ms. */
#define TR_RING_MOST_TRIES 8u

typedef struct tr_ring_config {
    tr_peer_config_t peer;
    uint8_t metric_count; /* what its sensors measure */
    uint8_t metrics[TR_MAX_PAIRS];
    bool readings_asked;    /* this node wants to hear everybody's readings */
    uint16_t first_version; /* the first round of a ring that begins with this node */
    tr_ring_timing_t timing;
} tr_ring_config_t;

/* What a node does with the token. */
enum tr_ring_phase {
    TR_RING_NONE, /* it has none */
    TR_RING_MEASURING,
    TR_RING_PASSING, /* waits for its successor's sign */
    TR_RING_MUSTERING,
    TR_RING_RESTING, /* waits for the next round */
};

/* The result that was found or learned last. */
typedef struct tr_ring_result {
    bool is_known;
    uint16_t version;
    uint32_t duration_ms; /* of a round of this node */
    uint8_t items_bytes;
    uint8_t items[TR_MAX_AGGREGATES * TR_TOKEN_AGGREGATE_BYTES]; /* aggregates, as in a frame */
} tr_ring_result_t;

/* When a token that gives no sign is taken for lost (12.5). */
typedef struct tr_ring_watch {
    uint32_t expected_ms; /* the next sign */
    uint32_t patience_ms; /* how much later the token is taken for lost */
    uint32_t delay_ms;    /* how late signs were */
    uint32_t peak_ms;     /* since the last visit */
} tr_ring_watch_t;

/* To be read, not written, by others. What is small stands first: an AVR reads the 64 bytes from a pointer on
 * with short instructions. */
typedef struct tr_ring {
    const tr_ring_config_t *config;
    uint32_t now_ms; /* of the call that is under way */
    uint8_t phase;   /* enum tr_ring_phase */
    bool is_holder;
    bool must_sign;
    bool is_claiming;
    bool has_begun;   /* a round: `begun_version` was the last, at `begun_ms` */
    bool has_added;   /* its readings to a token: to `added` last, of `added_version` */
    bool has_own;     /* readings: `own` are the last, of `own_version` */
    bool has_shown;   /* readings on a token: those of `shown_version` last */
    uint16_t version; /* the newest known */
    uint16_t visited_version;
    uint16_t begun_version;
    uint16_t added_version;
    uint16_t own_version;
    uint16_t shown_version;
    uint16_t claim_epoch;
    uint16_t passed_over; /* to be told with the next sign */
    uint16_t last_holder;

    /* The pass. `usual` are of the last successor that was measured. */
    uint16_t successor;
    uint16_t usual_timeout_ms;
    uint16_t usual_way_ms; /* 0: none was measured yet */
    uint8_t tries;
    uint8_t silent;    /* successors passed over since the last that was not; it stops at 255 */
    uint32_t began_ms; /* the round of the held token */
    tr_timer_t phase_end;
    tr_timer_t hello;
    tr_timer_t muster; /* who is not heard until then is absent */
    uint16_t hello_wait_ms;
    uint32_t first_sent_ms;
    uint32_t try_ms;
    uint32_t begun_ms;
    uint32_t quiet_ms;     /* until then the token may rest */
    uint32_t adds_from_ms; /* to an older round it may have added its readings before it started (12.4) */
    uint32_t measuring_ms; /* since when */
    uint32_t claim_ms;
    uint32_t claim_again_ms;
    uint32_t visits;
    tr_ring_watch_t watch;
    tr_round_trip_t sensor;
    tr_ack_timeouts_t sensor_timeouts;
    tr_token_id_t newest; /* known */
    tr_token_id_t former;
    tr_token_id_t added;
    tr_pairs_t own;
    tr_token_t held;
    tr_ring_result_t result;
    uint8_t passed_count; /* nodes whose readings went past their home once */
    uint16_t passed[TR_TOKEN_MOST_NODES];
    tr_peer_node_t node;
} tr_ring_t;

/* A config with the default timing, for a node that measures metric 0. */
tr_ring_config_t tr_ring_config_default(uint16_t node_id, uint32_t seed);

/* `config` must outlive the node. Returns 0 or TR_ERROR_CONFIG. */
int tr_ring_init(tr_ring_t *ring, const tr_ring_config_t *config, uint32_t now_ms);

/* One received frame. Whatever the bytes are, they do no harm: they become TR_EVENT_FRAME_DROPPED. */
void tr_ring_receive(tr_ring_t *ring, const uint8_t *bytes, size_t length, uint32_t now_ms);

/* Does what is due; harmless when nothing is. To be called at least once in 2^30 ms (12 days). */
void tr_ring_handle_timer(tr_ring_t *ring, uint32_t now_ms);

/* The readings of round `version`, a metric once; a metric without one is left out. False when it is too
 * late.
 */
bool tr_ring_measure(tr_ring_t *ring, uint16_t version, const tr_reading_t *readings, uint8_t count,
                     uint32_t now_ms);

/* The node leaves on purpose: it has GOODBYE to send, and does nothing else from now on. A token that it
 * holds is lost. */
void tr_ring_leave(tr_ring_t *ring, uint32_t now_ms);

/* How long until tr_ring_handle_timer and tr_ring_next_frame must be called again; TR_FOREVER_MS: no need. */
uint32_t tr_ring_wait_ms(const tr_ring_t *ring, uint32_t now_ms);

/* The next frame that is due, in `bytes`, which hold at least TR_MAX_FRAME_BYTES. Returns its length, 0 when
 * none is due, or TR_ERROR_CAPACITY. */
int tr_ring_next_frame(tr_ring_t *ring, uint32_t now_ms, uint8_t *bytes, size_t capacity,
                       enum tr_link_name *link);

/* What happened, oldest first. False when there is nothing more. */
bool tr_ring_next_event(tr_ring_t *ring, tr_event_t *event);

#endif
