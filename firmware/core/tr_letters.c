#include "tr_letters.h"

#include <string.h>

#include "tr_bytes.h"
#include "tr_ccm.h"
#include "tr_frame.h"
#include "tr_inline.h"
#include "tr_seal_parts.h"
#include "tr_timer.h"

#define MS_PER_S 1000u

/* Where things stand in a letter, the payload of a LETTER frame, and in its clear body. */
enum {
    HOPS_AT = 0,
    ORIGIN_AT = 1,
    ADDRESSEE_AT = 3,
    NUMBER_AT = 5,
    BODY_AT = 12,
    CONTENT_AT = 1 + TR_NUMBER_BYTES, /* after kind and session */
    COMMAND_BYTES = 4,
    EPOCH_BYTES = 2,
    MAX_LIST_BYTES = 32,
};

/* --- letters that are obeyed --- */

static enum tr_letter_status command(tr_letters_t *letters, const uint8_t *content, uint8_t length,
                                     uint32_t now_ms)
{
    if (length != COMMAND_BYTES)
        return TR_STATUS_OUT_OF_RANGE;
    if (!letters->config->has_actuator || content[0] != 0)
        return TR_STATUS_NOT_THIS_ROLE;
    const uint16_t hold_s = tr_get_u16(content + 2);
    letters->value = content[1];
    letters->is_held = true;
    letters->until_ms = now_ms + (uint32_t)MS_PER_S * (hold_s ? hold_s : letters->config->hold_s);
    return TR_STATUS_DONE;
}

/* Settings are numbers, which have one length, or lists of ids. */
static enum tr_letter_status change_setting(const tr_letters_config_t *config, const uint8_t *content,
                                            uint8_t length)
{
    uint8_t unit = 1, most = 1;
    switch (length > 0 ? content[0] : 0) {
    case TR_SETTING_ROLES:
    case TR_SETTING_SENSORS:
    case TR_SETTING_SAFE_VALUE: break;
    case TR_SETTING_HOLD_S: unit = most = 2; break;
    case TR_SETTING_PERIOD_MS: unit = most = 4; break;
    case TR_SETTING_GATEWAYS: unit = 2, most = 4; break;
    case TR_SETTING_NEIGHBOURS:
    case TR_SETTING_ORDER: unit = 2, most = MAX_LIST_BYTES; break;
    default: return TR_STATUS_UNKNOWN;
    }
    length--;
    if (length == 0 || length > most || length & (unit - 1))
        return TR_STATUS_OUT_OF_RANGE;
    return config->change_setting(config->context, content[0], content + 1, length);
}

static enum tr_letter_status take_key(const tr_letters_config_t *config, const uint8_t *content,
                                      uint8_t length)
{
    return length == EPOCH_BYTES + TR_KEY_BYTES
               ? config->take_key(config->context, tr_get_u16(content), content + EPOCH_BYTES)
               : TR_STATUS_OUT_OF_RANGE;
}

static enum tr_letter_status carry_out(tr_letters_t *letters, const uint8_t *body, uint8_t length,
                                       uint32_t now_ms)
{
    const uint8_t *content = body + CONTENT_AT;
    length = (uint8_t)(length - CONTENT_AT);
    switch (body[0]) {
    case TR_LETTER_COMMAND: return command(letters, content, length, now_ms);
    case TR_LETTER_SETTING: return change_setting(letters->config, content, length);
    case TR_LETTER_REKEY: return take_key(letters->config, content, length);
    default: return TR_STATUS_UNKNOWN;
    }
}

/* A letter of the controller's, opened, with `length` bytes of body. A session is that of one letter, so that
 * none is obeyed twice. Returns 0 or a negative drop reason. */
static int obey(tr_letters_t *letters, const uint8_t *letter, uint8_t length, uint32_t now_ms)
{
    const uint8_t *body = letter + BODY_AT;
    int result = -TR_DROP_SESSION;
    letters->status = TR_STATUS_SESSION;
    if (memcmp(body + 1, letters->session, TR_NUMBER_BYTES) == 0) {
        if (!tr_seal_name(letters->seal))
            return result;
        tr_number_copy(letters->session, letters->seal->nonce + TR_NONCE_NUMBER_AT);
        letters->status = (uint8_t)carry_out(letters, body, length, now_ms);
        result = 0;
    }
    letters->has_answer = true;
    letters->answered_kind = body[0];
    tr_number_copy(letters->answered, letter + NUMBER_AT);
    return result;
}

