/*
 * Who has memory: all pages and objects in use, by the address that allocated
 * them. Objects know it on debug builds only; without, slabs are left out.
 *
 * It takes no memory itself, so that it also works when there is none. For one
 * caller at a time: the monitor.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one address has allocated and nobody has freed. */
struct site {
	uint64_t address;      /* 0: this place in the table is not used */
	uint64_t count, bytes; /* now */
	uint64_t marked_count, marked_bytes;
	bool listed; /* by sites_next */
};

/*
 * sites_each: call visit for each page block and object in use: its address in the direct map, its
 * size in bytes, and the address that allocated it. Holds locks for objects: visit may not sleep,
 * allocate or print.
 */
void sites_each(void (*visit)(uint64_t memory, uint64_t bytes, uint64_t site, void *context),
	void *context);

/* sites_collect: count everything anew; returns how much found no place in the table. */
uint64_t sites_collect(void);

/* sites_mark: remember what sites_collect has counted; sites_forget: as if that had been nothing.
 */
void sites_mark(void);
void sites_forget(void);

/*
 * sites_next: of the sites that have grown since the mark, that with the most bytes more which was
 * not returned since sites_collect; NULL if there is none.
 */
const struct site *sites_next(void);
