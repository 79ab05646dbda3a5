/*
 * Areas: the kernel's own virtual memory, for what has to be contiguous, or to
 * have a hole below it, or is no RAM at all.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* areas_init: once, after slab caches work and the kernel's map is made. */
void areas_init(void);

/*
 * area_alloc: so many bytes (rounded up to pages) of memory that is contiguous for us, not zeroed,
 * with an unmapped page below and behind it. NULL if there is no memory. May sleep.
 */
void *area_alloc(size_t bytes);

/* area_map: so many bytes of a device at any physical address, uncached; NULL if it fails. May
 * sleep. */
volatile void *area_map(uint64_t physical, size_t bytes);

/*
 * area_free: give an area of either kind back; NULL is passed over. May sleep. Before lab 4's
 * remote flush only while one processor runs: that is why kernel stacks are cached, and not freed.
 */
void area_free(volatile void *area);
