/* The monitor's commands for the kernel heap. */
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/debug/symbols.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/monitor/monitor.h"
#include "lab2-memory/slab/core.h"
#include "lab2-memory/slab/debug.h"
#include "lab2-memory/slab/sites.h"

#define LINES_MAX 20

static bool print_cache(struct slab_cache *cache, void *context)
{
	(void)context;
	uint64_t total = (uint64_t)cache->slabs * cache->objects;
	unsigned kept = slab_kept(cache);

	kprintf("%-20s %6zu %6zu %8lu / %-8lu %5u %6lu %6u\n", cache->name, cache->bytes,
		cache->stride, cache->out - kept, total, cache->slabs,
		(uint64_t)cache->slabs << cache->order, kept);
	return true;
}

COMMAND(slabs, "[check]", "the object caches; or look for damage in them")
{
	if (count == 1) {
		kprintf("cache                 bytes stride  objects / room     slabs  pages  "
			"kept\n");
		slab_caches_each(print_cache, NULL);
	} else if (count == 2 && !strcmp(words[1], "check")) {
#ifdef DEBUG
		kprintf("%lu objects, in use or free, are not damaged\n", slab_check_all());
#else
		kprintf("only a debug build (make DEBUG=1) can tell\n");
#endif
	} else {
		kprintf("usage: slabs [check]\n");
	}
}

static void say_what_is_missing(void)
{
#ifndef DEBUG
	kprintf("Pages only: who allocated an object is known to a debug build (make DEBUG=1).\n");
#endif
}

static void print_sites(void)
{
	uint64_t lost = sites_collect();
	const struct site *site;

	say_what_is_missing();
	kprintf("       bytes    count  allocated at\n");
	for (int i = 0; i < LINES_MAX && (site = sites_next()); i++) {
		struct symbol symbol = symbol_of(site->address);

		kprintf("%12lu %8ld  %s+0x%lx\n", site->bytes - site->marked_bytes,
			(int64_t)(site->count - site->marked_count), symbol.name, symbol.offset);
	}
	if (lost)
		kprintf("and %lu pages or objects that nobody is known for\n", lost);
}

/* What one function has allocated. */
struct listing {
	const char *function;
	unsigned found;
	struct {
		uint64_t memory, bytes, offset;
	} line[LINES_MAX];
};

static void list_one(uint64_t memory, uint64_t bytes, uint64_t site, void *context)
{
	struct symbol symbol = symbol_of(site);
	struct listing *listing = context;

	if (strcmp(symbol.name, listing->function) || listing->found++ >= LINES_MAX)
		return;
	listing->line[listing->found - 1].memory = memory;
	listing->line[listing->found - 1].bytes = bytes;
	listing->line[listing->found - 1].offset = symbol.offset;
}

static void print_function(const char *name)
{
	static struct listing listing; /* too large for a stack */
	unsigned lines;

	listing.function = name;
	listing.found = 0;
	sites_each(list_one, &listing);
	say_what_is_missing();
	lines = listing.found < LINES_MAX ? listing.found : LINES_MAX;
	for (unsigned i = 0; i < lines; i++)
		kprintf("  %016lx %8lu bytes  %s+0x%lx\n", listing.line[i].memory,
			listing.line[i].bytes, name, listing.line[i].offset);
	kprintf("%u in use that %s allocated\n", listing.found, name);
}

COMMAND(leak, "[mark|all|NAME]", "who allocated what is in use, or grew since \"leak mark\"")
{
	if (count == 1) {
		print_sites();
	} else if (count > 2) {
		kprintf("usage: leak [mark | all | FUNCTION]\n");
	} else if (!strcmp(words[1], "mark")) {
		sites_collect();
		sites_mark();
		kprintf("\"leak\" now shows only what is allocated from here on and not freed\n");
	} else if (!strcmp(words[1], "all")) {
		sites_forget();
		print_sites();
	} else {
		print_function(words[1]);
	}
}
