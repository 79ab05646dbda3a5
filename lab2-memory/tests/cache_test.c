/* Caches and their fronts: the code given around exercise 2.5. */
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/slab/core.h"
#include "lab2-memory/slab/debug.h"
#include "lab2-memory/slab/kmalloc.h"

static struct slab_cache cache;

KTEST(cache_shapes, "", "slabs of every cache hold their objects, and waste little")
{
	static const size_t aligns[] = { 1, 8, 16, 64, 256, 4096 };

	for (size_t bytes = 1; bytes <= 65536; bytes += 1 + bytes / 8)
		for (size_t i = 0; i < sizeof(aligns) / sizeof(aligns[0]); i++) {
			slab_cache_init(&cache, "test", bytes, aligns[i]);
			size_t used = cache.objects * cache.stride, room = PAGE_SIZE << cache.order;

			KT_TRUE(cache.offset >= SLAB_LEFT && cache.offset % aligns[i] == 0);
			KT_TRUE(cache.stride >= cache.offset + bytes + SLAB_RIGHT);
			KT_TRUE(cache.stride % aligns[i] == 0);
			KT_TRUE(cache.stride % 8 == 0 && cache.offset % 8 == 0);
			KT_TRUE(cache.objects > 0 && used <= room);
			KT_TRUE(cache.order <= 3 || cache.order == page_order_for(cache.stride));
			if (cache.stride <= 4096) {
				KT_TRUE(cache.objects >= 8);
				KT_TRUE(room - used <= room / 8);
			}
			slab_cache_destroy(&cache);
		}
}

/* Chains objects through their first words. */
static void *take_objects(unsigned count, unsigned flags)
{
	void **chain = NULL;

	for (unsigned i = 0; i < count; i++) {
		void **object = slab_alloc(&cache, flags);

		KT_REQUIRE(object);
		*object = chain;
		chain = object;
	}
	return chain;
}

static void free_objects(void *chain)
{
	while (chain) {
		void *next = *(void **)chain;

		slab_free(&cache, chain);
		chain = next;
	}
}

KTEST(cache_counts_objects, "", "objects that wait in fronts and slabs are not counted as used",
	.needs = "2.1 2.2 2.5")
{
	slab_cache_init(&cache, "test", 100, 8);
	uint64_t before = slab_used(), pages = page_used_count();
	void *objects = take_objects(100, 0);

	KT_EQ(slab_used(), before + 100);
	free_objects(objects);
	KT_EQ(slab_used(), before);
	KT_TRUE(slab_kept(&cache) > 0 && slab_kept(&cache) <= SLAB_FRONT);
	KT_TRUE(page_used_count() > pages);
	KT_TRUE(slab_drain() > 0);
	KT_EQ(slab_kept(&cache), 0);
	KT_EQ(cache.slabs, 0);
	KT_EQ(page_used_count(), pages);
	KT_EQ(slab_drain(), 0);
	slab_cache_destroy(&cache);
}

KTEST(cache_drains_all_fronts, "", "a drain empties the fronts of other processors, too",
	.needs = "2.1 2.2 2.5")
{
	slab_cache_init(&cache, "test", 100, 8);
	this_cpu(cpu_number) = CPUS_MAX - 1;
	free_objects(take_objects(3, 0));
	this_cpu(cpu_number) = 0;
	free_objects(take_objects(3, 0));
	KT_TRUE(cache.front[0].count > 0 && cache.front[CPUS_MAX - 1].count > 0);
	slab_drain();
	KT_EQ(cache.slabs, 0);
	slab_cache_destroy(&cache);
}

KTEST(cache_takes_from_other_fronts, "", "without memory an object is taken from another's front",
	.needs = "2.1 2.2 2.5")
{
	slab_cache_init(&cache, "test", 100, 8);
	void *objects = take_objects(cache.objects, 0);
	void *last = *(void **)objects;

	*(void **)objects = NULL;
	this_cpu(cpu_number) = 1;
	slab_free(&cache, objects);
	this_cpu(cpu_number) = 0;
	inject_failure(2); /* behind slab_alloc's own: the pages */
	objects = slab_alloc(&cache, 0);
	KT_TRUE(!inject_pending());
	KT_REQUIRE(objects);
	slab_free(&cache, objects);
	free_objects(last);
	slab_cache_destroy(&cache);
}

KTEST(cache_alloc_fails, "", "where an allocation is made to fail, there is no object",
	.needs = "2.1 2.2 2.5")
{
	slab_cache_init(&cache, "test", 100, 8);
	for (uint64_t which = 1; which <= 2; which++) {
		inject_failure(which);
		KT_EQ(slab_alloc(&cache, 0), NULL);
		KT_TRUE(!inject_pending());
	}
	slab_free(&cache, NULL);
	free_objects(take_objects(1, 0));
	slab_cache_destroy(&cache);
}