/* --- letters on their way --- */

/* Whether it is no copy of a letter that was heard; from now on it is. */
static TR_OUTLINE bool is_news(tr_letters_t *letters, const uint8_t *letter, uint8_t length)
{
    const uint16_t mark = tr_crc16(letter + ORIGIN_AT, (size_t)(length - ORIGIN_AT));
    uint16_t *known = letters->known;
    uint16_t moved = mark; /* to the front, and those before its place a place further */
    for (uint8_t left = letters->known_count; left > 0; left--, known++) {
        const uint16_t here = *known;
        *known = moved;
        if (here == mark)
            return false;
        moved = here;
    }
    if (letters->known_count < TR_MAX_KNOWN_LETTERS) {
        letters->known_count++;
        *known = moved;
    }
    return true;
}

static int pass_on(tr_letters_t *letters, const uint8_t *letter, uint8_t length, uint32_t now_ms)
{
    if (letter[HOPS_AT] == 0)
        return 0;
    tr_passing_t *passing = letters->passing;
    for (uint8_t left = TR_MAX_LETTERS; passing->bytes != 0; passing++) {
        if (--left == 0)
            return -TR_DROP_QUEUE_FULL;
    }
    if (length > TR_MAX_LETTER_BYTES)
        return -TR_DROP_QUEUE_FULL;
    passing->due_ms = now_ms + tr_jitter_below(&letters->seal->jitter, TR_PASS_ON_JITTER_MS);
    passing->bytes = length;
    memcpy(passing->letter, letter, length);
    passing->letter[HOPS_AT]--;
    return 0;
}

/* The letter in hand, by its own name, with the node's key. */
static bool crypt(tr_letters_t *letters, uint8_t *letter, uint8_t body_bytes, bool seals)
{
    return tr_seal_crypt(letters->seal, TR_KEY_NODE, letter + ORIGIN_AT, BODY_AT - ORIGIN_AT, body_bytes,
                         seals);
}

int tr_letters_receive(tr_letters_t *letters, uint8_t *frame, uint8_t length, uint32_t now_ms)
{
    const tr_seal_config_t *config = letters->seal->config;
    uint8_t *nonce = letters->seal->nonce;
    uint8_t *letter = frame + TR_HEADER_BYTES;
    length = (uint8_t)(length - TR_HEADER_BYTES - TR_CRC_BYTES);
    if (length <= BODY_AT || length > TR_MAX_PAYLOAD_BYTES)
        return -TR_DROP_MALFORMED;
    const uint16_t origin = tr_get_u16(letter + ORIGIN_AT), addressee = tr_get_u16(letter + ADDRESSEE_AT);
    if (origin > TR_MAX_NODE_ID || addressee > TR_MAX_NODE_ID)
        return -TR_DROP_MALFORMED;
    if (origin == config->node_id || !is_news(letters, letter, length))
        return 0;
    if (addressee != config->node_id)
        return pass_on(letters, letter, length, now_ms);
    if (origin != letters->config->controller)
        return -TR_DROP_ROLE;
    length = (uint8_t)(length - BODY_AT);
    if (!tr_seal_is_open(letters->seal)) {
        memcpy(nonce, letter + ORIGIN_AT, TR_NONCE_NUMBER_AT);
        tr_number_copy(nonce + TR_NONCE_NUMBER_AT, letter + NUMBER_AT);
        if (length < TR_CCM_TAG_BYTES)
            return -TR_DROP_TAG;
        length = (uint8_t)(length - TR_CCM_TAG_BYTES);
        if (!crypt(letters, letter, length, false))
            return -TR_DROP_TAG;
    }
    return length < CONTENT_AT ? -TR_DROP_MALFORMED : obey(letters, letter, length, now_ms);
}

/* --- letters that are written --- */

