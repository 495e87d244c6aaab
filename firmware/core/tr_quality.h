/* How well a gateway hears its neighbours: told by the gaps in their counters (PROTOCOL.md 15.2). */
#ifndef TR_QUALITY_H
#define TR_QUALITY_H

#include <stdint.h>

#include "tr_config.h"

#define TR_QUALITY_FRAMES 32u

typedef struct tr_quality_node {
    uint16_t id;
    uint32_t newest; /* counter of 24 bits */
    uint32_t heard;  /* bit i: the frame i before the newest */
    uint8_t sent;    /* of them, since the first one heard */
} tr_quality_node_t;

/* The one heard last stands first. All zero is empty. */
typedef struct tr_quality {
    uint8_t count;
    tr_quality_node_t nodes[TR_MAX_HEARD];
} tr_quality_t;

/* A frame was heard. Returns the quality of the link from its source: 1 to 255. Of more nodes than there are
 * places the one not heard for longest is forgotten. */
uint8_t tr_quality_heard(tr_quality_t *quality, uint16_t source, uint32_t counter);

#endif
