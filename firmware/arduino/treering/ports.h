// HOST and AIR (PROTOCOL.md section 15). A board with one port has its neighbours on it, and its host too.

#ifndef TREERING_PORTS_H
#define TREERING_PORTS_H

#include "network.h"

// Whether the board has two ports: boards whose chip can, do.
#ifndef TR_GATEWAY
#if defined(__AVR_ATmega328P__)
#define TR_GATEWAY 0
#else
#define TR_GATEWAY 1
#endif
#endif

constexpr uint32_t DEFAULT_BAUD = 115200;

// `own_id` is the gateway's.
void ports_begin(uint32_t air_baud, uint16_t own_id);

// To be called in every pass of the loop.
void ports_serve();

// Whether the one buffer is free, and there is room for a frame.
bool ports_are_free();

// Whether something has come in that ports_receive() has not seen yet.
bool ports_have_news();

// The next frame that came in: it is at stream + 1 (of TR_MAX_STREAM_BYTES). Returns its length, 0: there is
// none.
uint8_t ports_receive(uint8_t *stream);

// Sends the frame at stream + 1. The buffer is not free until that is done.
void ports_send(uint8_t *stream, uint8_t length, enum tr_link_name link);

#if TR_GATEWAY
constexpr uint8_t HEARD_BYTES = 6;

// The payload of the HEARD that follows the frame just received. False: there is none to be sent.
bool ports_take_heard(uint8_t *payload);
#endif

#endif
