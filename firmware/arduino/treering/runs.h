// Runs of bytes that come in, until a delimiter ends each (PROTOCOL.md section 3): they wait in a ring until
// they are whole, so that one buffer does for a frame that is received and one that is sent.

#ifndef TREERING_RUNS_H
#define TREERING_RUNS_H

#include "core.h"

// A largest run, and what 115200 baud brings within 4.5 ms: while a frame is worked on.
#ifndef TR_RING_BYTES
#define TR_RING_BYTES 160
#endif

// One for each `PORT`. put() may be called by an interrupt, the others not.
template <uint8_t PORT> class Runs {
public:
    static void put(uint8_t byte)
    {
        const uint8_t after = following(head);
        if (after == tail) {
            head = run_begin; // no room: the run that grows is lost
            is_skipping = byte != 0;
        } else if (is_skipping) {
            is_skipping = byte != 0;
        } else {
            ring[head] = byte;
            head = after;
            if (byte == 0) {
                run_begin = after;
            }
        }
    }

    // Whether a run has been ended.
    static bool has_one() { return tail != run_begin; }

    // Takes the next run and decodes it: the frame is at stream + 1 (of TR_MAX_STREAM_BYTES). Returns its
    // length; 0 if the run was empty or no COBS, or if there is none.
    static uint8_t take(uint8_t *stream)
    {
        uint8_t length = 0;
        uint8_t group_left = 1;
        uint8_t byte;
        while (has_one() && (byte = take_byte()) != 0) {
            if (--group_left == 0) {
                group_left = byte;
                byte = 0; // a code stands for a zero, but the first one, which comes before the frame
            }
            if (length < TR_MAX_ENCODED_BYTES) {
                stream[length] = byte;
            }
            length++;
        }
        return length == 0 || length > TR_MAX_ENCODED_BYTES || group_left != 1 ? 0 : length - 1;
    }

private:
    static uint8_t following(uint8_t at) { return at == TR_RING_BYTES - 1 ? 0 : at + 1; }

    static uint8_t take_byte()
    {
        const uint8_t byte = ring[tail];
        tail = following(tail);
        return byte;
    }

    static uint8_t ring[TR_RING_BYTES];
    static volatile uint8_t head, tail, run_begin;
    static bool is_skipping; // until the end of a run that found no room
};

template <uint8_t PORT> uint8_t Runs<PORT>::ring[TR_RING_BYTES];
template <uint8_t PORT> volatile uint8_t Runs<PORT>::head;
template <uint8_t PORT> volatile uint8_t Runs<PORT>::tail;
template <uint8_t PORT> volatile uint8_t Runs<PORT>::run_begin;
template <uint8_t PORT> bool Runs<PORT>::is_skipping;

#endif
