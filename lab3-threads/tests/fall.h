/* A thread that runs off its stack, for tests of what is said then. */
#pragma once
#include <stdint.h>

/* The compiler cannot make a loop of it. */
static uint64_t fall(uint64_t depth)
{
	volatile uint64_t here = depth;

	return depth == UINT64_MAX ? 0 : fall(depth + 1) + here;
}

static void fall_for_ever(void *unused)
{
	(void)unused;
	fall(0);
}
