/*
 * Allocating and freeing objects: through each processor's front, so that the
 * cache's lock is taken for a batch of objects and not for each. See slab.h.
 */
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/page/shrinker.h"
#include "lab2-memory/slab/core.h"
#include "lab2-memory/slab/debug.h"

#define BATCH (SLAB_FRONT / 2)

/* It is as good if we come to another processor meanwhile. */
static struct slab_front *my_front(struct slab_cache *cache)
{
	return &cache->front[this_cpu(cpu_number)];
}

/* Both: caller holds front->lock. */
static void refill(struct slab_cache *cache, struct slab_front *front)
{
	spin_lock(&cache->lock);
	while (front->count < BATCH) {
		void *object = slab_take(cache);

		if (!object)
			break;
		front->object[front->count++] = object;
	}
	spin_unlock(&cache->lock);
}

/* The oldest go: the newest are still in the processor's own cache. */
static void give_back(struct slab_cache *cache, struct slab_front *front, unsigned count)
{
	spin_lock(&cache->lock);
	for (unsigned i = 0; i < count; i++)
		slab_put(cache, front->object[i]);
	spin_unlock(&cache->lock);
	front->count -= count;
	for (unsigned i = 0; i < front->count; i++)
		front->object[i] = front->object[i + count];
}

static void *front_take(struct slab_cache *cache)
{
	struct slab_front *front = my_front(cache);
	uint64_t flags = spin_lock_irqsave(&front->lock);
	void *object = NULL;

	if (front->count == 0)
		refill(cache, front);
	if (front->count > 0)
		object = front->object[--front->count];
	spin_unlock_irqrestore(&front->lock, flags);
	return object;
}

/* An object of a new slab. May sleep without PAGE_NOWAIT, so no lock is held around it. */
static void *grow(struct slab_cache *cache, unsigned flags)
{
	struct page *slab = slab_make(cache, flags & PAGE_NOWAIT);

	if (!slab)
		return NULL;
	slab_debug_made(cache, slab);

	uint64_t irq = spin_lock_irqsave(&cache->lock);
	slab->owner = &slab_owner;
	slab_add(cache, slab);
	void *object = slab_take(cache);
	spin_unlock_irqrestore(&cache->lock, irq);
	return object;
}

static void drain_fronts(struct slab_cache *cache)
{
	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
		struct slab_front *front = &cache->front[cpu];
		uint64_t flags = spin_lock_irqsave(&front->lock);

		give_back(cache, front, front->count);
		spin_unlock_irqrestore(&front->lock, flags);
	}
}

static void *take(struct slab_cache *cache, unsigned flags)
{
	void *object = front_take(cache);

	if (!object)
		object = grow(cache, flags);
	if (!object) { /* another processor may keep one */
		drain_fronts(cache);
		object = front_take(cache);
	}
	return object;
}

void *slab_alloc_at(struct slab_cache *cache, size_t asked, unsigned flags, uint64_t site)
{
	assert((flags & PAGE_NOWAIT) || may_sleep());
	void *object = inject_fails() ? NULL : take(cache, flags);

	if (!object)
		return NULL;
	slab_debug_alloc(cache, object, asked, site);
	if (flags & PAGE_ZERO)
		memset(object, 0, slab_debug_asked(cache, object));
	return object;
}

void slab_free_at(struct slab_cache *cache, void *object, uint64_t site)
{
	slab_debug_free(cache, object, site);

	struct slab_front *front = my_front(cache);
	uint64_t flags = spin_lock_irqsave(&front->lock);

	if (front->count == SLAB_FRONT)
		give_back(cache, front, BATCH);
	front->object[front->count++] = object;
	spin_unlock_irqrestore(&front->lock, flags);
}

void *slab_alloc(struct slab_cache *cache, unsigned flags)
{
	return slab_alloc_at(cache, cache->bytes, flags, (uint64_t)__builtin_return_address(0));
}

void slab_free(struct slab_cache *cache, void *object)
{
	if (object)
		slab_free_at(cache, object, (uint64_t)__builtin_return_address(0));
}

unsigned slab_kept(const struct slab_cache *cache)
{
	unsigned kept = 0;

	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
		kept += __atomic_load_n(&cache->front[cpu].count, __ATOMIC_RELAXED);
	return kept;
}

uint64_t slab_cache_drain(struct slab_cache *cache)
{
	unsigned before = __atomic_load_n(&cache->slabs, __ATOMIC_RELAXED);

	drain_fronts(cache);

	uint64_t flags = spin_lock_irqsave(&cache->lock);
	slab_trim(cache);
	unsigned after = cache->slabs;
	spin_unlock_irqrestore(&cache->lock, flags);
	return after < before ? (uint64_t)(before - after) << cache->order : 0;
}

/* How many pages are wanted, and how many were found. */
struct shrinking {
	uint64_t wanted, found;
};

static bool shrink_cache(struct slab_cache *cache, void *context)
{
	struct shrinking *shrinking = context;

	shrinking->found += slab_cache_drain(cache);
	return shrinking->found < shrinking->wanted;
}

static uint64_t slab_shrink(uint64_t pages)
{
	struct shrinking shrinking = { .wanted = pages };

	slab_caches_each(shrink_cache, &shrinking);
	return shrinking.found;
}
SHRINKER("2", slab_shrink);

uint64_t slab_drain(void)
{
	slab_check_all();
	return slab_shrink(UINT64_MAX);
}
