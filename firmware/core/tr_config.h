/*
 * How much a node can hold, and what it need not be able to do. Each number costs RAM, of which the Uno has 2
 * KB; a larger machine compiles the core with larger ones (-DTR_MAX_CHILDREN=32). The bytes given are those
 * of an AVR.
 */
#ifndef TR_CONFIG_H
#define TR_CONFIG_H

/* Children; 13 bytes each. Whoever finds no place seeks another parent, and the tree grows deeper. */
#ifndef TR_MAX_CHILDREN
#define TR_MAX_CHILDREN 5
#endif

/* Aggregates in the children's reports of a round; 8 bytes each. A report that finds no place is refused. */
#ifndef TR_MAX_REPORTED
#define TR_MAX_REPORTED (2 * TR_MAX_CHILDREN)
#endif

/* Frames that wait to be sent; 9 bytes each. An offer to a neighbour for each place in the child table, and a
 * few of the node's own. */
#ifndef TR_OUTBOX_FRAMES
#define TR_OUTBOX_FRAMES 7
#endif

/* Link items to hand on; 5 bytes each. PROTOCOL.md 6.5 says 8. */
#ifndef TR_LINK_QUEUE
#define TR_LINK_QUEUE 8
#endif

/* Peers of a ring or of a polled network; 17 bytes each, and 13 more in a polled one. */
#ifndef TR_MAX_PEERS
#define TR_MAX_PEERS 16
#endif

/* Their frames to be sent at once; 3 bytes each. */
#ifndef TR_READY_FRAMES
#define TR_READY_FRAMES 6
#endif

/* Neighbours whose long counter is proven, in a sealed network; 13 bytes each. PROTOCOL.md 10.3 says 12. */
#ifndef TR_MAX_SENDERS
#define TR_MAX_SENDERS 12
#endif

/* CHALLENGEs and RESPONSEs under way; 14 bytes each. PROTOCOL.md 10.3 says 2 and 4. */
#ifndef TR_MAX_CHALLENGES
#define TR_MAX_CHALLENGES 2
#endif
#ifndef TR_MAX_RESPONSES
#define TR_MAX_RESPONSES 4
#endif

/* Letters by which copies are known; 2 bytes each. PROTOCOL.md 14.1 says 16. */
#ifndef TR_MAX_KNOWN_LETTERS
#define TR_MAX_KNOWN_LETTERS 16
#endif

/* Letters that wait to be passed on, and the longest; 5 bytes more each. PROTOCOL.md 14.1 says 1 and 61. */
#ifndef TR_MAX_LETTERS
#define TR_MAX_LETTERS 1
#endif

#ifndef TR_MAX_LETTER_BYTES
#define TR_MAX_LETTER_BYTES 61
#endif

/* 0: a seal, and letters, are of a network with keys. */
#ifndef TR_CAN_BE_OPEN
#define TR_CAN_BE_OPEN 0
#endif

/* Neighbours whose link a gateway knows; 11 bytes each. */
#ifndef TR_MAX_HEARD
#define TR_MAX_HEARD 16
#endif

/* Events that nobody has taken; 5 bytes each. What one call can cause: every child lost, and why. */
#ifndef TR_MAX_EVENTS
#define TR_MAX_EVENTS (TR_MAX_CHILDREN + 1)
#endif

/* 0: a sink-tree node tells TR_EVENT_MEASUREMENT_DUE alone, for a board on which nobody reads the others. */
#ifndef TR_ALL_EVENTS
#define TR_ALL_EVENTS 1
#endif

/* 0: a node that is never the root has no code for it. */
#ifndef TR_CAN_BE_ROOT
#define TR_CAN_BE_ROOT 1
#endif

/* 1: the timers are those of the default profile, as constants in the code, whatever the config says. */
#ifndef TR_FIXED_TIMING
#define TR_FIXED_TIMING 0
#endif

#endif
