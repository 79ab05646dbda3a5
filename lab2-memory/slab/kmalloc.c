/*
 * Memory of any size: see kmalloc.h.
 *
 * The sizes are powers of two and, from 32 on, what lies half way between two of
 * them: above 32 bytes a third of an object is lost at most, an eighth on the
 * average. Above 2048 a slab would need large blocks to hold enough objects;
 * there, whole blocks of pages are as good.
 */
#include "lab2-memory/slab/kmalloc.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/debug/symbols.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/core.h"
#include "lab2-memory/slab/debug.h"

#define STEP      16
#define CLASS_MAX 2048 /* the largest object in a cache */

static const struct {
	const char *name;
	size_t bytes;
} sizes[] = {
	{ "kmalloc-16", 16 },
	{ "kmalloc-32", 32 },
	{ "kmalloc-48", 48 },
	{ "kmalloc-64", 64 },
	{ "kmalloc-96", 96 },
	{ "kmalloc-128", 128 },
	{ "kmalloc-192", 192 },
	{ "kmalloc-256", 256 },
	{ "kmalloc-384", 384 },
	{ "kmalloc-512", 512 },
	{ "kmalloc-768", 768 },
	{ "kmalloc-1024", 1024 },
	{ "kmalloc-1536", 1536 },
	{ "kmalloc-2048", CLASS_MAX },
};
#define CLASSES (sizeof(sizes) / sizeof(sizes[0]))

/* A whole block of pages: word[0] is how many bytes were asked for, word[1] who freed it last. */
static const struct page_owner kmalloc_owner = { "kmalloc" };

static struct slab_cache classes[CLASSES];
static uint8_t class_of[CLASS_MAX / STEP + 1]; /* by the bytes in steps, rounded up */

void kmalloc_init(void)
{
	for (size_t i = 0, class = 0; i <= CLASS_MAX / STEP; i++) {
		if (i * STEP > sizes[class].bytes)
			class ++;
		class_of[i] = (uint8_t) class;
	}
	for (size_t i = 0; i < CLASSES; i++)
		slab_cache_init(&classes[i], sizes[i].name, sizes[i].bytes, STEP);
}

static struct slab_cache *cache_for(size_t bytes)
{
	return &classes[class_of[(bytes + STEP - 1) / STEP]];
}

/* How many bytes kmalloc takes for so many. */
static size_t room_for(size_t bytes)
{
	return bytes <= CLASS_MAX ? cache_for(bytes)->bytes : PAGE_SIZE << page_order_for(bytes);
}

static void *alloc_large(size_t bytes, unsigned flags, uint64_t site)
{
	unsigned order = page_order_for(bytes);
	struct page *page = order < PAGE_ORDERS ? page_alloc(order, flags) : NULL;

	if (!page)
		return NULL;
	page->owner = &kmalloc_owner;
	page->site = site;
	page->word[0] = bytes;
	slab_debug_large(page);
	return page_address(page);
}

static void *alloc(size_t bytes, unsigned flags, uint64_t site)
{
	if (bytes == 0)
		return NULL;
	if (bytes > CLASS_MAX)
		return alloc_large(bytes, flags, site);
	return slab_alloc_at(cache_for(bytes), bytes, flags, site);
}

/* Memory that is no more, or an address inside it. */
_Noreturn static void complain(const struct page *head, const void *memory, bool freeing)
{
	struct symbol allocated = symbol_of(head->site), freed = symbol_of(head->word[1]);
	const void *start = page_address(head);

	if (head->state != PAGE_USED)
		panic("%s: kmalloc %p, freed at %s+0x%lx",
			freeing ? "double free" : "use after free", memory, freed.name,
			freed.offset);
	panic("%s of %p, %lu bytes into an object: kmalloc %p, allocated at %s+0x%lx",
		freeing ? "free" : "use", memory, (uint64_t)memory - (uint64_t)start, start,
		allocated.name, allocated.offset);
}

/* The block that a large kmalloc's memory is; the kernel panics if it is none. */
static struct page *large_page(const void *memory, bool freeing)
{
	struct page *page = page_of(memory), *head = page ? page_head(page) : NULL;

	if (!head || head->owner != &kmalloc_owner)
		slab_complain(memory, freeing ? "free" : "use");
	if (head->state != PAGE_USED || page_address(head) != memory)
		complain(head, memory, freeing);
	slab_debug_large_check(head);
	return head;
}

static void give_back(void *memory, uint64_t site)
{
	struct slab_cache *cache = slab_cache_of(memory);
	struct page *page;

	if (cache) {
		slab_free_at(cache, memory, site);
		return;
	}
	page = large_page(memory, true);
	page->word[1] = site;
	page_free(page);
}

/* How many bytes were taken for it, of which kmalloc_size may be used. */
static size_t room_of(const void *memory)
{
	struct slab_cache *cache = slab_cache_of(memory);

	return cache ? cache->bytes : PAGE_SIZE << large_page(memory, false)->order;
}

/* The same memory for another number of bytes, for which it has room. */
static void resize(void *memory, size_t bytes, uint64_t site)
{
	struct slab_cache *cache = slab_cache_of(memory);
	struct page *page;

	if (cache) {
		slab_debug_resize(cache, memory, bytes, site);
		return;
	}
	page = large_page(memory, false);
	page->site = site;
	page->word[0] = bytes;
	slab_debug_large(page);
}

void *kmalloc(size_t bytes, unsigned flags)
{
	return alloc(bytes, flags, (uint64_t)__builtin_return_address(0));
}

void kfree(void *memory)
{
	if (memory)
		give_back(memory, (uint64_t)__builtin_return_address(0));
}

size_t kmalloc_size(const void *memory)
{
	struct slab_cache *cache = slab_cache_of(memory);

	return cache ? slab_debug_asked(cache, memory) : large_page(memory, false)->word[0];
}

/*
 * Zero what came in addition. As the old size may be more than what was asked for, this holds only
 * if what is never used is zero: so after a shrinking, too, all up to the end is.
 */
static void clear_new(void *memory, size_t old, size_t bytes)
{
	size_t same = old < bytes ? old : bytes;

	memset((char *)memory + same, 0, kmalloc_size(memory) - same);
}

/* In another place, or in this one if there is no other and it has room; NULL if it has none. */
static void *move(void *memory, size_t bytes, unsigned flags, uint64_t site)
{
	void *moved = alloc(bytes, flags & ~PAGE_ZERO, site);
	size_t old = kmalloc_size(memory);

	if (moved) {
		memcpy(moved, memory, old < bytes ? old : bytes);
		give_back(memory, site);
		return moved;
	}
	if (bytes > room_of(memory))
		return NULL;
	resize(memory, bytes, site);
	return memory;
}

void *krealloc(void *memory, size_t bytes, unsigned flags)
{
	uint64_t site = (uint64_t)__builtin_return_address(0);
	size_t old;

	if (!memory)
		return alloc(bytes, flags, site);
	if (bytes == 0) {
		give_back(memory, site);
		return NULL;
	}
	old = kmalloc_size(memory);
	if (room_for(bytes) == room_of(memory))
		resize(memory, bytes, site);
	else
		memory = move(memory, bytes, flags, site);
	if (memory && (flags & PAGE_ZERO))
		clear_new(memory, old, bytes);
	return memory;
}
