/*
 * What test_slab.py asks the kernel to do: each line of input is an operation,
 * and each is answered with a line. What is right only the host knows.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/number.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/core.h"
#include "lab2-memory/slab/debug.h"
#include "lab2-memory/slab/kmalloc.h"

#define CACHES  8
#define OBJECTS 8192
#define SLABS   512

static struct slab_cache caches[CACHES];
static unsigned cache_count;

static struct object {
	struct slab_cache *cache; /* NULL: kmalloc's */
	void *memory;
	size_t bytes;
	uint64_t pattern;
} objects[OBJECTS];
static size_t object_count;

static struct page *slabs[SLABS];
static size_t slab_count;

/* A letter and up to three numbers. */
static char parse(char *line, uint64_t number[3])
{
	char *at = line + 1;

	for (int i = 0; i < 3 && *at == ' '; i++) {
		char *end = strchr(++at, ' ');
		size_t length = end ? (size_t)(end - at) : strlen(at);

		KT_REQUIRE(number_parse(at, length, &number[i]));
		at += length;
	}
	return *line;
}

static void reply(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	uint64_t numbers[] = { a, b, c, d };

	kt_reply_hex(numbers, sizeof(numbers));
}

/* c BYTES ALIGN: the next cache; its stride, offset, objects and order. */
static void make_cache(size_t bytes, size_t align)
{
	struct slab_cache *cache = &caches[cache_count++];

	KT_REQUIRE(cache_count <= CACHES);
	slab_cache_init(cache, "test", bytes, align);
	reply(cache->stride, cache->offset, cache->objects, cache->order);
}

/* How many slabs have ceased to be one since the last time, and one of them. */
static uint64_t lost_slabs(uint64_t *which)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < slab_count; i++)
		if (slabs[i] && (slabs[i]->state != PAGE_USED || slabs[i]->owner != &slab_owner)) {
			slabs[i] = NULL;
			*which = i;
			lost++;
		}
	return lost;
}

/* g CACHE: one slab more; its address. */
static uint64_t grow(struct slab_cache *cache)
{
	struct page *slab = slab_make(cache, 0);

	KT_REQUIRE(slab && slab_count < SLABS);
	slab_debug_made(cache, slab);
	spin_lock(&cache->lock);
	slab->owner = &slab_owner;
	slab_add(cache, slab);
	spin_unlock(&cache->lock);
	slabs[slab_count++] = slab;
	return (uint64_t)page_address(slab);
}

/* t CACHE: an object, or 0. */
static uint64_t take(struct slab_cache *cache)
{
	struct object *object = &objects[object_count++];

	KT_REQUIRE(object_count <= OBJECTS);
	object->cache = cache;
	spin_lock(&cache->lock);
	object->memory = slab_take(cache);
	spin_unlock(&cache->lock);
	return (uint64_t)object->memory;
}

/* p OBJECT: give back what the so many-th t has taken, if anything. */
static void put(const struct object *object)
{
	spin_lock(&object->cache->lock);
	if (object->memory)
		slab_put(object->cache, object->memory);
	spin_unlock(&object->cache->lock);
}

/* x CACHE. */
static void trim(struct slab_cache *cache)
{
	spin_lock(&cache->lock);
	slab_trim(cache);
	spin_unlock(&cache->lock);
}

/* w SLAB: its free objects, as the chain of links tells, behind how many are out. */
static void walk(const struct page *slab)
{
	static uint64_t chain[OBJECTS];
	size_t count = 0;

	if (!slab) { /* it is none any more */
		kt_reply("");
		return;
	}
	struct slab_cache *cache = (struct slab_cache *)slab->word[0];
	chain[count++] = slab->word[2];
	for (void *object = (void *)slab->word[1]; object && count < OBJECTS; count++) {
		KT_REQUIRE(page_of(object) && page_head(page_of(object)) == slab);
		chain[count] = (uint64_t)object;
		object = *slab_link(cache, object);
	}
	kt_reply_hex(chain, count * sizeof(*chain));
}

/*
 * One of g t p x. Reply: the result, an address; how many slabs have ceased to be one, and one of
 * those; slabs and empty ones of the cache; objects out.
 */
static void operate(char what, uint64_t number)
{
	struct slab_cache *cache = what == 'p' ? objects[number].cache : &caches[number];
	uint64_t said[6] = { 0 };

	if (what == 'g')
		said[0] = grow(cache);
	else if (what == 't')
		said[0] = take(cache);
	else if (what == 'p')
		put(&objects[number]);
	else
		trim(cache);
	said[1] = lost_slabs(&said[2]);
	said[3] = cache->slabs;
	said[4] = cache->empty;
	said[5] = cache->out;
	kt_reply_hex(said, sizeof(said));
}

