/*
 * Slabs and their objects, without fronts: see core.h for what each function
 * promises, and slab.h for how a slab looks.
 *
 * The life of a slab, by how many of its objects are out:
 *
 *   slab_make -> empty -> some out -> full
 *                  |  ^     |   ^       |
 *   slab_unmake <--+  +-----+   +-------+
 *
 * All but the full ones are in cache->partial.
 */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab2-memory/slab/core.h"

struct page *slab_make(struct slab_cache *cache, unsigned flags)
{
	/* Exercise 2.5: a block of pages, cut into free objects. */
	// BEGIN SOLUTION 2.5
	struct page *slab = page_alloc(cache->order, flags);
	void *first = NULL;

	if (!slab)
		return NULL;
	for (unsigned i = cache->objects; i-- > 0;) {
		void *object = slab_object(cache, slab, i);

		*slab_link(cache, object) = first;
		first = object;
	}
	slab->word[0] = (uint64_t)cache;
	slab->word[1] = (uint64_t)first;
	slab->word[2] = 0;
	return slab;
	// END SOLUTION 2.5 => todo("2.5"); (void)cache, (void)flags; return NULL;
}

void slab_add(struct slab_cache *cache, struct page *slab)
{
	assert(spin_held(&cache->lock));

	/* Exercise 2.5: the cache has one slab more, an empty one. */
	// BEGIN SOLUTION 2.5
	cache->slabs++;
	cache->empty++;
	list_push_back(&cache->partial, &slab->link);
	// END SOLUTION 2.5 => todo("2.5"); (void)slab;
}

void *slab_take(struct slab_cache *cache)
{
	assert(spin_held(&cache->lock));

	/* Exercise 2.5: a free object of a slab in the list, which may become full by that. */
	// BEGIN SOLUTION 2.5
	if (list_empty(&cache->partial))
		return NULL;

	struct page *slab = list_entry(cache->partial.next, struct page, link);
	void *object = (void *)slab->word[1];

	slab->word[1] = (uint64_t)*slab_link(cache, object);
	if (!slab->word[1])
		list_remove(&slab->link);
	if (slab->word[2]++ == 0)
		cache->empty--;
	cache->out++;
	return object;
	// END SOLUTION 2.5 => todo("2.5"); return NULL;
}

// BEGIN SOLUTION 2.5
static void drop(struct slab_cache *cache, struct page *slab)
{
	list_remove(&slab->link);
	cache->empty--;
	cache->slabs--;
	slab_unmake(slab);
}

/* The slab has all its objects again: the only one such goes behind all others. */
static void became_empty(struct slab_cache *cache, struct page *slab)
{
	if (++cache->empty > 1) {
		drop(cache, slab);
		return;
	}
	list_remove(&slab->link);
	list_push_back(&cache->partial, &slab->link);
}
// END SOLUTION 2.5 =>

void slab_put(struct slab_cache *cache, void *object)
{
	assert(spin_held(&cache->lock));

	/* Exercise 2.5: the object is its slab's first free one; a full slab comes back into the
	 * list, and one that is empty now is kept, or not. */
	// BEGIN SOLUTION 2.5
	struct page *slab = page_head(page_of(object));

	if (!slab->word[1])
		list_insert_after(&cache->partial, &slab->link);
	*slab_link(cache, object) = (void *)slab->word[1];
	slab->word[1] = (uint64_t)object;
	cache->out--;
	if (--slab->word[2] == 0)
		became_empty(cache, slab);
	// END SOLUTION 2.5 => todo("2.5"); (void)object;
}

void slab_trim(struct slab_cache *cache)
{
	assert(spin_held(&cache->lock));

	/* Exercise 2.5: no empty slab is left. */
	// BEGIN SOLUTION 2.5
	while (cache->empty > 0)
		drop(cache, list_entry(cache->partial.prev, struct page, link));
	// END SOLUTION 2.5 => todo("2.5");
}
