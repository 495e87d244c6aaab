/* For the core's own use. */
#ifndef TR_INLINE_H
#define TR_INLINE_H

/* Before a function: it stays one, for all its callers. On an AVR, where numbers of 16 and 32 bits are many
 * instructions, a copy of it is longer than a call; GCC makes copies all the same. Which functions gain was
 * measured. */
#ifdef __AVR__
#define TR_OUTLINE __attribute__((noinline, noclone))
#else
#define TR_OUTLINE
#endif

/* Before a function that is shorter than a call of it. */
#ifdef __AVR__
#define TR_INLINE static inline __attribute__((always_inline))
#else
#define TR_INLINE static inline
#endif

#endif
