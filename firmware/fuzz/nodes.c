/*
 * The nodes of all three networks under libFuzzer. The first byte chooses network and role; then come steps:
 * a byte of how much time goes by, a byte of how long a frame is (0: the sensor answers; 255: the node
 * leaves), and the frame without its CRC, which is given here. What the node sends must be frames, and it
 * must come to rest after every call.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tr_frame.h"
#include "tr_node.h"
#include "tr_polling.h"
#include "tr_ring.h"

enum {
    NODE_ID = 7,
    MOST_FRAMES = 1024, /* that one call may cause */
    MOST_ALARMS = 16,
    LEAVE = 255,
    LONG_STEP = 128, /* from here on a step of time is LONG_FACTOR times longer */
    LONG_FACTOR = 32,
};

static const uint32_t START_MS = 0xFFFFF000u; /* the clock wraps soon */

static union {
    tr_node_t tree;
    tr_ring_t ring;
    tr_polling_t polling;
} node;

static tr_node_config_t tree_config;
static tr_ring_config_t ring_config;
static tr_polling_config_t polling_config;

typedef struct tr_calls {
    void (*receive)(const uint8_t *bytes, size_t length, uint32_t now_ms);
    void (*handle_timer)(uint32_t now_ms);
    bool (*measure)(uint16_t version, const tr_reading_t *readings, uint8_t count, uint32_t now_ms);
    void (*leave)(uint32_t now_ms);
    uint32_t (*wait_ms)(uint32_t now_ms);
    int (*next_frame)(uint32_t now_ms, uint8_t *bytes, size_t capacity, enum tr_link_name *link);
    bool (*next_event)(tr_event_t *event);
} tr_calls_t;

#define TR_CALLS(prefix, member)                                                                             \
    static void member##_receive(const uint8_t *bytes, size_t length, uint32_t now_ms)                       \
    {                                                                                                        \
        prefix##_receive(&node.member, bytes, length, now_ms);                                               \
    }                                                                                                        \
    static void member##_handle_timer(uint32_t now_ms)                                                       \
    {                                                                                                        \
        prefix##_handle_timer(&node.member, now_ms);                                                         \
    }                                                                                                        \
    static bool member##_measure(uint16_t version, const tr_reading_t *readings, uint8_t count,              \
                                 uint32_t now_ms)                                                            \
    {                                                                                                        \
        return prefix##_measure(&node.member, version, readings, count, now_ms);                             \
    }                                                                                                        \
    static void member##_leave(uint32_t now_ms)                                                              \
    {                                                                                                        \
        prefix##_leave(&node.member, now_ms);                                                                \
    }                                                                                                        \
    static uint32_t member##_wait_ms(uint32_t now_ms)                                                        \
    {                                                                                                        \
        return prefix##_wait_ms(&node.member, now_ms);                                                       \
    }                                                                                                        \
    static int member##_next_frame(uint32_t now_ms, uint8_t *bytes, size_t capacity,                         \
                                   enum tr_link_name *link)                                                  \
    {                                                                                                        \
        return prefix##_next_frame(&node.member, now_ms, bytes, capacity, link);                             \
    }                                                                                                        \
    static bool member##_next_event(tr_event_t *event)                                                       \
    {                                                                                                        \
        return prefix##_next_event(&node.member, event);                                                     \
    }                                                                                                        \
    static const tr_calls_t member##_calls = {                                                               \
        member##_receive, member##_handle_timer, member##_measure,    member##_leave,                        \
        member##_wait_ms, member##_next_frame,   member##_next_event,                                        \
    };

TR_CALLS(tr_node, tree)
TR_CALLS(tr_ring, ring)
TR_CALLS(tr_polling, polling)

static bool is_measuring;
static uint16_t measured_version;

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static const tr_calls_t *start(uint8_t choice)
{
    is_measuring = false;
    memset(&node, 0, sizeof node);
    switch (choice % 4) {
    case 0:
    case 1:
        tree_config = tr_node_config_default(NODE_ID, choice);
        tree_config.is_root = choice % 4 == 1;
        check(tr_node_init(&node.tree, &tree_config, START_MS) == 0);
        return &tree_calls;
    case 2:
        ring_config = tr_ring_config_default(NODE_ID, choice);
        ring_config.readings_asked = choice >= 128;
        check(tr_ring_init(&node.ring, &ring_config, START_MS) == 0);
        return &ring_calls;
    default:
        polling_config = tr_polling_config_default(NODE_ID, choice);
        check(tr_polling_init(&node.polling, &polling_config, START_MS) == 0);
        return &polling_calls;
    }
}

static void take_events(const tr_calls_t *calls)
{
    tr_event_t event;
    while (calls->next_event(&event)) {
        if (event.kind == TR_EVENT_MEASUREMENT_DUE) {
            is_measuring = true;
            measured_version = event.value;
        }
    }
}

static void take_frames(const tr_calls_t *calls, uint32_t now_ms)
{
    uint8_t bytes[TR_MAX_FRAME_BYTES];
    enum tr_link_name link;
    int length = 0;
    take_events(calls);
    for (int sent = 0; (length = calls->next_frame(now_ms, bytes, sizeof bytes, &link)) != 0; sent++) {
        check(sent < MOST_FRAMES && length > 0);
        tr_frame_t frame;
        check(tr_frame_read(&frame, bytes, (size_t)length) == 0 && frame.source == NODE_ID);
        take_events(calls);
    }
}

static void let_time_pass(const tr_calls_t *calls, uint32_t *now_ms, uint32_t step_ms)
{
    const uint32_t end_ms = *now_ms + step_ms;
    uint32_t wait_ms = 0;
    int alarms = 0; /* at the same time */
    while ((wait_ms = calls->wait_ms(*now_ms)) <= end_ms - *now_ms) {
        alarms = wait_ms == 0 ? alarms + 1 : 0;
        check(alarms < MOST_ALARMS);
        *now_ms += wait_ms;
        calls->handle_timer(*now_ms);
        take_frames(calls, *now_ms);
    }
    *now_ms = end_ms;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const tr_reading_t readings[] = {{0, 61}, {1, 120}};
    if (size == 0) {
        return 0;
    }
    const tr_calls_t *calls = start(data[0]);
    uint32_t now_ms = START_MS;
    size_t at = 1;
    while (size - at >= 2) {
        const uint8_t step = data[at];
        const size_t length = data[at + 1];
        at += 2;
        let_time_pass(calls, &now_ms, step < LONG_STEP ? step : (step - LONG_STEP) * (uint32_t)LONG_FACTOR);
        if (length == LEAVE) {
            calls->leave(now_ms);
        } else if (length == 0 && is_measuring) {
            is_measuring = false;
            calls->measure(measured_version, readings, 1 + step % 2, now_ms);
        } else if (length > 0 && length <= TR_MAX_FRAME_BYTES - TR_CRC_BYTES && length <= size - at) {
            uint8_t *frame = malloc(length + TR_CRC_BYTES);
            check(frame != NULL);
            memcpy(frame, data + at, length);
            const uint16_t crc = tr_crc16(frame, length);
            frame[length] = (uint8_t)(crc >> 8);
            frame[length + 1] = (uint8_t)crc;
            calls->receive(frame, length + TR_CRC_BYTES, now_ms);
            free(frame);
            at += length;
        }
        take_frames(calls, now_ms);
    }
    return 0;
}
