/*
 * What stands between a node and its links (PROTOCOL.md section 10; as
 * protocol/endpoint.py). The node knows nothing of keys.
 *
 * The caller owns the memory, passes the time in, and keeps keys and long counter in non-volatile memory. A
 * received frame goes through tr_seal_open before the node's _receive, a frame of the node's _next_frame
 * through tr_seal_close before it is sent; and tr_seal_next_frame has frames of its own.
 */
#ifndef TR_SEAL_H
#define TR_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tr_ccm.h"
#include "tr_constants.h"
#include "tr_jitter.h"
#include "tr_long_counter.h"
#include "tr_senders.h"

/* PROTOCOL.md 10.4. */
enum tr_key {
    TR_KEY_NETWORK,
    TR_KEY_NEXT_NETWORK,
    TR_KEY_NODE,
};

enum {
    TR_KEY_BYTES = 16,
    TR_MAX_GATEWAYS = 2,
    TR_MAX_QUESTIONS = 1 + TR_MAX_CHALLENGES + TR_MAX_RESPONSES, /* one asks all */
};

typedef struct tr_seal_config {
    uint16_t node_id;
    bool is_open;   /* a network without keys: frames are only numbered */
    bool overhears; /* the node has a use for frames for others: rings, polled networks */
    uint8_t gateway_count;
    uint16_t gateways[TR_MAX_GATEWAYS]; /* who may be root; none: anybody */
    uint32_t seed;                      /* drives the jitter only */
    uint8_t first[TR_NUMBER_BYTES];     /* the first number that is not reserved, or a life drawn at random */
    void *context;                      /* of the functions below */
    /* Copies a key. False: there is no such key. */
    bool (*read_key)(void *context, enum tr_key which, uint8_t *key);
    /* The next network key is the network key from now on, and the former is forgotten. */
    void (*begin_epoch)(void *context);
    tr_reserve_t reserve;
} tr_seal_config_t;

/* A CHALLENGE or a RESPONSE. */
typedef struct tr_question {
    uint8_t type;   /* of the frame, with TR_SEALED_BIT once it is sent; 0: the place is free */
    uint16_t peer;  /* whom it goes to */
    uint32_t at_ms; /* it is to be sent, or was sent */
    uint8_t number[TR_NUMBER_BYTES]; /* of the CHALLENGE, once it is sent or received */
} tr_question_t;

/* To be read, not written, by others. */
typedef struct tr_seal {
    const tr_seal_config_t *config;
    uint32_t now_ms;                   /* of the call that runs */
    uint8_t nonce[TR_CCM_NONCE_BYTES]; /* of the frame or letter in hand: source, number, and zeros */
    tr_long_counter_t counter;
    tr_jitter_t jitter;
    uint16_t pause_ms; /* for so long a CHALLENGE that nobody answers has its place */
    tr_question_t questions[TR_MAX_QUESTIONS];
    tr_sender_t senders[TR_MAX_SENDERS];
} tr_seal_t;

/* `config` must outlive the seal. The node itself begins TR_INTRODUCTION_MS later; frames for it are of no
 * use before (TR_DROP_STATE). */
void tr_seal_init(tr_seal_t *seal, const tr_seal_config_t *config, uint32_t now_ms);

/* Opens a received frame in place; the buffer holds at least TR_MAX_FRAME_BYTES. Returns the length of an
 * open frame that is for the node; 0: there is nothing for it; or a negative drop reason. */
int tr_seal_open(tr_seal_t *seal, uint8_t *frame, size_t length, uint32_t now_ms);

/* Numbers and seals the node's own open frame in place; the buffer holds at least TR_MAX_FRAME_BYTES. Returns
 * its length; 0: no number could be reserved, and the frame must not be sent. */
uint8_t tr_seal_close(tr_seal_t *seal, uint8_t *frame, uint8_t length);

/* How long until tr_seal_next_frame must be called again; TR_FOREVER_MS: no need. */
uint32_t tr_seal_wait_ms(const tr_seal_t *seal, uint32_t now_ms);

/* The next sealed frame of its own that is due, for the neighbours, in `frame`, which holds at least
 * TR_MAX_FRAME_BYTES. Returns its length, 0 when none is due. */
uint8_t tr_seal_next_frame(tr_seal_t *seal, uint32_t now_ms, uint8_t *frame);

#endif
