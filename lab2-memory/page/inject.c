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
	uint64_t left = __atomic_load_n(&countdown, __ATOMIC_RELAXED);

	while (left && !__atomic_compare_exchange_n(&countdown, &left, left - 1, false,
			       __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	return left == 1;
}
#endif
