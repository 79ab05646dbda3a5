/*
 * What the files of the slab allocator share: the slabs under a cache's fronts
 * (slab.c), and the ways in for kmalloc, which tells who asked, and for how much.
 *
 * Lock order: the list of caches, a front's, the cache's, the buddy's.
 */
#pragma once
#include "lab2-memory/slab/slab.h"

/* Of the pages that are slabs. Set and cleared with the cache's lock held. */
extern const struct page_owner slab_owner;

/* slab_object: the i-th object of a slab; the objects lie side by side, each in a piece of its own.
 */
static inline void *slab_object(const struct slab_cache *cache, const struct page *slab, unsigned i)
{
	return (char *)page_address(slab) + i * cache->stride + cache->offset;
}

/*
 * slab_link: where a free object keeps the next free one of its slab, NULL in the last. Nothing
 * else of a free object may be written to.
 */
static inline void **slab_link(const struct slab_cache *cache, void *object)
{
	return (void **)((char *)object - cache->offset);
}

/*
 * slab_make: a new slab for the cache, a block of cache->order pages: all cache->objects objects
 * are free, its words are set (slab.h), and it is in no list and not counted yet. NULL if there is
 * no memory. flags as for page_alloc. The caller holds no lock of the cache.
 */
struct page *slab_make(struct slab_cache *cache, unsigned flags);

/* slab_unmake: give back the pages of an empty slab that is in no list. Takes the buddy's lock. */
void slab_unmake(struct page *slab);

/* slab_add: list a slab that was just made, and count it. Caller holds cache->lock. */
void slab_add(struct slab_cache *cache, struct page *slab);

/*
 * slab_take: an object of the slabs that there are, NULL if none of them has a free one. An empty
 * slab is broken into only if no other has a free object. Caller holds cache->lock.
 */
void *slab_take(struct slab_cache *cache);

/*
 * slab_put: give an object back to its slab. If that leaves the cache with a second empty slab, one
 * of the two is unlisted and unmade. Caller holds cache->lock.
 */
void slab_put(struct slab_cache *cache, void *object);

/* slab_trim: unlist and unmake all empty slabs of the cache. Caller holds cache->lock. */
void slab_trim(struct slab_cache *cache);

/*
 * slab_alloc_at: slab_alloc for who asked, at the address site, for so many of the cache's bytes.
 * slab_free_at: slab_free, called from the address site.
 */
void *slab_alloc_at(struct slab_cache *cache, size_t asked, unsigned flags, uint64_t site);
void slab_free_at(struct slab_cache *cache, void *object, uint64_t site);

/*
 * slab_cache_drain: give all that the fronts keep, and then the empty slabs, back; returns how many
 * pages. Never sleeps.
 */
uint64_t slab_cache_drain(struct slab_cache *cache);

/* slab_kept: how many objects wait in the cache's fronts, about. */
unsigned slab_kept(const struct slab_cache *cache);

/*
 * slab_visit: if the page heads a slab, call visit with the locks of the list of caches and of its
 * cache held. Takes both.
 */
void slab_visit(struct page *page,
	void (*visit)(struct slab_cache *cache, struct page *slab, void *context), void *context);
