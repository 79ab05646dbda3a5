/* Red zones, poison, and who did it: see debug.h. */
#include "lab2-memory/slab/debug.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/debug/symbols.h"
#include "lab1-boot/lib/format.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/core.h"

#ifdef DEBUG
#define ZONE   0xbd
#define POISON 0xf5

/* Object of cache, with what its tag tells about it: the end of every message. */
_Noreturn __attribute__((format(printf, 3, 4))) static void complain(
	const struct slab_cache *cache, const void *object, const char *text, ...)
{
	const struct slab_tag *tag = slab_tag(cache, object);
	struct symbol allocated = symbol_of(tag->allocated), freed = symbol_of(tag->freed);
	char what[100], end[80] = "";
	va_list arguments;

	va_start(arguments, text);
	kvsnprintf(what, sizeof(what), text, arguments);
	va_end(arguments);
	if (tag->state == SLAB_FREE && tag->allocated)
		ksnprintf(end, sizeof(end), ", freed at %s+0x%lx", freed.name, freed.offset);
	if (!tag->allocated)
		panic("%s: %s %p was never allocated", what, cache->name, object);
	panic("%s: %s %p, allocated at %s+0x%lx%s", what, cache->name, object, allocated.name,
		allocated.offset, end);
}

/* The first byte of [from, to) that is not value; to if all are. */
static const uint8_t *other_byte(const uint8_t *from, const uint8_t *to, uint8_t value)
{
	uint64_t eight = value * 0x0101010101010101ul;

	while (from < to && (uint64_t)from % 8 && *from == value)
		from++;
	if ((uint64_t)from % 8 == 0)
		while (from + 8 <= to && *(const uint64_t *)from == eight)
			from += 8;
	while (from < to && *from == value)
		from++;
	return from;
}

static uint8_t *zone_end(const struct slab_cache *cache, const void *object)
{
	return (uint8_t *)object - cache->offset + cache->stride;
}

static uint8_t *left_zone(const struct slab_cache *cache, const void *object)
{
	return (uint8_t *)(slab_tag(cache, object) + 1);
}

static void check_zones(const struct slab_cache *cache, const void *object)
{
	const uint8_t *bytes = object, *end = zone_end(cache, object);
	uint32_t asked = slab_tag(cache, object)->asked;
	const uint8_t *hit = other_byte(left_zone(cache, object), bytes, ZONE);

	if (hit < bytes)
		complain(cache, object, "write before an object: byte -%ld of %u is 0x%x",
			bytes - hit, asked, *hit);
	hit = other_byte(bytes + asked, end, ZONE);
	if (hit < end)
		complain(cache, object, "write behind an object: byte %ld of %u is 0x%x",
			hit - bytes, asked, *hit);
}

static void check_poison(const struct slab_cache *cache, const void *object)
{
	const uint8_t *bytes = object, *end = bytes + cache->bytes;
	const uint8_t *hit = other_byte(bytes, end, POISON);

	if (hit < end)
		complain(cache, object, "use after free: byte %ld is 0x%x", hit - bytes, *hit);
}

static uint32_t state_of(const struct slab_cache *cache, const void *object)
{
	return __atomic_load_n(&slab_tag(cache, object)->state, __ATOMIC_ACQUIRE);
}

static void set_state(struct slab_cache *cache, void *object, uint32_t state)
{
	__atomic_store_n(&slab_tag(cache, object)->state, state, __ATOMIC_RELEASE);
}

/* A free object as it has to look, up to its state and its link. */
static void fill(struct slab_cache *cache, void *object)
{
	slab_tag(cache, object)->asked = (uint32_t)cache->bytes;
	memset(object, POISON, cache->bytes);
}

void slab_debug_made(struct slab_cache *cache, struct page *slab)
{
	for (unsigned i = 0; i < cache->objects; i++) {
		void *object = slab_object(cache, slab, i), *link = *slab_link(cache, object);
		uint8_t *piece = (uint8_t *)object - cache->offset;

		memset(piece, ZONE, cache->stride);
		*slab_tag(cache, object) = (struct slab_tag){ .link = link };
		fill(cache, object);
		set_state(cache, object, SLAB_FREE);
	}
}

/* Free, and as it was when it became so. */
static void check_free(struct slab_cache *cache, void *object, const char *doing)
{
	if (state_of(cache, object) == SLAB_ALIVE)
		complain(cache, object, "%s while it is in use", doing);
	if (state_of(cache, object) != SLAB_FREE)
		complain(cache, object, "%s, and what lies before it is damaged", doing);
	check_zones(cache, object);
	check_poison(cache, object);
}

void slab_debug_unmake(struct page *slab)
{
	struct slab_cache *cache = (struct slab_cache *)slab->word[0];

	for (unsigned i = 0; i < cache->objects; i++)
		check_free(cache, slab_object(cache, slab, i), "slab is given back");
}

