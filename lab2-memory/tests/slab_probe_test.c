/*
 * The kernel's half of test_slab.py: slabs, without the fronts before them. Caches,
 * slabs and objects are numbered by the host.
 *
 *   cache C BYTES ALIGN   replies its stride, the offset of an object, objects in a slab, order
 *   grow C SLAB           one slab more, as front.c makes it
 *   take C OBJECT
 *   put OBJECT
 *   trim C
 *   walk SLAB             replies how many objects are out, and the chain of the free ones
 *
 * Replies of grow, take, put and trim: the result, an address; the cache's slabs, the empty ones,
 * the objects out; and the slabs that have ceased to be one. "-" for an operation on nothing.
 */
#include "lab2-memory/slab/core.h"
#include "lab2-memory/slab/debug.h"
#include "lab2-memory/tests/probe_words.h"

#define CACHES  8
#define SLABS   1024
#define OBJECTS 4096

static struct slab_cache caches[CACHES];
static struct page *slabs[SLABS];

static struct object {
	struct slab_cache *cache;
	void *memory;
} objects[OBJECTS];

/* The cache of that number; NULL if it has not been made. */
static struct slab_cache *cache_of(const char *word)
{
	struct slab_cache *cache = &caches[probe_number(word, CACHES)];

	return cache->name ? cache : NULL;
}

static void make_cache(const char *word, uint64_t bytes, uint64_t align)
{
	struct slab_cache *cache = &caches[probe_number(word, CACHES)];

	slab_cache_init(cache, "test", bytes, align);
	probe_say(cache->stride);
	probe_say(cache->offset);
	probe_say(cache->objects);
	probe_say(cache->order);
}

static void *grow(struct slab_cache *cache, struct page **place)
{
	struct page *slab = slab_make(cache, 0);

	KT_REQUIRE(slab);
	slab_debug_made(cache, slab);
	spin_lock(&cache->lock);
	slab->owner = &slab_owner;
	slab_add(cache, slab);
	spin_unlock(&cache->lock);
	*place = slab;
	return page_address(slab);
}

static void *take(struct slab_cache *cache, struct object *object)
{
	object->cache = cache;
	spin_lock(&cache->lock);
	object->memory = slab_take(cache);
	spin_unlock(&cache->lock);
	return object->memory;
}

static void put(struct object *object)
{
	spin_lock(&object->cache->lock);
	slab_put(object->cache, object->memory);
	spin_unlock(&object->cache->lock);
	object->memory = NULL;
}

static void trim(struct slab_cache *cache)
{
	spin_lock(&cache->lock);
	slab_trim(cache);
	spin_unlock(&cache->lock);
}

static void say_change(const struct slab_cache *cache, const void *result)
{
	probe_say((uint64_t)result);
	probe_say(cache->slabs);
	probe_say(cache->empty);
	probe_say(cache->out);
	for (size_t i = 0; i < SLABS; i++)
		if (slabs[i] && (slabs[i]->state != PAGE_USED || slabs[i]->owner != &slab_owner)) {
			slabs[i] = NULL;
			probe_say(i);
		}
}

static void walk(const struct page *slab)
{
	if (!slab)
		return;

	struct slab_cache *cache = (struct slab_cache *)slab->word[0];
	void *object = (void *)slab->word[1];

	probe_say(slab->word[2]);
	for (unsigned i = 0; object && i <= cache->objects; i++) {
		probe_say((uint64_t)object);
		KT_REQUIRE(page_of(object) && page_head(page_of(object)) == slab);
		object = *slab_link(cache, object);
	}
}

static void operate(const char **words)
{
	const char *what = words[0];

	if (!strcmp(what, "cache")) {
		make_cache(words[1], probe_number(words[2], -1), probe_number(words[3], -1));
	} else if (!strcmp(what, "walk")) {
		walk(slabs[probe_number(words[1], SLABS)]);
	} else if (!strcmp(what, "put")) {
		struct object *object = &objects[probe_number(words[1], OBJECTS)];

		if (!object->memory)
			return;
		put(object);
		say_change(object->cache, NULL);
	} else if (cache_of(words[1])) {
		struct slab_cache *cache = cache_of(words[1]);
		void *result = NULL;

		if (!strcmp(what, "grow"))
			result = grow(cache, &slabs[probe_number(words[2], SLABS)]);
		else if (!strcmp(what, "take"))
			result = take(cache, &objects[probe_number(words[2], OBJECTS)]);
		else
			trim(cache);
		say_change(cache, result);
	}
}

KPROBE(slab_operations)
{
	const char *words[PROBE_WORDS];
	char line[80];

	while (kt_input_line(line, sizeof(line))) {
		probe_split(line, words);
		operate(words);
		probe_reply();
	}
	for (size_t i = 0; i < OBJECTS; i++) /* a shortened input may leave some */
		if (objects[i].memory)
			put(&objects[i]);
	for (size_t i = 0; i < CACHES; i++)
		if (caches[i].name)
			trim(&caches[i]);
}
