/* Caches: their shape, and the list of all of them. See slab.h. */
#include "lab1-boot/debug/panic.h"
#include "lab2-memory/slab/core.h"
#include "lab2-memory/slab/debug.h"

#define OBJECT_MAX  0x10000
#define ORDER_LIKED 3 /* larger blocks are hard to get once memory is in pieces */
#define ENOUGH      8 /* objects in a slab: fewer are not worth its bookkeeping */

const struct page_owner slab_owner = { "slab" };

static struct list caches = LIST_INIT(caches);
static struct spinlock caches_lock = SPINLOCK_INIT("slab caches");

static size_t round_up(size_t bytes, size_t align)
{
	return (bytes + align - 1) & -align;
}

static size_t waste(size_t stride, unsigned order)
{
	return (PAGE_SIZE << order) % stride;
}

/*
 * The smallest order that holds enough objects and wastes an eighth at most; if there is none up to
 * the orders that we like (for a large object: up to its own), the one that wastes the least.
 */
static unsigned choose_order(size_t stride)
{
	unsigned least = page_order_for(stride), best = least;
	unsigned most = least > ORDER_LIKED ? least : ORDER_LIKED;

	for (unsigned order = least; order <= most; order++) {
		size_t bytes = PAGE_SIZE << order;

		if (bytes / stride >= ENOUGH && waste(stride, order) <= bytes / 8)
			return order;
		if (waste(stride, order) << best < waste(stride, best) << order)
			best = order;
	}
	return best;
}

void slab_cache_init(struct slab_cache *cache, const char *name, size_t bytes, size_t align)
{
	assert(bytes > 0 && bytes <= OBJECT_MAX);
	assert(align > 0 && align <= PAGE_SIZE && !(align & (align - 1)));
	if (align < sizeof(void *))
		align = sizeof(void *);
	*cache = (struct slab_cache){ .name = name, .bytes = bytes };
	cache->offset = round_up(SLAB_LEFT, align);
	cache->stride = round_up(cache->offset + bytes + SLAB_RIGHT, align);
	cache->order = choose_order(cache->stride);
	cache->objects = (PAGE_SIZE << cache->order) / cache->stride;
	spin_init(&cache->lock, "slab cache");
	list_init(&cache->partial);
	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
		spin_init(&cache->front[cpu].lock, "slab front");

	uint64_t flags = spin_lock_irqsave(&caches_lock);
	list_push_back(&caches, &cache->link);
	spin_unlock_irqrestore(&caches_lock, flags);
}

void slab_cache_destroy(struct slab_cache *cache)
{
	slab_cache_drain(cache);
	if (cache->slabs > 0)
		panic("slab cache %s is destroyed, and %lu of its objects are in use", cache->name,
			cache->out);

	uint64_t flags = spin_lock_irqsave(&caches_lock);
	list_remove(&cache->link);
	spin_unlock_irqrestore(&caches_lock, flags);
}

void slab_caches_each(bool (*visit)(struct slab_cache *cache, void *context), void *context)
{
	uint64_t flags = spin_lock_irqsave(&caches_lock);

	list_each (link, &caches)
		if (!visit(list_entry(link, struct slab_cache, link), context))
			break;
	spin_unlock_irqrestore(&caches_lock, flags);
}

static bool add_used(struct slab_cache *cache, void *context)
{
	uint64_t out = __atomic_load_n(&cache->out, __ATOMIC_RELAXED);

	*(uint64_t *)context += out - slab_kept(cache);
	return true;
}

uint64_t slab_used(void)
{
	uint64_t used = 0;

	slab_caches_each(add_used, &used);
	return used;
}

static bool is_slab(const struct page *page)
{
	return page->state == PAGE_USED && page->owner == &slab_owner;
}

struct slab_cache *slab_cache_of(const void *object)
{
	struct page *page = page_of(object);

	if (!page || !is_slab(page_head(page)))
		return NULL;
	return (struct slab_cache *)page_head(page)->word[0];
}

void slab_unmake(struct page *slab)
{
	slab_debug_unmake(slab);
	slab->owner = NULL;
	page_free(slab);
}

/* The cache may be gone before we look at it: only one that is in the list is believed in. */
static struct slab_cache *find(uint64_t address)
{
	list_each (link, &caches)
		if ((uint64_t)list_entry(link, struct slab_cache, link) == address)
			return (struct slab_cache *)address;
	return NULL;
}

void slab_visit(struct page *page,
	void (*visit)(struct slab_cache *cache, struct page *slab, void *context), void *context)
{
	uint64_t flags = spin_lock_irqsave(&caches_lock);
	struct slab_cache *cache = is_slab(page) ? find(page->word[0]) : NULL;

	if (cache) {
		spin_lock(&cache->lock);
		if (is_slab(page) && page->word[0] == (uint64_t)cache)
			visit(cache, page, context);
		spin_unlock(&cache->lock);
	}
	spin_unlock_irqrestore(&caches_lock, flags);
}
