/*
 * Debug builds: what is around an object, so that misuse is found and named.
 *
 *   piece                     object              asked     cache->bytes    stride
 *     | tag ... | bd bd bd .... | the user's ........ | bd bd ..... | .. bd bd |
 *
 * The bytes bd on both sides are the red zones; the right one begins right
 * behind the last byte that was asked for. A free object is filled with f5. The
 * tag in front of it all knows whether the object is alive and who allocated
 * and freed it. The allocator tells what happens to an object, and is told
 * nothing: what is wrong ends in a panic that names the object, its cache and
 * these addresses. In other builds there is no tag, and none of this costs.
 *
 * Read more: Serebryany et al., "AddressSanitizer", USENIX ATC 2012.
 */
#pragma once
#include "lab2-memory/slab/slab.h"

#ifdef DEBUG
#define SLAB_LEFT  48 /* bytes in front of an object at least, its tag included */
#define SLAB_RIGHT 16 /* and behind it */

#define SLAB_ALIVE 0xa11fe0b1u
#define SLAB_FREE  0xf4ee0b1eu

struct slab_tag {
	void *link;         /* slab_link's */
	uint32_t state;     /* SLAB_ALIVE or SLAB_FREE; [a] for slab_check_all */
	uint32_t asked;     /* bytes, up to the right red zone */
	uint64_t allocated; /* the address that it was last allocated from; 0: never was */
	uint64_t freed;     /* the same, freed */
};

/* slab_tag: the tag of an object of the cache. */
static inline struct slab_tag *slab_tag(const struct slab_cache *cache, const void *object)
{
	return (struct slab_tag *)((uint64_t)object - cache->offset);
}

/* slab_debug_made: a new slab's objects are free. */
void slab_debug_made(struct slab_cache *cache, struct page *slab);

/* slab_debug_unmake: a slab's pages are about to be freed: its objects must be free and unharmed.
 */
void slab_debug_unmake(struct page *slab);

/* slab_debug_alloc: an object goes out; it must be free and unharmed. */
void slab_debug_alloc(struct slab_cache *cache, void *object, size_t asked, uint64_t site);

/*
 * slab_debug_free: whether or not this is an object of the cache, somebody wants to free it. It
 * must be one, alive, with its red zones unharmed.
 */
void slab_debug_free(struct slab_cache *cache, void *object, uint64_t site);

/* slab_debug_resize: an object in use has another size, within cache->bytes; was checked before. */
void slab_debug_resize(struct slab_cache *cache, void *object, size_t asked, uint64_t site);

/* slab_debug_asked: how many bytes of an object may be used; it must be one that is in use. */
size_t slab_debug_asked(const struct slab_cache *cache, const void *object);

/*
 * The same for a large kmalloc of page->word[0] bytes: what is left of its last page is a red zone.
 * Made, and checked.
 */
void slab_debug_large(struct page *page);
void slab_debug_large_check(const struct page *page);

/*
 * slab_check_all: every object of every cache is unharmed, and a free one has not been written to,
 * or the kernel panics; returns how many objects it saw. Nobody allocates or frees meanwhile: what
 * is half changed looks like damage. Takes the lock of the list of caches, and each cache's.
 */
uint64_t slab_check_all(void);
#else
#define SLAB_LEFT  0
#define SLAB_RIGHT 0

static inline void slab_debug_made(struct slab_cache *cache, struct page *slab)
{
	(void)cache, (void)slab;
}

static inline void slab_debug_unmake(struct page *slab)
{
	(void)slab;
}

static inline void slab_debug_alloc(
	struct slab_cache *cache, void *object, size_t asked, uint64_t site)
{
	(void)cache, (void)object, (void)asked, (void)site;
}

static inline void slab_debug_free(struct slab_cache *cache, void *object, uint64_t site)
{
	(void)cache, (void)object, (void)site;
}

static inline void slab_debug_resize(
	struct slab_cache *cache, void *object, size_t asked, uint64_t site)
{
	(void)cache, (void)object, (void)asked, (void)site;
}

static inline size_t slab_debug_asked(const struct slab_cache *cache, const void *object)
{
	(void)object;
	return cache->bytes;
}

static inline void slab_debug_large(struct page *page)
{
	(void)page;
}

static inline void slab_debug_large_check(const struct page *page)
{
	(void)page;
}

static inline uint64_t slab_check_all(void)
{
	return 0;
}
#endif

/*
 * slab_complain: panic about an address that is neither a slab's nor a large kmalloc's, in any
 * build; doing: "free", say.
 */
_Noreturn void slab_complain(const void *memory, const char *doing);