/* The clear body of the answer, or else of the state, that waits. Returns its length. */
static uint8_t write_body(tr_letters_t *letters, uint8_t *body)
{
    uint8_t *at = body + CONTENT_AT;
    if (letters->has_answer) {
        letters->has_answer = false;
        body[0] = TR_LETTER_ANSWER;
        tr_number_copy(body + 1, letters->answered);
        *at++ = letters->answered_kind;
        *at++ = letters->status;
        tr_number_copy(at, letters->session);
        at += TR_NUMBER_BYTES;
        if (letters->answered_kind == TR_LETTER_COMMAND && letters->status == TR_STATUS_DONE) {
            *at++ = 0;
            *at++ = letters->value;
        }
    } else {
        letters->has_state = false;
        body[0] = TR_LETTER_STATE;
        memset(body + 1, 0, TR_NUMBER_BYTES);
        *at++ = 0;
        *at++ = letters->value;
        *at++ = letters->cause;
    }
    return (uint8_t)(at - body);
}

/* A letter to the controller. Returns its length; 0: no number could be reserved. */
static uint8_t write_letter(tr_letters_t *letters, uint8_t *letter)
{
    const uint8_t *nonce = letters->seal->nonce;
    if (!tr_seal_name(letters->seal))
        return 0;
    letter[HOPS_AT] = TR_FIRST_HOPS;
    memcpy(letter + ORIGIN_AT, nonce, TR_NONCE_NUMBER_AT);
    tr_put_u16(letter + ADDRESSEE_AT, letters->config->controller);
    tr_number_copy(letter + NUMBER_AT, nonce + TR_NONCE_NUMBER_AT);
    uint8_t length = write_body(letters, letter + BODY_AT);
    if (!tr_seal_is_open(letters->seal)) {
        crypt(letters, letter, length, true);
        length = (uint8_t)(length + TR_CCM_TAG_BYTES);
    }
    return (uint8_t)(BODY_AT + length);
}

/* The first letter that is to be passed on now. Returns its length; 0: there is none. */
static uint8_t take_passing(tr_letters_t *letters, uint32_t now_ms, uint8_t *letter)
{
    tr_passing_t *passing = letters->passing;
    for (uint8_t left = TR_MAX_LETTERS; left > 0; left--, passing++) {
        const uint8_t length = passing->bytes;
        if (length == 0 || tr_ms_until(passing->due_ms, now_ms) != 0)
            continue;
        passing->bytes = 0;
        memcpy(letter, passing->letter, length);
        return length;
    }
    return 0;
}

TR_OUTLINE uint8_t tr_letters_next_frame(tr_letters_t *letters, uint32_t now_ms, uint8_t *frame)
{
    uint8_t *letter = frame + TR_HEADER_BYTES;
    const uint8_t length = letters->has_answer || letters->has_state ? write_letter(letters, letter)
                                                                     : take_passing(letters, now_ms, letter);
    if (length == 0)
        return 0;
    tr_seal_head(letters->seal, frame, TR_LETTER, TR_BROADCAST);
    return tr_seal_close(letters->seal, frame, (uint8_t)(TR_HEADER_BYTES + length + TR_CRC_BYTES));
}

/* --- time --- */

uint32_t tr_letters_wait_ms(const tr_letters_t *letters, uint32_t now_ms)
{
    uint32_t wait_ms = letters->is_held ? tr_ms_until(letters->until_ms, now_ms) : TR_FOREVER_MS;
    const tr_passing_t *passing = letters->passing;
    for (uint8_t left = TR_MAX_LETTERS; left > 0; left--, passing++) {
        if (passing->bytes != 0)
            wait_ms = tr_shorter(wait_ms, tr_ms_until(passing->due_ms, now_ms));
    }
    return letters->has_answer || letters->has_state ? 0 : wait_ms;
}

/* The controller is told what the actuator does. */
static void tell_state(tr_letters_t *letters, enum tr_actuator_cause cause)
{
    letters->cause = (uint8_t)cause;
    letters->has_state = letters->config->controller != TR_NO_NODE;
}

void tr_letters_handle_timer(tr_letters_t *letters, uint32_t now_ms)
{
    if (!letters->is_held || tr_ms_until(letters->until_ms, now_ms) != 0)
        return;
    letters->is_held = false;
    letters->value = letters->config->safe_value;
    tell_state(letters, TR_CAUSE_SILENCE);
}

void tr_letters_start(tr_letters_t *letters)
{
    if (letters->config->has_actuator)
        tell_state(letters, TR_CAUSE_START);
}

void tr_letters_init(tr_letters_t *letters, const tr_letters_config_t *config, tr_seal_t *seal)
{
    memset(letters, 0, sizeof *letters);
    letters->config = config;
    letters->seal = seal;
    letters->value = config->safe_value;
    tr_number_copy(letters->session, seal->config->first);
}
