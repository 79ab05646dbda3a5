/*
 * Kernel stacks: made once, and kept for the next thread.
 *
 * A stack is an area with a hole below it. To unmap one, every processor would have to
 * forget it, which only lab 4's interrupts can bring about; until then a stack goes
 * back into a cache, and lab 4 takes them out when memory is short. When a test wants its pages
 * counted, stack_drain makes every processor forget by running a thread on it.
 */
#pragma once
#include <stdint.h>

/* stack_alloc: THREAD_STACK bytes; its lowest byte, or NULL. Not zeroed. May sleep. */
void *stack_alloc(void);

/* stack_free: nobody runs on it, or will: not the caller, above all (asserted). Never sleeps. */
void stack_free(void *stack);

/* stack_check: debug builds panic if the lowest word of a stack is not what stack_alloc left there;
 * NULL is passed over. */
#ifdef DEBUG
void stack_check(const void *stack);
#else
static inline void stack_check(const void *stack)
{
	(void)stack;
}
#endif

/*
 * stack_shrink: give kept ones back until so many pages have come of it, or none is left; how many
 * have. A shrinker (lab2-memory/page/shrinker.h), but only where tlb_flush makes all processors
 * forget. May sleep; takes the areas' lock, whose holders never ask for memory.
 */
uint64_t stack_shrink(uint64_t pages);

/* stack_drain: give the kept ones back, except those that its own threads need. May sleep; nothing
 * else makes areas meanwhile. */
void stack_drain(void);
