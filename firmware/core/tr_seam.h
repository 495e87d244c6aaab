/* What the nodes of all networks have in common at their seam (PROTOCOL.md section 4). */
#ifndef TR_SEAM_H
#define TR_SEAM_H

#include <stdint.h>

/* Negative results of the calls of a node. Drop reasons are the smaller negative numbers. */
enum tr_error {
    TR_ERROR_CONFIG = -64,   /* a value of the node's config is out of its range */
    TR_ERROR_CAPACITY = -65, /* the buffer may be too short for a frame */
};

/* Where a frame goes: to the node's neighbours, or to whoever watches the root. */
enum tr_link_name {
    TR_LINK_AIR = 0,
    TR_LINK_HOST = 1,
};

typedef struct tr_reading {
    uint8_t metric; /* 0 to 63 */
    uint8_t raw;
} tr_reading_t;

#endif
