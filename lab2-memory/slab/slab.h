/*
 * Object caches: memory in pieces of one size, cut from slabs of pages.
 *
 * A slab is a block of pages filled with objects side by side; its free objects
 * form a list inside themselves. A cache has a list of slabs with some objects
 * free; a full slab is in no list, and of the empty ones a single one is kept.
 * In front of the slabs every processor has a few free objects of its own.
 *
 * Debug builds put red zones around every object and poison into the free ones
 * (debug.h); what they find they report with the addresses that allocated and
 * freed the object.
 *
 * Read more: Bonwick, "The slab allocator", USENIX Summer 1994; Bonwick and
 * Adams, "Magazines and Vmem", USENIX 2001.
 */
#pragma once
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/lib/list.h"
#include "lab1-boot/lock/spinlock.h"
#include "lab2-memory/page/page.h"

#define SLAB_FRONT 16 /* objects that a processor keeps for a cache */

/* One processor's free objects. Key: [lock]; another processor takes it only to drain. */
struct slab_front {
	struct spinlock lock;
	unsigned count;           /* [lock] */
	void *object[SLAB_FRONT]; /* [lock] */
} __attribute__((aligned(64)));

/*
 * Key: [I] after slab_cache_init, [lock].
 *
 * A slab's state is its head page: word[0] is the cache, word[1] the first free object, word[2] how
 * many objects are out (allocated, or in a front). On its way from empty to full and back it is in
 * the list partial whenever an object is free, and linked there by page->link.
 */
struct slab_cache {
	const char *name; /* [I] */
	size_t bytes;     /* [I] what the user asked for */
	size_t stride;    /* [I] from one object to the next, red zones included */
	size_t offset;    /* [I] from where a piece begins to its object: the left red zone */
	unsigned order;   /* [I] of a slab */
	unsigned objects; /* [I] in a slab */
	struct list link; /* [caches] among all caches */
	struct spinlock lock;
	struct list partial; /* [lock] slabs with a free object */
	unsigned slabs;      /* [lock] that there are */
	unsigned empty;      /* [lock] that have all objects free */
	uint64_t out;        /* [lock] objects that are in no slab: allocated or in a front */
	struct slab_front front[CPUS_MAX];
};

/*
 * slab_cache_init: an empty cache for objects of so many bytes (1 to 64 KiB), aligned to align (a
 * power of two up to 4096). The cache and its name stay the caller's memory. Never fails. Takes the
 * lock of the list of caches.
 */
void slab_cache_init(struct slab_cache *cache, const char *name, size_t bytes, size_t align);

/* slab_cache_destroy: give everything back; all objects have been freed (asserted). */
void slab_cache_destroy(struct slab_cache *cache);

/*
 * slab_alloc: an object, its content undefined without PAGE_ZERO; NULL if there is no memory. flags
 * as for page_alloc: may sleep without PAGE_NOWAIT. Takes the locks of a front, of the cache and
 * then the buddy's.
 */
void *slab_alloc(struct slab_cache *cache, unsigned flags);

/*
 * slab_free: give an object back to the cache that it came from; NULL is passed over. Debug builds
 * panic on an object of another cache, on one that is free, and on damage around it. Never sleeps.
 */
void slab_free(struct slab_cache *cache, void *object);

/* slab_drain: empty all fronts of all caches and free their empty slabs; returns the pages. */
uint64_t slab_drain(void);

/* slab_used: how many objects of all caches are allocated now. */
uint64_t slab_used(void);

/* slab_cache_of: the cache that the object at this address belongs to; NULL if it is in no slab. */
struct slab_cache *slab_cache_of(const void *object);

/*
 * slab_caches_each: call visit for every cache, in the order of their making, until it returns
 * false. Holds the lock of the list: visit may not sleep, nor make or destroy a cache.
 */
void slab_caches_each(bool (*visit)(struct slab_cache *cache, void *context), void *context);
