/* Generated from protocol/ by `make constants`; do not edit. */
#ifndef TR_CONSTANTS_H
#define TR_CONSTANTS_H

#include <stdint.h>

/* PROTOCOL.md sections 1 and 2. */
#define TR_WIRE_VERSION 0u
#define TR_HEADER_BYTES 8u
#define TR_CRC_BYTES 2u
#define TR_MAX_PAYLOAD_BYTES 88u
#define TR_MAX_FRAME_BYTES 104u
#define TR_MAX_AGGREGATES 5u
#define TR_MAX_LINKS 5u
#define TR_SEALED_BIT 0x80u
#define TR_BROADCAST 0xffffu
#define TR_HOST 0xfffeu
#define TR_MAX_NODE_ID 0xfffdu
#define TR_NO_HOP_COUNT 0xffu
#define TR_MAX_U24 UINT32_C(0xffffff)
#define TR_METRIC_MASK 0x3fu
#define TR_ITEM_LINK 0xc0u
#define TR_ITEM_DOUBT 0xc1u
#define TR_SYNC_BYTES 9u
#define TR_AGGREGATE_BYTES 9u
#define TR_LINK_BYTES 5u
#define TR_DOUBT_BYTES 2u
#define TR_ACK_BYTES 11u
#define TR_DEPTH_BYTES 1u
#define TR_HELP_BYTES 3u
#define TR_DURATION_BYTES 3u
#define TR_SATURATED 0xffffu
#define TR_NO_NODE 0xffffu
#define TR_METRIC_TEMPERATURE 0u
#define TR_METRIC_HUMIDITY 1u
#define TR_METRIC_SOIL_MOISTURE 2u
#define TR_METRIC_SOIL_TEMPERATURE 3u
#define TR_METRIC_WIND_SPEED 4u

enum tr_frame_type {
    TR_DISCOVERY = 1,
    TR_DISC_ACK = 2,
    TR_DISC_ACK_ACK = 3,
    TR_DEPTH = 4,
    TR_DATA = 5,
    TR_DATA_ACK = 6,
    TR_HELP = 7,
    TR_HELP_ACK = 8,
    TR_HELP_ACK_DATA = 9,
    TR_HELP_CONFIRM = 10,
    TR_RESULT = 11,
};

/* PROTOCOL.md section 8. */
enum tr_drop_reason {
    TR_DROP_FRAMING = 1,
    TR_DROP_OVERSIZED = 2,
    TR_DROP_TRUNCATED = 3,
    TR_DROP_WIRE_VERSION = 4,
    TR_DROP_CHECKSUM = 5,
    TR_DROP_SEALED = 6,
    TR_DROP_UNKNOWN_TYPE = 7,
    TR_DROP_MALFORMED = 8,
    TR_DROP_OWN_ID = 9,
    TR_DROP_STATE = 10,
    TR_DROP_NOT_A_CHILD = 11,
    TR_DROP_STALE_VERSION = 12,
    TR_DROP_TABLE_FULL = 13,
    TR_DROP_NOT_FEASIBLE = 14,
    TR_DROP_QUEUE_FULL = 15,
};

/* PROTOCOL.md 5.4, 6.5 and section 7. */
#define TR_FRESH_PERIODS 4u
#define TR_FORGET_PERIODS 8u
#define TR_HISTORY_ROUNDS 8u
#define TR_FULL_QUALITY 255u
#define TR_RENEWAL_ROUNDS 16u
#define TR_MAX_PERIOD_MS UINT32_C(7200000)
#define TR_DEFAULT_PERIOD_MS 5000u
#define TR_DEFAULT_DISCOVERY_MS 3000u
#define TR_DEFAULT_JITTER_MS 100u
#define TR_DEFAULT_ACK_TIMEOUT_MS 250u
#define TR_DEFAULT_MAX_RETRIES 3u
#define TR_DEFAULT_LISTEN_MS 1000u
#define TR_DEFAULT_HELP_WAIT_MS 400u
#define TR_DEFAULT_HELP_WAIT_LIMIT_MS 8000u
#define TR_DEFAULT_LEAF_WAIT_MS 800u
#define TR_DEFAULT_MISSED_ROUNDS 2u

#endif
