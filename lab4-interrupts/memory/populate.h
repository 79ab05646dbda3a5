/*
 * Having pages before anybody touches them: MAP_POPULATE, mlock, madvise.
 */
#pragma once
#include <stdint.h>

struct memory;

enum populate {
	POPULATE_BEST, /* what can be had, for writing where that is allowed; errors mean nothing */
	POPULATE_READ, /* for reading */
	POPULATE_WRITE, /* for writing */
};

/*
 * memory_populate: fault all pages of the range in (multiples of the page size). 0; -ENOMEM: part
 * of it is not mapped, or there is no memory; -EFAULT: a page cannot be had; -EINTR: the task has
 * been told to end. May sleep.
 */
int memory_populate(struct memory *memory, uint64_t address, uint64_t bytes, enum populate how);
