/*
 * How much a node can hold. Each number costs RAM, of which the Uno has 2 KB; a larger machine compiles the
 * core with larger ones (-DTR_MAX_CHILDREN=32). The bytes given are those of an AVR.
 */
#ifndef TR_CONFIG_H
#define TR_CONFIG_H

/* Children; 54 bytes each. Whoever finds no place seeks another parent, and the tree grows deeper. */
#ifndef TR_MAX_CHILDREN
#define TR_MAX_CHILDREN 8
#endif

/* Frames that wait to be sent; 9 bytes each. An offer to a neighbour for each place in the child table, and a
 * few of the node's own. */
#ifndef TR_OUTBOX_FRAMES
#define TR_OUTBOX_FRAMES 12
#endif

/* Link items to hand on; 5 bytes each. PROTOCOL.md 6.5 says 8. */
#ifndef TR_LINK_QUEUE
#define TR_LINK_QUEUE 8
#endif

/* Peers of a ring or of a polled network; 17 bytes each. */
#ifndef TR_MAX_PEERS
#define TR_MAX_PEERS 16
#endif

/* Their frames to be sent at once; 3 bytes each. */
#ifndef TR_READY_FRAMES
#define TR_READY_FRAMES 6
#endif

/* Events that nobody has taken; 5 bytes each. What one call can cause: every child lost, and a few more. */
#ifndef TR_MAX_EVENTS
#define TR_MAX_EVENTS (TR_MAX_CHILDREN + 4)
#endif

#endif