/* That this is an object of the cache, or else the kernel panics. */
static void check_place(const struct slab_cache *cache, const void *object, const char *doing)
{
	struct slab_cache *owner = slab_cache_of(object);

	if (!owner)
		slab_complain(object, doing);

	const struct page *head = page_head(page_of(object));
	uint64_t first = (uint64_t)slab_object(owner, head, 0);
	uint64_t into = ((uint64_t)object - first) % owner->stride;
	uint64_t which = ((uint64_t)object - first) / owner->stride;

	if ((uint64_t)object < first || which >= owner->objects)
		panic("%s of %p, which is no object of its slab in cache %s", doing, object,
			owner->name);
	if (into)
		complain(owner, (const char *)object - into, "%s of %p, %lu bytes into an object",
			doing, object, into);
	if (owner != cache)
		complain(owner, object, "%s by way of cache %s", doing, cache->name);
}

void slab_debug_alloc(struct slab_cache *cache, void *object, size_t asked, uint64_t site)
{
	struct slab_tag *tag = slab_tag(cache, object);

	assert(asked > 0 && asked <= cache->bytes);
	check_place(cache, object, "allocation");
	check_free(cache, object, "allocation of an object");
	tag->asked = (uint32_t)asked;
	tag->allocated = site;
	memset((char *)object + asked, ZONE, cache->bytes - asked);
	set_state(cache, object, SLAB_ALIVE);
}

/* In use, and nothing was written around it; what it is called if it is free. */
static void check_alive(
	const struct slab_cache *cache, const void *object, const char *doing, const char *if_free)
{
	if (state_of(cache, object) == SLAB_FREE)
		complain(cache, object, "%s", if_free);
	if (state_of(cache, object) != SLAB_ALIVE)
		complain(cache, object, "%s, and what lies before it is damaged", doing);
	check_zones(cache, object);
}

void slab_debug_free(struct slab_cache *cache, void *object, uint64_t site)
{
	check_place(cache, object, "free");
	check_alive(cache, object, "free", "double free");
	slab_tag(cache, object)->freed = site;
	fill(cache, object);
	memset((char *)object + cache->bytes, ZONE, SLAB_RIGHT);
	set_state(cache, object, SLAB_FREE);
}

void slab_debug_resize(struct slab_cache *cache, void *object, size_t asked, uint64_t site)
{
	struct slab_tag *tag = slab_tag(cache, object);

	assert(asked > 0 && asked <= cache->bytes);
	tag->asked = (uint32_t)asked;
	tag->allocated = site;
	memset((char *)object + asked, ZONE, cache->bytes - asked);
}

size_t slab_debug_asked(const struct slab_cache *cache, const void *object)
{
	check_place(cache, object, "use");
	check_alive(cache, object, "use", "use after free");
	return slab_tag(cache, object)->asked;
}

/* A large kmalloc's red zone: from what was asked for to the end of that page. */
static uint8_t *large_zone(const struct page *page)
{
	return (uint8_t *)page_address(page) + page->word[0];
}

static size_t large_zone_bytes(const struct page *page)
{
	return -page->word[0] % PAGE_SIZE;
}

void slab_debug_large(struct page *page)
{
	memset(large_zone(page), ZONE, large_zone_bytes(page));
}

void slab_debug_large_check(const struct page *page)
{
	const uint8_t *zone = large_zone(page), *end = zone + large_zone_bytes(page);
	const uint8_t *hit = other_byte(zone, end, ZONE);
	struct symbol allocated = symbol_of(page->site);

	if (hit < end)
		panic("write behind an object: byte %lu of %lu is 0x%x: kmalloc %p, allocated at "
		      "%s+0x%lx",
			page->word[0] + (uint64_t)(hit - zone), page->word[0], *hit,
			page_address(page), allocated.name, allocated.offset);
}

static void check_object(struct slab_cache *cache, void *object)
{
	if (state_of(cache, object) == SLAB_FREE)
		check_free(cache, object, "check of an object");
	else
		check_zones(cache, object);
}

static void check_slab(struct slab_cache *cache, struct page *slab, void *context)
{
	for (unsigned i = 0; i < cache->objects; i++)
		check_object(cache, slab_object(cache, slab, i));
	*(uint64_t *)context += cache->objects;
}

/* Not checked itself: it looks at every page there is, twice in each test. */
__attribute__((no_sanitize("undefined"))) uint64_t slab_check_all(void)
{
	struct page *end = page_array + page_frames;
	uint64_t objects = 0;

	for (struct page *page = page_array; page < end; page++)
		if (page->owner == &slab_owner)
			slab_visit(page, check_slab, &objects);
	return objects;
}
#endif

_Noreturn void slab_complain(const void *memory, const char *doing)
{
	struct page *page = page_of(memory), *head;

	if (!page || page->state == PAGE_RESERVED)
		panic("%s of %p, where no memory is ever allocated", doing, memory);
	head = page_head(page);
	if (head->state != PAGE_USED)
		panic("double free? %s of %p, and its page is free", doing, memory);
	panic("%s of %p, which is in use as something else: %s", doing, memory,
		head->owner ? head->owner->name : "pages");
}
