#include "tr_seal.h"

#include <string.h>

#include "tr_bytes.h"
#include "tr_ccm.h"
#include "tr_constants.h"
#include "tr_frame.h"
#include "tr_seal_parts.h"
#include "tr_timer.h"

enum {
    SOURCE_AT = 1,
    SOURCE_BYTES = 2,
    DESTINATION_AT = 3,
    COUNTER_AT = 5,
    TYPE_MASK = 0x1f,
    VERSION_MASK = 0x60,
    HOP_COUNT_AT = -4, /* from the end of a sync */
};

/* For the host: sealed under the node key of their source. */
static bool is_host_type(uint8_t type)
{
    return type == TR_RESULT || type == TR_HEARD || type == TR_BOOT;
}

static bool shows_life(uint8_t type)
{
    return type == TR_CHALLENGE || type == TR_RESPONSE;
}

bool tr_seal_crypt(const tr_seal_config_t *config, enum tr_key which, const uint8_t *source,
                   const uint8_t *number, uint8_t *message, uint8_t clear_bytes, uint8_t secret_bytes,
                   bool seals)
{
    uint8_t key[TR_KEY_BYTES];
    uint8_t nonce[TR_CCM_NONCE_BYTES] = {0};
    if (!config->read_key(config->context, which, key))
        return false;
    memcpy(nonce, source, SOURCE_BYTES);
    memcpy(nonce + SOURCE_BYTES, number, TR_NUMBER_BYTES);
    if (!seals)
        return tr_ccm_open(key, nonce, message, clear_bytes, secret_bytes);
    tr_ccm_seal(key, nonce, message, clear_bytes, secret_bytes);
    return true;
}

/* A frame of `length` bytes, the tag's place included. */
static bool crypt(const tr_seal_config_t *config, enum tr_key which, uint8_t *frame, uint8_t length,
                  const uint8_t *number, bool seals)
{
    const uint8_t clear =
        shows_life(frame[0] & TYPE_MASK) ? TR_HEADER_BYTES + TR_LIFE_BYTES : TR_HEADER_BYTES;
    return tr_seal_crypt(config, which, frame + SOURCE_AT, number, frame, clear,
                         (uint8_t)(length - clear - TR_CCM_TAG_BYTES), seals);
}

/* --- frames received --- */

/* With the network key, or with the next one, which is the network key from then on. */
static bool decrypt(const tr_seal_config_t *config, uint8_t *frame, uint8_t length, const uint8_t *number)
{
    if (crypt(config, TR_KEY_NETWORK, frame, length, number, false))
        return true;
    if (!crypt(config, TR_KEY_NEXT_NETWORK, frame, length, number, false))
        return false;
    config->begin_epoch(config->context);
    return true;
}

/* Whether who sends that may: a way of hop count 0 is the root's (PROTOCOL.md 10.5). What is malformed is
 * left to the node. */
static bool is_allowed(const tr_seal_config_t *config, const tr_sealed_t *sealed)
{
    const uint8_t *end = sealed->frame + sealed->length - TR_CCM_TAG_BYTES;
    uint8_t way_bytes = TR_SYNC_BYTES;
    switch (sealed->type) {
    case TR_DATA_ACK:
    case TR_HELP_CONFIRM: way_bytes = TR_ACK_BYTES; break;
    case TR_DISCOVERY:
    case TR_DISC_ACK_ACK:
    case TR_HELP_ACK: break;
    default: return true;
    }
    if (sealed->length != TR_HEADER_BYTES + way_bytes + TR_CCM_TAG_BYTES || end[HOP_COUNT_AT] != 0)
        return true;
    for (uint8_t i = config->gateway_count; i-- > 0;) {
        if (config->gateways[i] == sealed->source)
            return true;
    }
    return config->gateway_count == 0;
}

/* What was decrypted becomes an open frame, or is the seal's own business. */
static int use(tr_seal_t *seal, const tr_sealed_t *sealed)
{
    const uint8_t length = (uint8_t)(sealed->length - TR_CCM_TAG_BYTES);
    if (shows_life(sealed->type)) {
        const bool is_response = sealed->type == TR_RESPONSE;
        const uint8_t asked_bytes = is_response ? TR_NUMBER_BYTES : 0;
        if (length != TR_HEADER_BYTES + TR_LIFE_BYTES + asked_bytes)
            return -TR_DROP_MALFORMED;
        return is_response ? tr_seal_on_response(seal, sealed) : tr_seal_on_challenge(seal, sealed);
    }
    if (!is_allowed(seal->config, sealed))
        return -TR_DROP_ROLE;
    sealed->frame[0] &= (uint8_t)~TR_SEALED_BIT;
    tr_put_u16(sealed->frame + length, tr_crc16(sealed->frame, length));
    return length + (int)TR_CRC_BYTES;
}

