/* Failing on purpose: see inject.h. */
#include "lab2-memory/page/inject.h"

#ifdef DEBUG
static uint64_t countdown; /* 0: nothing is to fail */

void inject_failure(uint64_t count)
{
	__atomic_store_n(&countdown, count, __ATOMIC_RELAXED);
}

bool inject_pending(void)
{
	return __atomic_load_n(&countdown, __ATOMIC_RELAXED);
}

bool inject_fails(void)
{
	return inject_pending() && __atomic_fetch_sub(&countdown, 1, __ATOMIC_RELAXED) == 1;
}
#endif
