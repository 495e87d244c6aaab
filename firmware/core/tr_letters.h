/*
 * A board's letters (PROTOCOL.md section 14; as protocol/letter_box.py): those that it passes on, those of
 * its controller that it obeys, and those that it writes. A board has one actuator, number 0, or none.
 *
 * The caller gives the open LETTER frames that tr_seal_open finds to tr_letters_receive, and sends the frames
 * of tr_letters_next_frame after those of tr_seal_next_frame. After every call the actuator is to have
 * `value`.
 */
#ifndef TR_LETTERS_H
#define TR_LETTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "tr_config.h"
#include "tr_constants.h"
#include "tr_seal.h"

typedef struct tr_letters_config {
    uint16_t controller; /* TR_NO_NODE: nobody commands */
    bool has_actuator;
    uint8_t safe_value;
    uint16_t hold_s; /* of a command that does not say; not 0 */
    void *context;   /* of the functions below */
    /* Keeps a setting that a letter may change, and whose length is right (PROTOCOL.md 16.2), and changes the
     * configs accordingly. */
    enum tr_letter_status (*change_setting)(void *context, uint8_t key, const uint8_t *value, uint8_t length);
    /* Keeps the network key of an epoch to come. TR_STATUS_OUT_OF_RANGE: of one that is over, or another key
     * than that of the current one. */
    enum tr_letter_status (*take_key)(void *context, uint16_t epoch, const uint8_t *key);
} tr_letters_config_t;

/* A letter that waits to be passed on. */
typedef struct tr_passing {
    uint8_t bytes; /* 0: the place is free */
    uint32_t due_ms;
    uint8_t letter[TR_MAX_LETTER_BYTES];
} tr_passing_t;

/* To be read, not written, by others. */
typedef struct tr_letters {
    const tr_letters_config_t *config;
    tr_seal_t *seal;
    uint8_t value; /* of the actuator */
    bool is_held;  /* until: */
    uint32_t until_ms;
    uint8_t session[TR_NUMBER_BYTES];
    bool has_answer; /* to be sent */
    uint8_t answered[TR_NUMBER_BYTES];
    uint8_t answered_kind;
    uint8_t status; /* enum tr_letter_status */
    bool has_state; /* to be sent */
    uint8_t cause;  /* enum tr_actuator_cause */
    uint8_t known_count;
    uint16_t known[TR_MAX_KNOWN_LETTERS]; /* CRCs of letters; the one heard last stands first */
    tr_passing_t passing[TR_MAX_LETTERS];
} tr_letters_t;

/* `config` and `seal`, which has just been initialized, must outlive the letters. */
void tr_letters_init(tr_letters_t *letters, const tr_letters_config_t *config, tr_seal_t *seal);

/* The node itself begins: its controller is told what the actuator does, which is the safe value unless a
 * command came before. */
void tr_letters_start(tr_letters_t *letters);

/* An open LETTER frame, which is changed. Returns 0 or a negative drop reason. */
int tr_letters_receive(tr_letters_t *letters, uint8_t *frame, uint8_t length, uint32_t now_ms);

/* Ends a command that nobody has renewed; harmless when that is not due. */
void tr_letters_handle_timer(tr_letters_t *letters, uint32_t now_ms);

/* How long until tr_letters_handle_timer and tr_letters_next_frame must be called again; TR_FOREVER_MS: no
 * need. */
uint32_t tr_letters_wait_ms(const tr_letters_t *letters, uint32_t now_ms);

/* The next frame that is due, for the neighbours and sealed, in `frame`, which holds at least
 * TR_MAX_FRAME_BYTES. Returns its length, 0 when none is due. */
uint8_t tr_letters_next_frame(tr_letters_t *letters, uint32_t now_ms, uint8_t *frame);

#endif
