/*
 * An array with holes: 64-bit indexes to pointers, in a tree of 64-fold nodes.
 *
 * It is as deep as the largest index asks for, like page tables, and takes no
 * memory for what is not there. Its owner brings the lock.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct radix {
	void *root;      /* NULL if it is empty; else a node */
	unsigned levels; /* of nodes; indexes are below 64^levels */
};

/* An empty one is all zero. */
#define RADIX_INIT                                                                                 \
	{                                                                                          \
		0                                                                                  \
	}

/* radix_init: make the cache of nodes. Once, before the first radix_set. */
void radix_init(void);

/* radix_get: what stands there; NULL if nothing does. */
void *radix_get(const struct radix *radix, uint64_t index);

/*
 * radix_set: put a value (not NULL) there, in the place of what is there. 0, or -ENOMEM: nothing
 * has changed then. Never sleeps.
 */
int radix_set(struct radix *radix, uint64_t index, void *value);

/* radix_clear: empty one place; returns what stood there. Nodes left empty are freed. */
void *radix_clear(struct radix *radix, uint64_t index);

/*
 * radix_next: the lowest index at or above *index at which something stands; NULL if there is none.
 * *index is then where it is.
 */
void *radix_next(const struct radix *radix, uint64_t *index);
