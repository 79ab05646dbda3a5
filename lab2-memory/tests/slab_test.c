/*
 * Exercise 2.5: slabs, without the fronts before them. The functions are called as
 * front.c does, and what is looked at is what slab.h and core.h promise.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/slab/core.h"
#include "lab2-memory/slab/debug.h"

#define OBJECTS_MAX 1024

static struct slab_cache cache;

/* One slab more, as front.c makes it. */
static struct page *grow(struct slab_cache *in)
{
	struct page *slab = slab_make(in, 0);

	KT_REQUIRE(slab);
	slab_debug_made(in, slab);
	spin_lock(&in->lock);
	slab->owner = &slab_owner;
	slab_add(in, slab);
	spin_unlock(&in->lock);
	return slab;
}

static void *take(void)
{
	spin_lock(&cache.lock);
	void *object = slab_take(&cache);
	spin_unlock(&cache.lock);
	return object;
}

static void put(void *object)
{
	spin_lock(&cache.lock);
	slab_put(&cache, object);
	spin_unlock(&cache.lock);
}

static void trim(void)
{
	spin_lock(&cache.lock);
	slab_trim(&cache);
	spin_unlock(&cache.lock);
}

/* Whether an object is one of the slab's. */
static bool inside(const struct page *slab, const void *object)
{
	return page_head(page_of(object)) == slab;
}

KTEST(slab_made_of_a_block, "2.5", "a new slab is a block of pages with all of its objects free",
	.needs = "2.1")
{
	unsigned count = 0;

	for (struct page *page = page_array; page < page_array + page_frames; page++)
		if (page->state != PAGE_USED) /* its words are whatever somebody left there */
			page->word[0] = page->word[1] = page->word[2] = 0x5eed;
	slab_cache_init(&cache, "test", 200, 8);
	struct page *slab = slab_make(&cache, 0);
	KT_REQUIRE(slab);
	KT_EQ(slab->order, cache.order);
	KT_EQ(page_count(slab), 1);
	KT_EQ(slab->word[0], &cache);
	KT_EQ(slab->word[2], 0);
	KT_EQ(cache.slabs, 0); /* it is the cache's once it is added */

	void *object = (void *)slab->word[1];
	for (; object && count <= cache.objects; count++) {
		KT_EQ(((uint64_t)object - (uint64_t)slab_object(&cache, slab, 0)) % cache.stride,
			0);
		KT_REQUIRE(inside(slab, object));
		object = *slab_link(&cache, object);
	}
	KT_EQ(count, cache.objects);
	page_free(slab);
}

KTEST(slab_hands_out_all, "2.5", "each object is handed out once, and then there is none",
	.needs = "2.1 2.2")
{
	static void *objects[OBJECTS_MAX];

	slab_cache_init(&cache, "test", 72, 8);
	struct page *slab = grow(&cache);
	KT_EQ(cache.slabs, 1);
	KT_EQ(cache.empty, 1);
	KT_REQUIRE(cache.objects <= OBJECTS_MAX);
	for (unsigned i = 0; i < cache.objects; i++) {
		objects[i] = take();
		KT_REQUIRE(objects[i] && inside(slab, objects[i]));
		for (unsigned j = 0; j < i; j++)
			KT_TRUE(objects[j] != objects[i]);
		KT_EQ(cache.out, i + 1);
		KT_EQ(slab->word[2], i + 1);
		KT_EQ(cache.empty, 0);
	}
	KT_TRUE(list_empty(&cache.partial));
	KT_EQ(take(), NULL);
	KT_EQ(cache.out, cache.objects);
	for (unsigned i = 0; i < cache.objects; i++)
		put(objects[i]);
	KT_EQ(cache.out, 0);
	KT_EQ(cache.empty, 1);
	trim();
}

KTEST(slab_full_comes_back, "2.5", "a full slab is in the list again once an object is free",
	.needs = "2.1 2.2")
{
	static void *objects[OBJECTS_MAX];

	slab_cache_init(&cache, "test", 1000, 8); /* in a slab of several pages */
	KT_REQUIRE(cache.order > 0);
	struct page *slab = grow(&cache);
	unsigned last = cache.objects - 1;
	for (unsigned i = 0; i < cache.objects; i++)
		objects[i] = take();
	for (int round = 0; round < 3; round++) {
		put(objects[last]);
		KT_TRUE(!list_empty(&cache.partial));
		KT_EQ(cache.partial.next, &slab->link);
		KT_EQ(cache.partial.prev, &slab->link);
		KT_EQ(take(), objects[last]);
		KT_TRUE(list_empty(&cache.partial));
	}
	for (unsigned i = 0; i < cache.objects; i++)
		put(objects[i]);
	trim();
}

