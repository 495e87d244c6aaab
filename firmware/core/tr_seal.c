#include "tr_seal.h"

#include <string.h>

#include "tr_bytes.h"
#include "tr_ccm.h"
#include "tr_constants.h"
#include "tr_frame.h"
#include "tr_seal_parts.h"

enum {
    SOURCE_AT = 1,
    DESTINATION_AT = 3,
    COUNTER_AT = 5,
    TYPE_MASK = 0x1f,
    VERSION_MASK = 0x60,
    HOP_COUNT_AT = -4, /* from the end of a sync */
};

static bool shows_life(const uint8_t *frame)
{
    const uint8_t type = frame[0] & TYPE_MASK;
    return type == TR_CHALLENGE || type == TR_RESPONSE;
}

bool tr_seal_crypt(tr_seal_t *seal, enum tr_key which, uint8_t *message, uint8_t clear_bytes,
                   uint8_t secret_bytes, bool seals)
{
    uint8_t key[TR_KEY_BYTES];
    if (!seal->config->read_key(seal->config->context, which, key))
        return false;
    if (!seals)
        return tr_ccm_open(key, seal->nonce, message, clear_bytes, secret_bytes);
    tr_ccm_seal(key, seal->nonce, message, clear_bytes, secret_bytes);
    return true;
}

/* A frame of `length` bytes and its tag. */
static bool crypt(tr_seal_t *seal, enum tr_key which, uint8_t *frame, uint8_t length, bool seals)
{
    const uint8_t clear = shows_life(frame) ? TR_HEADER_BYTES + TR_LIFE_BYTES : TR_HEADER_BYTES;
    return tr_seal_crypt(seal, which, frame, clear, (uint8_t)(length - clear), seals);
}

/* --- frames received --- */

/* With the network key, or with the next one, which is the network key from then on. */
static bool decrypt(tr_seal_t *seal, const tr_sealed_t *sealed)
{
    if (crypt(seal, TR_KEY_NETWORK, sealed->frame, sealed->length, false))
        return true;
    if (!crypt(seal, TR_KEY_NEXT_NETWORK, sealed->frame, sealed->length, false))
        return false;
    seal->config->begin_epoch(seal->config->context);
    return true;
}

static bool is_gateway(const tr_seal_config_t *config, uint16_t id)
{
    for (uint8_t i = 0; i < config->gateway_count; i++) {
        if (config->gateways[i] == id)
            return true;
    }
    return config->gateway_count == 0;
}

/* Whether who sends that may: a way of hop count 0 is the root's, and what is for the host is sealed
 * otherwise (PROTOCOL.md 10.5). What is malformed is left to the node. */
static bool is_allowed(const tr_seal_config_t *config, const tr_sealed_t *sealed)
{
    uint8_t length = TR_HEADER_BYTES + TR_SYNC_BYTES;
    switch (sealed->frame[0]) {
    case TR_RESULT:
    case TR_HEARD:
    case TR_BOOT: return false;
    case TR_DATA_ACK:
    case TR_HELP_CONFIRM: length = TR_HEADER_BYTES + TR_ACK_BYTES; break;
    case TR_DISCOVERY:
    case TR_DISC_ACK_ACK:
    case TR_HELP_ACK: break;
    default: return true;
    }
    return sealed->length != length || sealed->frame[length + HOP_COUNT_AT] != 0 ||
           is_gateway(config, sealed->source);
}

/* What was decrypted becomes an open frame, or is the seal's own business. */
static int use(tr_seal_t *seal, const tr_sealed_t *sealed)
{
    uint8_t *frame = sealed->frame;
    const uint8_t length = sealed->length;
    frame[0] &= TYPE_MASK;
    if (sealed->shows_life) {
        if (length == TR_HEADER_BYTES + TR_LIFE_BYTES && frame[0] == TR_CHALLENGE)
            return tr_seal_on_challenge(seal, sealed);
        if (length == TR_HEADER_BYTES + TR_LIFE_BYTES + TR_NUMBER_BYTES && frame[0] == TR_RESPONSE)
            return tr_seal_on_response(seal, sealed);
        return -TR_DROP_MALFORMED;
    }
    if (!is_allowed(seal->config, sealed))
        return -TR_DROP_ROLE;
    tr_put_u16(frame + length, tr_crc16(frame, length));
    return length + (int)TR_CRC_BYTES;
}

/* A frame that the node may have a use for. */
static int judge(tr_seal_t *seal, tr_sealed_t *sealed)
{
    uint8_t *number = seal->nonce + TR_NONCE_NUMBER_AT;
    const uint8_t *shown = sealed->frame + TR_HEADER_BYTES;
    tr_sender_t *sender = tr_senders_find(seal->senders, sealed->source);
    enum tr_judgement judgement = TR_NUMBER_UNPROVEN;
    int result = -TR_DROP_REPLAYED;
    memcpy(seal->nonce, sealed->frame + SOURCE_AT, TR_NONCE_NUMBER_AT);
    memcpy(number, sealed->shows_life || !sender ? shown : sender->newest, TR_LIFE_BYTES);
    memcpy(number + TR_LIFE_BYTES, sealed->frame + COUNTER_AT, TR_NUMBER_BYTES - TR_LIFE_BYTES);
    if (sender && memcmp(number, sender->newest, TR_LIFE_BYTES) == 0)
        judgement = tr_sender_judge(sender, number, false);
    if (sealed->shows_life && judgement == TR_NUMBER_LONG_BEFORE)
        judgement = TR_NUMBER_UNPROVEN;
    sealed->is_proven = judgement != TR_NUMBER_UNPROVEN;
    if (judgement == TR_NUMBER_SEEN)
        return result;
    if (!sealed->is_proven && !sealed->shows_life) {
        result = sealed->is_mine ? -TR_DROP_UNPROVEN : 0;
    } else if (judgement < TR_NUMBER_TOO_OLD) {
        if (decrypt(seal, sealed)) {
            if (sealed->is_proven)
                tr_sender_judge(sender, number, true);
            return use(seal, sealed);
        }
        result = -TR_DROP_TAG;
    }
    if (sealed->is_mine)
        tr_seal_challenge(seal, sealed->source, sealed->is_to_all);
    return result;
}