/* A frame that the node may have a use for. `is_mine`: it is for the node, or for all. */
static int judge(tr_seal_t *seal, tr_sealed_t *sealed, bool is_mine)
{
    tr_sender_t *sender = tr_senders_find(&seal->senders, sealed->source);
    const bool is_shown = shows_life(sealed->type);
    enum tr_judgement judgement = TR_NUMBER_UNPROVEN;
    int result = -TR_DROP_REPLAYED;
    memcpy(sealed->number, sealed->frame + TR_HEADER_BYTES, TR_LIFE_BYTES); /* found otherwise if not shown */
    memcpy(sealed->number + TR_LIFE_BYTES, sealed->frame + COUNTER_AT, TR_NUMBER_BYTES - TR_LIFE_BYTES);
    if (sender)
        judgement = tr_sender_judge(sender, sealed->number, is_shown);
    sealed->is_proven = judgement != TR_NUMBER_UNPROVEN;
    if (judgement == TR_NUMBER_SEEN)
        return result;
    if (!sealed->is_proven && !is_shown) {
        if (!is_mine)
            return 0;
        result = -TR_DROP_UNPROVEN;
    } else if (judgement != TR_NUMBER_TOO_OLD) {
        if (decrypt(seal->config, sealed->frame, sealed->length, sealed->number)) {
            if (sealed->is_proven)
                tr_senders_take(&seal->senders, sender, sealed->number);
            return use(seal, sealed);
        }
        result = -TR_DROP_TAG;
    }
    if (is_mine)
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
    tr_sealed_t sealed = {.frame = frame, .length = (uint8_t)length};
    if (seal->config->is_open)
        return open_letter(seal->config, frame, length);
    if (length > TR_MAX_FRAME_BYTES)
        return -TR_DROP_OVERSIZED;
    if (length < TR_HEADER_BYTES + TR_CRC_BYTES)
        return -TR_DROP_TRUNCATED;
    if (frame[0] & VERSION_MASK) /* TR_WIRE_VERSION is 0 */
        return -TR_DROP_WIRE_VERSION;
    if (!(frame[0] & TR_SEALED_BIT))
        return -TR_DROP_OPEN;
    sealed.type = frame[0] & TYPE_MASK;
    const bool is_shown = shows_life(sealed.type);
    if (length < TR_HEADER_BYTES + TR_CCM_TAG_BYTES + (is_shown ? TR_LIFE_BYTES : 0u))
        return -TR_DROP_TRUNCATED;
    sealed.source = tr_get_u16(frame + SOURCE_AT);
    if (sealed.source == seal->config->node_id)
        return -TR_DROP_OWN_ID;
    if (sealed.source > TR_MAX_NODE_ID)
        return -TR_DROP_MALFORMED;
    const uint16_t destination = tr_get_u16(frame + DESTINATION_AT);
    sealed.is_to_all = destination == TR_BROADCAST;
    const bool is_mine = sealed.is_to_all || destination == seal->config->node_id;
    if (is_host_type(sealed.type))
        return is_mine ? -TR_DROP_ROLE : 0;
    /* Of what is for others nothing is to be learned of letters, nor of proofs. */
    if (!is_mine &&
        (!seal->config->overhears || destination == TR_HOST || is_shown || sealed.type == TR_LETTER))
        return 0;
    seal->now_ms = now_ms;
    return judge(seal, &sealed, is_mine);
}

/* --- frames to send --- */

uint8_t tr_seal_encrypt(tr_seal_t *seal, uint8_t *frame, uint8_t length, const uint8_t *number)
{
    const enum tr_key key = is_host_type(frame[0]) ? TR_KEY_NODE : TR_KEY_NETWORK;
    memcpy(frame + COUNTER_AT, number + TR_LIFE_BYTES, TR_NUMBER_BYTES - TR_LIFE_BYTES);
    if (seal->config->is_open) {
        tr_put_u16(frame + length, tr_crc16(frame, length));
        return (uint8_t)(length + TR_CRC_BYTES);
    }
    frame[0] |= TR_SEALED_BIT;
    length = (uint8_t)(length + TR_CCM_TAG_BYTES);
    return crypt(seal->config, key, frame, length, number, true) ? length : 0;
}

bool tr_seal_take_number(tr_seal_t *seal, uint8_t *number)
{
    return tr_long_counter_take(&seal->counter, seal->config->reserve, seal->config->context, number);
}

uint8_t tr_seal_close(tr_seal_t *seal, uint8_t *frame, uint8_t length)
{
    uint8_t number[TR_NUMBER_BYTES];
    return tr_seal_take_number(seal, number)
               ? tr_seal_encrypt(seal, frame, (uint8_t)(length - TR_CRC_BYTES), number)
               : 0;
}
