/*
 * Shrinkers: whoever keeps memory that it could do without says so in a row.
 *
 *   SHRINKER("5", pagecache_shrink);
 *
 * When page_alloc finds nothing, and its caller may sleep, they are asked in the
 * order of their keys (a lab's number, so lower floors come first) until enough
 * has come back. A shrinker is called with no spin lock held. Its caller may
 * hold sleeping locks: it takes those of others with a trylock only. It may not
 * allocate without PAGE_NOWAIT.
 */
#pragma once
#include "lab1-boot/lib/rows.h"
#include <stdint.h>

struct shrinker {
	uint64_t (*shrink)(uint64_t pages); /* wanted; returns how many it gave back, about */
};
ROWS_DECLARE(shrinker, struct shrinker);
#define SHRINKER(key, function) ROW(shrinker, "." key, shrinker_##function) = { function }
