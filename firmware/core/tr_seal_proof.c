/* CHALLENGE and RESPONSE (PROTOCOL.md 10.3; as protocol/proofs.py). */
#include <string.h>

#include "tr_bytes.h"
#include "tr_constants.h"
#include "tr_inline.h"
#include "tr_seal_parts.h"
#include "tr_timer.h"

static TR_OUTLINE bool was_sent_within(const tr_seal_t *seal, const tr_question_t *question, uint16_t span_ms)
{
    return seal->now_ms - question->at_ms <= span_ms;
}

/* The clock wraps: what lay about for longer than half its range would be under way again, and an old answer
 * a new one. Challenges that a node did not answer make the pause longer. */
void tr_seal_pass_time(tr_seal_t *seal, uint32_t now_ms)
{
    tr_question_t *question = seal->questions;
    seal->now_ms = now_ms;
    for (uint8_t left = TR_MAX_QUESTIONS; left > 0; left--, question++) {
        const bool is_challenge = question->type == (TR_CHALLENGE | TR_SEALED_BIT);
        if (!(question->type & TR_SEALED_BIT) ||
            was_sent_within(seal, question, is_challenge ? seal->pause_ms : TR_ANSWER_WAIT_MS))
            continue;
        question->type = 0;
        if (is_challenge && question->peer != TR_BROADCAST && seal->pause_ms < TR_LONGEST_PAUSE_MS)
            seal->pause_ms *= 2;
    }
}

/* A question of that type to the peer is to be sent within `spread_ms`, if it finds one of `places`, or its
 * own is to be used `again`. A RESPONSE repeats the number of the frame in hand. */
static void plan(tr_seal_t *seal, uint8_t type, uint8_t places, uint16_t peer, uint16_t spread_ms, bool again)
{
    tr_question_t *place = NULL;
    tr_question_t *question = seal->questions + TR_MAX_QUESTIONS;
    while (question-- != seal->questions) {
        if (question->type == 0) {
            place = question;
        } else if ((question->type & (uint8_t)~TR_SEALED_BIT) == type) {
            if (question->peer == peer) {
                place = again ? question : NULL;
                break;
            }
            if (question->peer != TR_BROADCAST)
                places--;
        }
    }
    if (!place || places == 0)
        return;
    place->type = type;
    place->peer = peer;
    place->at_ms = seal->now_ms + (spread_ms ? tr_jitter_below(&seal->jitter, spread_ms) : 0);
    tr_number_copy(place->number, seal->nonce + TR_NONCE_NUMBER_AT);
}

void tr_seal_challenge(tr_seal_t *seal, uint16_t peer, bool is_spread)
{
    plan(seal, TR_CHALLENGE, TR_MAX_CHALLENGES, peer,
         is_spread ? seal->pause_ms / TR_PAUSE_SPREAD_DIVISOR : 0, false);
}

int tr_seal_on_challenge(tr_seal_t *seal, const tr_sealed_t *challenge)
{
    /* Who is proven asks for good reason, and is answered again. */
    plan(seal, TR_RESPONSE, TR_MAX_RESPONSES, challenge->source,
         challenge->is_to_all ? TR_RESPONSE_SPREAD_MS : 0, challenge->is_proven);
    if (!challenge->is_proven &&
        (!challenge->is_to_all || tr_senders_find(seal->senders, challenge->source) != NULL))
        tr_seal_challenge(seal, challenge->source, challenge->is_to_all);
    return 0;
}

/* Whether a CHALLENGE of that number awaits an answer; that of one to a single node is over then. */
static bool settle(tr_seal_t *seal, const uint8_t *number)
{
    tr_question_t *question = seal->questions;
    for (uint8_t left = TR_MAX_QUESTIONS; left > 0; left--, question++) {
        if (question->type == (TR_CHALLENGE | TR_SEALED_BIT) &&
            memcmp(question->number, number, TR_NUMBER_BYTES) == 0 &&
            was_sent_within(seal, question, TR_ANSWER_WAIT_MS)) {
            if (question->peer != TR_BROADCAST) {
                question->type = 0;
                if (seal->pause_ms > TR_ANSWER_WAIT_MS)
                    seal->pause_ms /= 2;
            }
            return true;
        }
    }
    return false;
}

int tr_seal_on_response(tr_seal_t *seal, const tr_sealed_t *response)
{
    const bool answers = settle(seal, response->frame + TR_HEADER_BYTES + TR_LIFE_BYTES);
    if (!response->is_proven) {
        if (answers)
            tr_senders_prove(seal->senders, response->source, seal->nonce + TR_NONCE_NUMBER_AT);
        else
            tr_seal_challenge(seal, response->source, false);
    }
    return answers ? 0 : -TR_DROP_UNPROVEN;
}

uint8_t tr_seal_next_frame(tr_seal_t *seal, uint32_t now_ms, uint8_t *frame)
{
    uint8_t *payload = frame + TR_HEADER_BYTES;
    const uint8_t *number = seal->nonce + TR_NONCE_NUMBER_AT;
    tr_question_t *question = seal->questions;
    tr_seal_pass_time(seal, now_ms);
    for (uint8_t left = TR_MAX_QUESTIONS; left > 0; left--, question++) {
        const uint8_t type = question->type;
        if (type == 0 || type & TR_SEALED_BIT || tr_ms_until(question->at_ms, now_ms) != 0)
            continue;
        if (!tr_seal_name(seal))
            break;
        tr_seal_head(seal, frame, type, question->peer);
        question->type |= TR_SEALED_BIT;
        question->at_ms = now_ms;
        memcpy(payload, number, TR_LIFE_BYTES);
        if (type == TR_CHALLENGE) {
            tr_number_copy(question->number, number);
            return tr_seal_encrypt(seal, frame, TR_HEADER_BYTES + TR_LIFE_BYTES);
        }
        tr_number_copy(payload + TR_LIFE_BYTES, question->number);
        return tr_seal_encrypt(seal, frame, TR_HEADER_BYTES + TR_LIFE_BYTES + TR_NUMBER_BYTES);
    }
    return 0;
}

uint32_t tr_seal_wait_ms(const tr_seal_t *seal, uint32_t now_ms)
{
    uint32_t wait_ms = TR_FOREVER_MS;
    const tr_question_t *question = seal->questions;
    for (uint8_t left = TR_MAX_QUESTIONS; left > 0; left--, question++) {
        if (question->type != 0 && !(question->type & TR_SEALED_BIT))
            wait_ms = tr_shorter(wait_ms, tr_ms_until(question->at_ms, now_ms));
    }
    return wait_ms;
}

void tr_seal_init(tr_seal_t *seal, const tr_seal_config_t *config, uint32_t now_ms)
{
    memset(seal, 0, sizeof *seal);
    seal->config = config;
    seal->now_ms = now_ms;
    seal->pause_ms = TR_ANSWER_WAIT_MS;
    tr_number_copy(seal->counter.next, config->first);
    tr_jitter_init(&seal->jitter, config->seed);
    tr_senders_clear(seal->senders);
    if (!tr_seal_is_open(seal))
        plan(seal, TR_CHALLENGE, 1, TR_BROADCAST, TR_INTRODUCTION_SPREAD_MS, false);
}
