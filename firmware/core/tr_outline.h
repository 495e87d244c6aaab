/* For the core's own use. */
#ifndef TR_OUTLINE_H
#define TR_OUTLINE_H

/* Before a function: it stays one, for all its callers. On an AVR, where numbers of 16 and 32 bits are many
 * instructions, a copy of it is longer than a call; GCC makes copies all the same. Which functions gain was
 * measured. */
#ifdef __AVR__
#define TR_OUTLINE __attribute__((noinline, noclone))
#else
#define TR_OUTLINE
#endif

#endif
