/*
 * Making allocations fail on purpose, by count: the way to see that running out
 * of memory is survived everywhere. On debug builds only.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifdef DEBUG
/* inject_failure: let the count-th allocation from now on fail, once (1: the next; 0: none). */
void inject_failure(uint64_t count);

/* inject_pending: whether that failure is still to come. */
bool inject_pending(void);

/* inject_fails: whether this allocation is to fail. For the allocators. */
bool inject_fails(void);
#else
static inline bool inject_fails(void)
{
	return false;
}
#endif
