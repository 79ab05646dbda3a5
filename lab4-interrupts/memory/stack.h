/*
 * A stack grows when it is touched below where it ends, down to RLIMIT_STACK, within RLIMIT_AS.
 *
 * It is the region that ends at memory->stack_top. Between it and whatever lies below at least
 * STACK_GAP stays free (unless a program maps something there with MAP_FIXED, and has it so), so
 * that who runs over his stack's end by a big array faults there instead of writing into somebody
 * else's memory.
 *
 * Read more: "The Stack Clash" (Qualys, 2017), for why the gap is so large.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define STACK_GAP (1ul << 20) /* bytes, as Linux */

struct memory;

/* memory_near_stack: whether such a range reaches into the gap below the stack as it is now: mmap
 * passes over a hint to there. May sleep. Takes the space's lock. */
bool memory_near_stack(struct memory *memory, uint64_t address, uint64_t bytes);

/* memory_grow_stack: let the stack reach down to the address, where there is no region: true if it
 * does now; false beyond the calling process's limits, too near to another region, or without
 * memory. May sleep. Takes the space's lock. */
bool memory_grow_stack(struct memory *memory, uint64_t address);