/* Slabs alone: c g t p x w as above. */
KPROBE(slab_operations)
{
	char line[80];

	while (kt_input_line(line, sizeof(line))) {
		uint64_t number[3] = { 0 };
		char what = parse(line, number);

		if (what == 'c') {
			make_cache(number[0], number[1]);
		} else if (what == 'w') {
			walk(slabs[number[0]]);
		} else {
			operate(what, number[0]);
		}
	}
}

static uint8_t pattern(const struct object *object, size_t i)
{
	return (uint8_t)(object->pattern + i * 7 + (i >> 8));
}

static void fill(struct object *object)
{
	uint8_t *bytes = object->memory;

	object->pattern = kt_random();
	for (size_t i = 0; i < object->bytes; i++)
		bytes[i] = pattern(object, i);
}

/* How many bytes are as they were filled, up to most. */
static size_t intact(const struct object *object, size_t most)
{
	const uint8_t *bytes = object->memory;
	size_t i = 0;

	while (i < most && bytes[i] == pattern(object, i))
		i++;
	return i;
}

/* Bytes of the object that are zero, from first on. */
static size_t zeros(const struct object *object, size_t first)
{
	const uint8_t *bytes = object->memory;
	size_t i = first;

	while (i < object->bytes && bytes[i] == 0)
		i++;
	return i - first;
}

/* a CACHE FLAGS, or k BYTES FLAGS: address, bytes, and how many of them are zero. */
static void allocate(struct slab_cache *cache, size_t bytes, unsigned flags)
{
	struct object *object = &objects[object_count++];

	KT_REQUIRE(object_count <= OBJECTS);
	*object = (struct object){ .cache = cache, .bytes = bytes };
	object->memory = cache ? slab_alloc(cache, flags) : kmalloc(bytes, flags);
	if (!object->memory) {
		reply(0, 0, 0, 0);
		return;
	}
	reply((uint64_t)object->memory, cache ? bytes : kmalloc_size(object->memory),
		zeros(object, 0), 0);
	fill(object);
}

/* r OBJECT BYTES FLAGS: address, bytes, how many are as they were, and how many behind are zero. */
static void reallocate(struct object *object, size_t bytes, unsigned flags)
{
	size_t old = object->bytes, kept = old < bytes ? old : bytes;

	object->memory = krealloc(object->memory, bytes, flags);
	KT_REQUIRE(object->memory);
	object->bytes = bytes;
	reply((uint64_t)object->memory, kmalloc_size(object->memory), intact(object, kept),
		zeros(object, kept));
	fill(object);
}

/* f OBJECT: how many bytes were as they had been written. */
static void release(struct object *object)
{
	reply(intact(object, object->bytes), 0, 0, 0);
	if (object->cache)
		slab_free(object->cache, object->memory);
	else
		kfree(object->memory);
}

/*
 * Caches and kmalloc: c a k r f as above; d drains. Reply of c and d: objects in use, pages in use,
 * pages that came back.
 */
KPROBE(heap_operations)
{
	char line[80];

	while (kt_input_line(line, sizeof(line))) {
		uint64_t number[3] = { 0 };
		char what = parse(line, number);

		if (what == 'c') {
			make_cache(number[0], number[1]);
		} else if (what == 'a') {
			struct slab_cache *cache = &caches[number[0]];

			allocate(cache, cache->bytes, (unsigned)number[1]);
		} else if (what == 'k') {
			allocate(NULL, number[0], (unsigned)number[1]);
		} else if (what == 'r') {
			reallocate(&objects[number[0]], number[1], (unsigned)number[2]);
		} else if (what == 'f') {
			release(&objects[number[0]]);
		} else {
			uint64_t came = slab_drain();

			reply(slab_used(), page_used_count(), came, 0);
		}
	}
}

/*
 * "c BYTES ALIGN", and then objects of that cache until there is no memory; every third is freed,
 * and it is done again. Replies: of c; objects of the first round, and of the second; pages that
 * are used then; pages that are still used when all is freed.
 */
KPROBE(heap_exhaustion)
{
	struct slab_cache *cache = &caches[0];
	uint64_t before = page_used_count(), full, count[2] = { 0 };
	void **chain[2] = { NULL }, **object; /* the objects of each round */
	char line[80];
	uint64_t number[3] = { 0 };

	KT_REQUIRE(kt_input_line(line, sizeof(line)));
	parse(line, number);
	make_cache(number[0], number[1]);
	while ((object = slab_alloc(cache, 0))) {
		unsigned third = count[0]++ % 3 == 0;

		*object = chain[third];
		chain[third] = object;
	}
	full = page_used_count();
	while ((object = chain[1])) {
		chain[1] = *object;
		slab_free(cache, object);
	}
	while ((object = slab_alloc(cache, PAGE_NOWAIT))) {
		count[1]++;
		*object = chain[1];
		chain[1] = object;
	}
	for (int i = 0; i < 2; i++)
		while ((object = chain[i])) {
			chain[i] = *object;
			slab_free(cache, object);
		}
	slab_drain();
	reply(count[0], count[1], full - before, page_used_count() - before);
}
