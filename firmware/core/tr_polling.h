/*
 * A node of a polled network as a state machine without I/O or clock (PROTOCOL.md sections 4, 11 and 13): the
 * same machine as protocol/polling.py, timer for timer.
 *
 * The caller owns the memory, passes the time in (milliseconds, which may wrap), carries the frames out, and
 * answers TR_EVENT_MEASUREMENT_DUE by calling tr_polling_measure. After every call it takes the frames and
 * the events.
 */
#ifndef TR_POLLING_H
#define TR_POLLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tr_items.h"
#include "tr_peer_frames.h"
#include "tr_peer_node.h"
#include "tr_seam.h"

/* PROTOCOL.md 13.5. */
typedef struct tr_polling_timing {
    uint32_t period_ms; /* 1 to TR_MAX_PERIOD_MS */
    tr_ack_timeouts_t ack_timeouts;
    tr_peer_timing_t peers; /* its waits are 1 ms at least */
    uint16_t slow_ms;
    uint16_t beat_ms; /* 1 at least */
    uint16_t lease_ms;
    uint16_t stagger_ms;
    uint16_t jitter_ms;
    uint8_t tries;       /* 1 at least */
    uint8_t concurrency; /* 1 at least */
} tr_polling_timing_t;

typedef struct tr_polling_config {
    tr_peer_config_t peer;
    uint8_t first_metric;   /* of those that the node measures: it stands in a result without readings */
    uint16_t first_version; /* the first round of a network that nobody knows yet */
    tr_polling_timing_t timing;
} tr_polling_config_t;

/* What a primary knows of the peer in the same place of its table: its poll of the running round, and the
 * poll that is timed. */
typedef struct tr_polled {
    uint32_t sent_ms; /* the last poll */
    uint32_t timed_ms;
    uint16_t timed_version;
    uint8_t timed_attempt;
    uint8_t attempts;
    uint8_t flags; /* enum tr_polled_flag */
} tr_polled_t;

enum tr_polled_flag {
    TR_POLLED_IN_ROUND = 1,
    TR_POLLED_ANSWERED = 2,
    TR_POLLED_WAS_ANSWERED = 4, /* in the round before */
    TR_POLLED_SUSPECT = 8,      /* holds a place for a short time only */
    TR_POLLED_ONCE = 16,        /* one try */
    TR_POLLED_TIMED = 32,
};

/* The round that is polled. Until it has readings, duration and items are those of the last result, which
 * may not have been taken yet. */
typedef struct tr_polled_round {
    bool is_running;
    bool is_measured;
    bool has_answer;
    bool has_items;
    uint16_t version;
    uint32_t began_ms;
    uint32_t duration_ms;
    tr_items_t items;
} tr_polled_round_t;

/* What a standby was polled for last. */
typedef struct tr_asked {
    bool is_asked;
    bool has_readings;
    uint16_t primary;
    tr_poll_t poll;
} tr_asked_t;

/* To be read, not written, by others. What is short and often used comes first: an AVR reaches 64 bytes of a
 * struct at once. */
typedef struct tr_polling {
    const tr_polling_config_t *config;
    uint16_t primary;          /* whom the node follows, itself while it is the primary; TR_NO_NODE: nobody */
    uint16_t epoch;            /* TR_POLLING_NO_EPOCH: none yet */
    uint16_t version;          /* the newest that the node knows; it began at `began_ms` */
    uint16_t uncounted_rounds; /* since then, if that is long ago */
    uint32_t began_ms;
    uint32_t period_ms;
    uint32_t lease_end_ms;
    uint32_t takeover_jitter_ms;
    uint32_t hello_ms;
    uint32_t hello_wait_ms;
    /* A primary's: since when it is one, when its last beat was sent and the next is due, when it was last
     * answered. */
    uint32_t primary_since_ms;
    uint32_t beat_sent_ms;
    uint32_t beat_ms;
    uint32_t answered_ms;
    uint8_t places; /* polls that may wait at a time */
    uint8_t calm_rounds;
    uint8_t heir_count;
    uint16_t heirs[TR_MAX_HEIRS]; /* of the last beat that was followed and named any */
    tr_asked_t asked;
    tr_pairs_t readings; /* a standby's own for what it was asked; a primary's: those heard last */
    tr_polled_round_t round;
    tr_peer_node_t base;
    tr_polled_t polled[TR_MAX_PEERS];
} tr_polling_t;

/* A config with the default timing. */
tr_polling_config_t tr_polling_config_default(uint16_t node_id, uint32_t seed);

/* `config` must outlive the node. Returns 0 or TR_ERROR_CONFIG. */
int tr_polling_init(tr_polling_t *node, const tr_polling_config_t *config, uint32_t now_ms);

/* One received frame. Whatever the bytes are, they do no harm: they become TR_EVENT_FRAME_DROPPED. */
void tr_polling_receive(tr_polling_t *node, const uint8_t *bytes, size_t length, uint32_t now_ms);

/* Does what is due; harmless when nothing is. To be called at least once in 2^30 ms (12 days). */
void tr_polling_handle_timer(tr_polling_t *node, uint32_t now_ms);

/* The readings of round `version`, a metric once; a metric without one is left out. False when it is too
 * late. */
bool tr_polling_measure(tr_polling_t *node, uint16_t version, const tr_reading_t *readings, uint8_t count,
                        uint32_t now_ms);

/* Says GOODBYE with the next frames, and nothing else from now on. */
void tr_polling_leave(tr_polling_t *node, uint32_t now_ms);

/* How long until tr_polling_handle_timer and tr_polling_next_frame must be called again; TR_FOREVER_MS: no
 * need. */
uint32_t tr_polling_wait_ms(const tr_polling_t *node, uint32_t now_ms);

/* The next frame that is due, in `bytes`, which hold at least TR_MAX_FRAME_BYTES. Returns its length, 0 when
 * none is due, or TR_ERROR_CAPACITY. */
int tr_polling_next_frame(tr_polling_t *node, uint32_t now_ms, uint8_t *bytes, size_t capacity,
                          enum tr_link_name *link);

/* What happened, oldest first. False when there is nothing more. */
bool tr_polling_next_event(tr_polling_t *node, tr_event_t *event);

#endif