/* Two slabs, full; the objects of the first come first. Returns how many a slab has. */
static unsigned two_full(void **objects)
{
	slab_cache_init(&cache, "test", 300, 8);
	KT_REQUIRE(2 * cache.objects <= OBJECTS_MAX);
	for (unsigned slab = 0; slab < 2; slab++) {
		grow(&cache);
		for (unsigned i = 0; i < cache.objects; i++)
			KT_REQUIRE(objects[slab * cache.objects + i] = take());
	}
	KT_EQ(cache.slabs, 2);
	return cache.objects;
}

KTEST(slab_one_empty_is_kept, "2.5", "of the empty slabs one is kept, and the others' pages freed",
	.needs = "2.1 2.2")
{
	static void *objects[OBJECTS_MAX];
	uint64_t before = page_used_count();
	unsigned count = two_full(objects);

	for (unsigned i = 0; i < 2 * count; i++)
		put(objects[i]);
	KT_EQ(cache.slabs, 1);
	KT_EQ(cache.empty, 1);
	KT_EQ(page_used_count(), before + (1ul << cache.order));
	KT_TRUE(!list_empty(&cache.partial));
	KT_EQ(cache.partial.next, cache.partial.prev);
	void *object = take(); /* it is of use */
	KT_REQUIRE(object);
	KT_EQ(cache.empty, 0);
	put(object);
	trim();
}

KTEST(slab_empty_comes_last, "2.5", "an empty slab stays whole while others have free objects",
	.needs = "2.1 2.2")
{
	static void *objects[OBJECTS_MAX];
	unsigned count = two_full(objects);

	for (unsigned used = 0; used < 2; used++) {
		unsigned empty = 1 - used;
		void **of_used = objects + used * count, **of_empty = objects + empty * count;

		put(of_used[0]); /* it has come into the list first, and then last */
		put(of_used[1]);
		for (unsigned i = 0; i < count; i++)
			put(of_empty[i]);
		KT_EQ(cache.empty, 1);
		KT_TRUE(inside(page_head(page_of(of_used[0])), take()));
		KT_TRUE(inside(page_head(page_of(of_used[0])), take()));
		KT_EQ(cache.empty, 1);
		for (unsigned i = 0; i < count; i++)
			KT_REQUIRE(take());
		KT_EQ(cache.empty, 0);
	}
	for (unsigned i = 0; i < 2 * count; i++)
		put(objects[i]);
	trim();
}

KTEST(slab_trim_leaves_none_empty, "2.5", "trimming frees the empty slab, and no other",
	.needs = "2.1 2.2")
{
	static void *objects[OBJECTS_MAX];
	uint64_t before = page_used_count();
	unsigned count = two_full(objects);

	trim();
	KT_EQ(cache.slabs, 2);
	put(objects[0]);
	for (unsigned i = 0; i < count; i++)
		put(objects[count + i]);
	KT_EQ(cache.slabs, 2);
	trim();
	KT_EQ(cache.slabs, 1);
	KT_EQ(cache.empty, 0);
	KT_EQ(page_used_count(), before + (1ul << cache.order));
	KT_EQ(take(), objects[0]);
	KT_EQ(take(), NULL);
	for (unsigned i = 0; i < count; i++)
		put(objects[i]);
	trim();
	trim();
	KT_EQ(cache.slabs, 0);
	KT_EQ(page_used_count(), before);
}

KTEST(slab_made_without_memory, "2.5", "without memory there is no slab, and with it there is",
	.needs = "2.1 2.2")
{
	slab_cache_init(&cache, "test", 64, 8);
	inject_failure(1);
	KT_EQ(slab_make(&cache, 0), NULL);
	KT_TRUE(!inject_pending());

	struct spinlock lock;
	spin_init(&lock, "test");
	spin_lock(&lock); /* nobody may sleep now */
	struct page *slab = slab_make(&cache, PAGE_NOWAIT);
	spin_unlock(&lock);
	KT_REQUIRE(slab);
	page_free(slab);
}