/* In an open network all but letters is the node's to judge. */
static int open_letter(const tr_seal_config_t *config, const uint8_t *frame, size_t length)
{
    tr_frame_t letter;
    if (length == 0 || length > TR_MAX_FRAME_BYTES || (frame[0] & TYPE_MASK) != TR_LETTER)
        return (int)length;
    const int result = tr_frame_read(&letter, frame, length);
    if (result < 0)
        return result;
    if (letter.source > TR_MAX_NODE_ID)
        return -TR_DROP_MALFORMED;
    if (letter.source == config->node_id)
        return -TR_DROP_OWN_ID;
    return letter.destination == config->node_id || letter.destination == TR_BROADCAST ? (int)length : 0;
}

int tr_seal_open(tr_seal_t *seal, uint8_t *frame, size_t length, uint32_t now_ms)
{
    const tr_seal_config_t *config = seal->config;
    if (tr_seal_is_open(seal))
        return open_letter(config, frame, length);
    if (length > TR_MAX_FRAME_BYTES)
        return -TR_DROP_OVERSIZED;
    if (length < TR_HEADER_BYTES + TR_CRC_BYTES)
        return -TR_DROP_TRUNCATED;
    if (frame[0] & VERSION_MASK) /* TR_WIRE_VERSION is 0 */
        return -TR_DROP_WIRE_VERSION;
    if (!(frame[0] & TR_SEALED_BIT))
        return -TR_DROP_OPEN;
    tr_sealed_t sealed = {.frame = frame, .shows_life = shows_life(frame)};
    if (length < TR_HEADER_BYTES + TR_CCM_TAG_BYTES + (sealed.shows_life ? TR_LIFE_BYTES : 0u))
        return -TR_DROP_TRUNCATED;
    sealed.length = (uint8_t)(length - TR_CCM_TAG_BYTES);
    sealed.source = tr_get_u16(frame + SOURCE_AT);
    if (sealed.source == config->node_id)
        return -TR_DROP_OWN_ID;
    if (sealed.source > TR_MAX_NODE_ID)
        return -TR_DROP_MALFORMED;
    const uint16_t destination = tr_get_u16(frame + DESTINATION_AT);
    sealed.is_to_all = destination == TR_BROADCAST;
    sealed.is_mine = sealed.is_to_all || destination == config->node_id;
    /* Of what is for others nothing is to be learned of letters, nor of proofs. */
    if (!sealed.is_mine && (!config->overhears || destination == TR_HOST || sealed.shows_life ||
                            (frame[0] & TYPE_MASK) == TR_LETTER))
        return 0;
    tr_seal_pass_time(seal, now_ms);
    return judge(seal, &sealed);
}

/* --- frames to send --- */

bool tr_seal_name(tr_seal_t *seal)
{
    tr_put_u16(seal->nonce, seal->config->node_id);
    return tr_long_counter_take(&seal->counter, seal->config->reserve, seal->config->context,
                                seal->nonce + TR_NONCE_NUMBER_AT);
}

void tr_seal_head(const tr_seal_t *seal, uint8_t *frame, uint8_t type, uint16_t destination)
{
    frame[0] = type;
    tr_put_u16(frame + SOURCE_AT, seal->config->node_id);
    tr_put_u16(frame + DESTINATION_AT, destination);
}

uint8_t tr_seal_encrypt(tr_seal_t *seal, uint8_t *frame, uint8_t length)
{
    /* Of the node's own frames those for the host are under its own key. */
    const enum tr_key key = tr_get_u16(frame + DESTINATION_AT) == TR_HOST ? TR_KEY_NODE : TR_KEY_NETWORK;
    memcpy(frame + COUNTER_AT, seal->nonce + TR_NONCE_NUMBER_AT + TR_LIFE_BYTES,
           TR_NUMBER_BYTES - TR_LIFE_BYTES);
    if (tr_seal_is_open(seal)) {
        tr_put_u16(frame + length, tr_crc16(frame, length));
        return (uint8_t)(length + TR_CRC_BYTES);
    }
    frame[0] |= TR_SEALED_BIT;
    return crypt(seal, key, frame, length, true) ? (uint8_t)(length + TR_CCM_TAG_BYTES) : 0;
}

uint8_t tr_seal_close(tr_seal_t *seal, uint8_t *frame, uint8_t length)
{
    return tr_seal_name(seal) ? tr_seal_encrypt(seal, frame, (uint8_t)(length - TR_CRC_BYTES)) : 0;
}
