/* CHALLENGE and RESPONSE (PROTOCOL.md 10.3; as protocol/proofs.py). */
#include <string.h>

#include "tr_bytes.h"
#include "tr_constants.h"
#include "tr_seal_parts.h"
#include "tr_timer.h"

/* Where the questions of a kind begin. */
enum {
    INTRODUCTION = 0,
    RESPONSES = 1,
    CHALLENGES = RESPONSES + TR_MAX_RESPONSES,
    QUESTIONS = CHALLENGES + TR_MAX_CHALLENGES,
};

static bool is_due(const tr_seal_t *seal, const tr_question_t *question)
{
    return question->state == TR_QUESTION_WAITS && tr_ms_until(question->at_ms, seal->now_ms) == 0;
}

static bool was_sent_within(const tr_seal_t *seal, const tr_question_t *question, uint16_t span_ms)
{
    return question->state == TR_QUESTION_SENT && seal->now_ms - question->at_ms <= span_ms;
}

/* Frees the question's place; the `after` ones after it, of its kind, move up. */
static void free_place(tr_question_t *question, uint8_t after)
{
    memmove(question, question + 1, after * sizeof *question);
    question[after].state = TR_QUESTION_NONE;
}

/* Gives up the places whose time is over: the clock wraps, and what lay about for longer than half its range
 * would be under way again, and an old answer a new one. Those that nobody answered make the pause longer. */
static void forget(tr_seal_t *seal)
{
    for (uint8_t place = 0; place < QUESTIONS;) {
        tr_question_t *question = &seal->questions[place];
        const bool is_challenge = place >= CHALLENGES;
        if (question->state != TR_QUESTION_SENT ||
            was_sent_within(seal, question, is_challenge ? seal->pause_ms : TR_ANSWER_WAIT_MS)) {
            place++;
            continue;
        }
        if (is_challenge)
            seal->pause_ms = (uint16_t)tr_shorter(2u * seal->pause_ms, TR_LONGEST_PAUSE_MS);
        const uint8_t next_kind = place < RESPONSES ? RESPONSES : place < CHALLENGES ? CHALLENGES : QUESTIONS;
        free_place(question, (uint8_t)(next_kind - place - 1));
    }
}

/* Among the `places` from `first` on the peer's, or else the first free one; NULL: there is neither. */
static tr_question_t *find(tr_seal_t *seal, uint8_t first, uint8_t places, uint16_t peer)
{
    tr_question_t *question = &seal->questions[first];
    forget(seal);
    for (; places > 0; places--, question++) {
        if (question->state == TR_QUESTION_NONE || question->peer == peer)
            return question;
    }
    return NULL;
}

/* It is to be sent within `spread_ms`. */
static void put(tr_seal_t *seal, tr_question_t *question, uint16_t peer, uint16_t spread_ms)
{
    question->state = TR_QUESTION_WAITS;
    question->peer = peer;
    question->at_ms = seal->now_ms + (spread_ms ? tr_jitter_below(&seal->jitter, spread_ms) : 0);
}

void tr_seal_challenge(tr_seal_t *seal, uint16_t sender, bool is_to_all)
{
    tr_question_t *challenge = find(seal, CHALLENGES, TR_MAX_CHALLENGES, sender);
    if (challenge && challenge->state == TR_QUESTION_NONE)
        put(seal, challenge, sender, is_to_all ? seal->pause_ms / TR_PAUSE_SPREAD_DIVISOR : 0);
}

int tr_seal_on_challenge(tr_seal_t *seal, const tr_sealed_t *challenge)
{
    tr_question_t *response = find(seal, RESPONSES, TR_MAX_RESPONSES, challenge->source);
    /* Who was answered just now and is proven asks again for good reason. */
    if (response && (response->state != TR_QUESTION_SENT || challenge->is_proven)) {
        memcpy(response->number, challenge->number, TR_NUMBER_BYTES);
        put(seal, response, challenge->source, challenge->is_to_all ? TR_RESPONSE_SPREAD_MS : 0);
    }
    if (!challenge->is_proven)
        tr_seal_challenge(seal, challenge->source, challenge->is_to_all);
    return 0;
}

static bool is_answered(const tr_seal_t *seal, const tr_question_t *challenge, const uint8_t *number)
{
    return was_sent_within(seal, challenge, TR_ANSWER_WAIT_MS) &&
           memcmp(challenge->number, number, TR_NUMBER_BYTES) == 0;
}

int tr_seal_on_response(tr_seal_t *seal, const tr_sealed_t *response)
{
    const uint8_t *number = response->frame + TR_HEADER_BYTES + TR_LIFE_BYTES;
    tr_question_t *challenge = find(seal, CHALLENGES, TR_MAX_CHALLENGES, response->source);
    bool answers = is_answered(seal, seal->questions, number);
    if (challenge && is_answered(seal, challenge, number)) {
        answers = true;
        free_place(challenge, (uint8_t)(&seal->questions[QUESTIONS - 1] - challenge));
        seal->pause_ms = seal->pause_ms / 2 > TR_ANSWER_WAIT_MS ? seal->pause_ms / 2 : TR_ANSWER_WAIT_MS;
    }
    if (!response->is_proven) {
        if (answers)
            tr_senders_prove(&seal->senders, response->source, response->number);
        else
            tr_seal_challenge(seal, response->source, false);
    }
    return answers ? 0 : -TR_DROP_UNPROVEN;
}

uint8_t tr_seal_next_frame(tr_seal_t *seal, uint32_t now_ms, uint8_t *frame)
{
    uint8_t *payload = frame + TR_HEADER_BYTES;
    tr_question_t *question = seal->questions;
    uint8_t place = 0;
    seal->now_ms = now_ms;
    forget(seal);
    while (!is_due(seal, question)) {
        if (++place == QUESTIONS)
            return 0;
        question++;
    }
    uint8_t number[TR_NUMBER_BYTES];
    if (!tr_seal_take_number(seal, number))
        return 0;
    question->state = TR_QUESTION_SENT;
    question->at_ms = now_ms;
    tr_put_u16(frame + 1, seal->config->node_id);
    tr_put_u16(frame + 3, question->peer);
    memcpy(payload, number, TR_LIFE_BYTES);
    if (place >= RESPONSES && place < CHALLENGES) {
        frame[0] = TR_RESPONSE;
        memcpy(payload + TR_LIFE_BYTES, question->number, TR_NUMBER_BYTES);
        return tr_seal_encrypt(seal, frame, TR_HEADER_BYTES + TR_LIFE_BYTES + TR_NUMBER_BYTES, number);
    }
    frame[0] = TR_CHALLENGE;
    memcpy(question->number, number, TR_NUMBER_BYTES);
    return tr_seal_encrypt(seal, frame, TR_HEADER_BYTES + TR_LIFE_BYTES, number);
}

uint32_t tr_seal_wait_ms(const tr_seal_t *seal, uint32_t now_ms)
{
    uint32_t wait_ms = TR_FOREVER_MS;
    const tr_question_t *question = seal->questions;
    for (uint8_t left = QUESTIONS; left > 0; left--, question++) {
        if (question->state == TR_QUESTION_WAITS)
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
    memcpy(seal->counter.next, config->first, TR_NUMBER_BYTES);
    tr_jitter_init(&seal->jitter, config->seed);
    if (!config->is_open)
        put(seal, seal->questions + INTRODUCTION, TR_BROADCAST, TR_CHALLENGE_JITTER_MS);
}
