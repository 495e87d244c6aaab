/* CHALLENGE and RESPONSE (PROTOCOL.md 10.3; as protocol/proofs.py). */
#include <string.h>

#include "tr_bytes.h"
#include "tr_constants.h"
#include "tr_seal_parts.h"
#include "tr_timer.h"

static void forget(tr_seal_t *seal, tr_question_t *question)
{
    const tr_question_t *end = &seal->questions[seal->question_count--];
    memmove(question, question + 1, (size_t)((const uint8_t *)end - (const uint8_t *)(question + 1)));
}

static bool is_over(const tr_seal_t *seal, const tr_question_t *question)
{
    return question->is_sent && seal->now_ms - question->at_ms > TR_ANSWER_WAIT_MS;
}

/* The frame of that type to that peer, or NULL. Those that are over lose their places. */
static tr_question_t *find(tr_seal_t *seal, uint8_t type, uint16_t peer)
{
    tr_question_t *found = NULL;
    tr_question_t *question = seal->questions;
    while (question != seal->questions + seal->question_count) {
        if (is_over(seal, question)) {
            forget(seal, question); /* those after it move up: what was found stays */
        } else {
            if (question->type == type && question->peer == peer)
                found = question;
            question++;
        }
    }
    return found;
}

/* A new place, of a frame that is due now; or NULL: all are taken. */
static tr_question_t *add(tr_seal_t *seal, uint8_t type, uint16_t peer)
{
    uint8_t taken = 0;
    tr_question_t *question = seal->questions;
    for (uint8_t left = seal->question_count; left > 0; left--, question++)
        taken = (uint8_t)(taken + (question->type == type && question->peer != TR_BROADCAST));
    if (taken == TR_MAX_QUESTIONS)
        return NULL;
    seal->question_count++;
    question->type = type;
    question->peer = peer;
    question->is_sent = false;
    question->at_ms = seal->now_ms;
    return question;
}

void tr_seal_challenge(tr_seal_t *seal, uint16_t sender, bool is_to_all)
{
    if (find(seal, TR_CHALLENGE, sender))
        return;
    tr_question_t *challenge = add(seal, TR_CHALLENGE, sender);
    if (challenge && is_to_all)
        challenge->at_ms += tr_jitter_below(&seal->jitter, TR_CHALLENGE_JITTER_MS);
}

int tr_seal_on_challenge(tr_seal_t *seal, const tr_sealed_t *challenge)
{
    tr_question_t *response = find(seal, TR_RESPONSE, challenge->source);
    if (!response)
        response = add(seal, TR_RESPONSE, challenge->source);
    else if (response->is_sent && !challenge->is_proven)
        response = NULL; /* it was answered just now; who is proven asks for good reason */
    if (response) {
        response->is_sent = false;
        response->at_ms = seal->now_ms;
        if (challenge->is_to_all)
            response->at_ms += tr_jitter_below(&seal->jitter, TR_RESPONSE_SPREAD_MS);
        memcpy(response->number, challenge->number, TR_NUMBER_BYTES);
    }
    if (!challenge->is_proven)
        tr_seal_challenge(seal, challenge->source, challenge->is_to_all);
    return 0;
}

/* Whether the number that a RESPONSE repeats is that of the CHALLENGE to that peer. */
static tr_question_t *find_asked(tr_seal_t *seal, uint16_t peer, const uint8_t *number)
{
    tr_question_t *challenge = find(seal, TR_CHALLENGE, peer);
    return challenge && challenge->is_sent && memcmp(challenge->number, number, TR_NUMBER_BYTES) == 0
               ? challenge
               : NULL;
}

int tr_seal_on_response(tr_seal_t *seal, const tr_sealed_t *response)
{
    const uint8_t *number = response->frame + TR_HEADER_BYTES + TR_LIFE_BYTES;
    tr_question_t *asked = find_asked(seal, response->source, number);
    const bool answers = asked || find_asked(seal, TR_BROADCAST, number);
    if (asked)
        forget(seal, asked);
    if (!response->is_proven) {
        if (answers)
            tr_senders_prove(&seal->senders, response->source, response->number);
        else
            tr_seal_challenge(seal, response->source, false);
    }
    return answers ? 0 : -TR_DROP_UNPROVEN;
}

/* The introduction goes before the responses, and these before other challenges. */
static uint8_t rank(const tr_question_t *question)
{
    return question->peer == TR_BROADCAST ? 0 : question->type == TR_RESPONSE ? 1 : 2;
}

uint8_t tr_seal_next_frame(tr_seal_t *seal, uint32_t now_ms, uint8_t *frame)
{
    uint8_t length = TR_HEADER_BYTES + TR_LIFE_BYTES;
    uint8_t number[TR_NUMBER_BYTES];
    tr_question_t *due = NULL;
    for (uint8_t i = 0; i < seal->question_count; i++) {
        tr_question_t *question = &seal->questions[i];
        if (!question->is_sent && tr_ms_until(question->at_ms, now_ms) == 0 &&
            (!due || rank(question) < rank(due)))
            due = question;
    }
    if (!due || !tr_seal_take_number(seal, number))
        return 0;
    frame[0] = due->type;
    tr_put_u16(frame + 1, seal->config->node_id);
    tr_put_u16(frame + 3, due->peer);
    memcpy(frame + TR_HEADER_BYTES, number, TR_LIFE_BYTES);
    if (due->type == TR_RESPONSE) {
        memcpy(frame + length, due->number, TR_NUMBER_BYTES);
        length = (uint8_t)(length + TR_NUMBER_BYTES);
    } else {
        memcpy(due->number, number, TR_NUMBER_BYTES);
    }
    due->is_sent = true;
    due->at_ms = now_ms;
    return tr_seal_encrypt(seal, frame, length, number);
}

uint32_t tr_seal_wait_ms(const tr_seal_t *seal, uint32_t now_ms)
{
    uint32_t wait_ms = TR_FOREVER_MS;
    for (uint8_t i = 0; i < seal->question_count; i++) {
        if (!seal->questions[i].is_sent)
            wait_ms = tr_shorter(wait_ms, tr_ms_until(seal->questions[i].at_ms, now_ms));
    }
    return wait_ms;
}

void tr_seal_init(tr_seal_t *seal, const tr_seal_config_t *config, uint32_t now_ms)
{
    memset(seal, 0, sizeof *seal);
    seal->config = config;
    seal->now_ms = now_ms;
    memcpy(seal->counter.next, config->first, TR_NUMBER_BYTES);
    tr_jitter_init(&seal->jitter, config->seed);
    if (!config->is_open)
        add(seal, TR_CHALLENGE, TR_BROADCAST)->at_ms +=
            tr_jitter_below(&seal->jitter, TR_CHALLENGE_JITTER_MS);
}