KTEST(cache_zeroes, "", "PAGE_ZERO clears an object that was used before", .needs = "2.1 2.2 2.5")
{
	slab_cache_init(&cache, "test", 100, 8);
	char *object = slab_alloc(&cache, 0);
	KT_REQUIRE(object);
	memset(object, 0x5a, 100);
	slab_free(&cache, object);
	KT_EQ(slab_alloc(&cache, PAGE_ZERO), object);
	for (size_t i = 0; i < 100; i++)
		KT_EQ(object[i], 0);
	slab_free(&cache, object);
	slab_cache_destroy(&cache);
}

KTEST(cache_nowait, "", "with PAGE_NOWAIT objects can be had while a spin lock is held",
	.needs = "2.1 2.2 2.5")
{
	struct spinlock lock;

	slab_cache_init(&cache, "test", 100, 8);
	spin_init(&lock, "test");
	spin_lock(&lock);
	void *objects = take_objects(2 * cache.objects, PAGE_NOWAIT);
	free_objects(objects);
	spin_unlock(&lock);
	slab_cache_destroy(&cache);
}

KTEST(cache_may_sleep, "", "without it nobody who holds a spin lock may ask",
	.needs = "2.1 2.2 2.5", .panics = "may_sleep()")
{
	struct spinlock lock;

	slab_cache_init(&cache, "test", 100, 8);
	free_objects(take_objects(1, 0)); /* one waits in the front: it is asserted anyway */
	spin_init(&lock, "test");
	spin_lock(&lock);
	slab_alloc(&cache, 0);
}

KTEST(cache_shrinks, "", "what caches keep comes back when pages are wanted",
	.needs = "2.1 2.2 2.5")
{
	slab_cache_init(&cache, "test", 100, 8);
	uint64_t pages = page_used_count();

	free_objects(take_objects(3 * cache.objects, 0));
	KT_TRUE(page_used_count() > pages);
	KT_TRUE(page_reclaim(1));
	KT_EQ(page_used_count(), pages);
	slab_cache_destroy(&cache);
}

KTEST(cache_of_an_address, "", "of any address it is known whether an object's slab is there",
	.needs = "2.1 2.2 2.5")
{
	slab_cache_init(&cache, "test", 1500, 8); /* in slabs of several pages */
	void *objects = take_objects(cache.objects, 0);
	struct page *page = page_alloc(1, 0);

	KT_REQUIRE(page);
	for (void **object = objects; object; object = *object) {
		KT_EQ(slab_cache_of(object), &cache);
		KT_EQ(slab_cache_of((char *)object + 1499), &cache);
	}
	KT_EQ(slab_cache_of(page_address(page)), NULL);
	KT_EQ(slab_cache_of((char *)page_address(page) + PAGE_SIZE), NULL);
	KT_EQ(slab_cache_of(&cache), NULL);
	KT_EQ(slab_cache_of(NULL), NULL);
	free_objects(objects);
	slab_drain();
	KT_EQ(slab_cache_of(objects), NULL);
	page_free(page);
	slab_cache_destroy(&cache);
}

static unsigned visited;
static struct slab_cache *last;

static bool visit(struct slab_cache *at, void *context)
{
	visited++;
	last = at;
	return at != context;
}

KTEST(caches_are_visited, "", "every cache is visited in the order of their making, up to the last")
{
	static struct slab_cache second;

	slab_caches_each(visit, NULL);
	unsigned before = visited;
	slab_cache_init(&cache, "test", 10, 8);
	slab_cache_init(&second, "second", 20, 8);
	visited = 0;
	slab_caches_each(visit, NULL);
	KT_EQ(visited, before + 2);
	KT_EQ(last, &second);
	visited = 0;
	slab_caches_each(visit, &cache);
	KT_EQ(visited, before + 1);
	KT_EQ(last, &cache);
	slab_cache_destroy(&cache);
	visited = 0;
	slab_caches_each(visit, NULL);
	KT_EQ(visited, before + 1);
	KT_EQ(last, &second);
	slab_cache_destroy(&second);
}

KTEST(cache_check_counts, "", "the check sees every object, in use or free", .needs = "2.1 2.2 2.5")
{
	slab_drain();
	uint64_t before = slab_check_all();

	slab_cache_init(&cache, "test", 100, 8);
	void *objects = take_objects(cache.objects + 1, 0);
	KT_EQ(slab_check_all(), before + 2 * cache.objects);
	free_objects(objects);
	slab_cache_destroy(&cache);
}
