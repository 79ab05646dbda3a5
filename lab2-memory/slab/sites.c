/* Who has memory: see sites.h. */
#include "lab2-memory/slab/sites.h"
#include "lab2-memory/slab/core.h"
#include "lab2-memory/slab/debug.h"

#define SITES_LOG 9
#define SITES     (1u << SITES_LOG)

static struct site table[SITES]; /* a site is at its hash, or behind it where that was taken */

/* What sites_each hands on to each slab. */
struct visitor {
	void (*visit)(uint64_t memory, uint64_t bytes, uint64_t site, void *context);
	void *context;
};

#ifdef DEBUG
static void each_object(struct slab_cache *cache, struct page *slab, void *context)
{
	const struct visitor *visitor = context;

	for (unsigned i = 0; i < cache->objects; i++) {
		void *object = slab_object(cache, slab, i);
		const struct slab_tag *tag = slab_tag(cache, object);

		if (tag->state == SLAB_ALIVE)
			visitor->visit(
				(uint64_t)object, tag->asked, tag->allocated, visitor->context);
	}
}
#else
static void each_object(struct slab_cache *cache, struct page *slab, void *context)
{
	(void)cache, (void)slab, (void)context;
}
#endif

void sites_each(
	void (*visit)(uint64_t memory, uint64_t bytes, uint64_t site, void *context), void *context)
{
	struct visitor visitor = { visit, context };

	for (struct page *page = page_array; page < page_array + page_frames; page++) {
		if (page->state != PAGE_USED)
			continue;
		if (page->owner == &slab_owner)
			slab_visit(page, each_object, &visitor);
		else
			visit((uint64_t)page_address(page), PAGE_SIZE << page->order, page->site,
				context);
	}
}

/* A site's place; NULL if the table is full. */
static struct site *find(uint64_t address)
{
	uint64_t hash = address * 0x9e3779b97f4a7c15ul >> (64 - SITES_LOG);

	for (unsigned i = 0; i < SITES; i++) {
		struct site *site = &table[(hash + i) % SITES];

		if (site->address == address || site->address == 0) {
			site->address = address;
			return site;
		}
	}
	return NULL;
}

static void add(uint64_t memory, uint64_t bytes, uint64_t address, void *lost)
{
	struct site *site = address ? find(address) : NULL;

	(void)memory;
	if (!site) {
		++*(uint64_t *)lost;
		return;
	}
	site->count++;
	site->bytes += bytes;
}

uint64_t sites_collect(void)
{
	uint64_t lost = 0;

	for (struct site *site = table; site < table + SITES; site++) {
		site->count = site->bytes = 0;
		site->listed = false;
	}
	sites_each(add, &lost);
	return lost;
}

void sites_mark(void)
{
	for (struct site *site = table; site < table + SITES; site++) {
		site->marked_count = site->count;
		site->marked_bytes = site->bytes;
	}
}

void sites_forget(void)
{
	for (struct site *site = table; site < table + SITES; site++)
		site->marked_count = site->marked_bytes = 0;
}

const struct site *sites_next(void)
{
	struct site *best = NULL;

	for (struct site *site = table; site < table + SITES; site++) {
		uint64_t grown = site->bytes - site->marked_bytes;

		if (site->listed || site->bytes <= site->marked_bytes)
			continue;
		if (!best || grown > best->bytes - best->marked_bytes)
			best = site;
	}
	if (best)
		best->listed = true;
	return best;
}
