/*
 * The kernel's half of test_slab.py's tests of objects: caches with their fronts, and
 * kmalloc. Caches and objects are numbered by the host; each byte of an object gets
 * a pattern, which is looked at before the object is freed.
 *
 *   cache C BYTES ALIGN
 *   alloc C OBJECT FLAGS           replies address, bytes that may be used, and how many are zero
 *   kmalloc BYTES OBJECT FLAGS     the same
 *   krealloc OBJECT BYTES FLAGS    the same, but zero of those that are new; and how many of the
 * old ones have been kept free OBJECT                    replies how many bytes had been kept drain
 * replies objects and pages in use
 *
 * "-" for an operation on nothing.
 */
#include "lab2-memory/slab/kmalloc.h"
#include "lab2-memory/slab/slab.h"
#include "lab2-memory/tests/probe_words.h"

#define CACHES  8
#define OBJECTS 4096

static struct slab_cache caches[CACHES];

static struct object {
	struct slab_cache *cache; /* NULL: kmalloc's */
	uint8_t *memory;          /* NULL: there is none */
	size_t bytes;
	uint64_t pattern;
} objects[OBJECTS];

static uint8_t pattern(const struct object *object, size_t i)
{
	return (uint8_t)(object->pattern + i * 7 + (i >> 8));
}

static void fill(struct object *object)
{
	object->pattern = kt_random();
	for (size_t i = 0; i < object->bytes; i++)
		object->memory[i] = pattern(object, i);
}

/* How many bytes, up to most, are as they were filled. */
static size_t kept(const struct object *object, size_t most)
{
	size_t i = 0;

	while (i < most && object->memory[i] == pattern(object, i))
		i++;
	return i;
}

/* How many bytes are zero, from first on. */
static size_t zeros(const struct object *object, size_t first)
{
	size_t i = first;

	while (i < object->bytes && object->memory[i] == 0)
		i++;
	return i - first;
}

static void say_object(struct object *object, size_t first)
{
	probe_say((uint64_t)object->memory);
	if (!object->memory)
		return;
	probe_say(object->cache ? object->bytes : kmalloc_size(object->memory));
	probe_say(zeros(object, first));
}

static void allocate(struct slab_cache *cache, size_t bytes, const char *number, unsigned flags)
{
	struct object *object = &objects[probe_number(number, OBJECTS)];

	*object = (struct object){ .cache = cache, .bytes = bytes };
	object->memory = cache ? slab_alloc(cache, flags) : kmalloc(bytes, flags);
	say_object(object, 0);
	if (object->memory)
		fill(object);
}

static void reallocate(struct object *object, size_t bytes, unsigned flags)
{
	size_t same = object->bytes < bytes ? object->bytes : bytes;
	uint8_t *moved = krealloc(object->memory, bytes, flags);

	KT_REQUIRE(moved);
	object->memory = moved;
	object->bytes = bytes;
	say_object(object, same);
	probe_say(kept(object, same));
	fill(object);
}

static void release(struct object *object)
{
	probe_say(kept(object, object->bytes));
	if (object->cache)
		slab_free(object->cache, object->memory);
	else
		kfree(object->memory);
	object->memory = NULL;
}

static void drain(void)
{
	slab_drain();
	probe_say(slab_used());
	probe_say(page_used_count());
}

/* What is done to an object that there is. */
static void operate_on(struct object *object, const char **words)
{
	if (!object->memory)
		return;
	if (!strcmp(words[0], "free"))
		release(object);
	else
		reallocate(object, probe_number(words[2], -1), probe_number(words[3], 4));
}

static void operate(const char **words)
{
	const char *what = words[0];

	if (!strcmp(what, "drain")) {
		drain();
	} else if (!strcmp(what, "kmalloc")) {
		allocate(NULL, probe_number(words[1], -1), words[2], probe_number(words[3], 4));
	} else if (!strcmp(what, "cache")) {
		slab_cache_init(&caches[probe_number(words[1], CACHES)], "test",
			probe_number(words[2], -1), probe_number(words[3], -1));
		probe_say(0);
	} else if (!strcmp(what, "alloc")) {
		struct slab_cache *cache = &caches[probe_number(words[1], CACHES)];

		if (cache->name)
			allocate(cache, cache->bytes, words[2], probe_number(words[3], 4));
	} else {
		operate_on(&objects[probe_number(words[1], OBJECTS)], words);
	}
}

KPROBE(heap_operations)
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
			release(&objects[i]);
	probe_length = 0;
}

/* A chain of objects through their first words. */
static void push(void ***chain, void **object)
{
	*object = *chain;
	*chain = object;
}

static void free_all(struct slab_cache *cache, void **chain)
{
	while (chain) {
		void **next = *chain;

		slab_free(cache, chain);
		chain = next;
	}
}

/*
 * Input: bytes of an object. Its objects until there is no memory; every third is freed, and then
 * again until there is none. Replies: pages of a slab, objects in it; objects of the first round,
 * and of the second; pages that were used in between; pages that are still used when all is freed.
 */
KPROBE(heap_exhaustion)
{
	void **kept_chain = NULL, **third = NULL, **object;
	struct slab_cache *cache = &caches[0];
	uint64_t before = page_used_count(), first = 0, second = 0, full;
	char line[80];

	KT_REQUIRE(kt_input_line(line, sizeof(line)));
	slab_cache_init(cache, "test", probe_number(line, -1), 8);
	while ((object = slab_alloc(cache, 0)))
		push(first++ % 3 ? &kept_chain : &third, object);
	full = page_used_count();
	free_all(cache, third);
	for (third = NULL; (object = slab_alloc(cache, PAGE_NOWAIT)); second++)
		push(&third, object);
	free_all(cache, third);
	free_all(cache, kept_chain);
	slab_drain();
	probe_say(1ul << cache->order);
	probe_say(cache->objects);
	probe_say(first);
	probe_say(second);
	probe_say(full - before);
	probe_say(page_used_count() - before);
	probe_reply();
}
