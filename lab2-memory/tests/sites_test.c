/* Who has memory, as "leak" counts it. */
#include "lab1-boot/debug/symbols.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab2-memory/slab/sites.h"

__attribute__((noinline)) static void *one_buyer(size_t bytes)
{
	return kmalloc(bytes, 0);
}

__attribute__((noinline)) static struct page *page_buyer(unsigned order)
{
	return page_alloc(order, 0);
}

/* The next site, which should be in this function; NULL if there is none. */
static const struct site *next(const char *function)
{
	const struct site *site = sites_next();

	KT_REQUIRE(site);
	KT_STREQ(symbol_of(site->address).name, function);
	return site;
}

KTEST(sites_since_mark, "", "what has grown since the mark is told, the largest first",
	.needs = "2.1 2.2 2.5")
{
	void *before = one_buyer(60), *object[3], *large;

	sites_collect();
	sites_mark();
	KT_EQ(sites_next(), NULL);
	for (int i = 0; i < 3; i++)
		object[i] = one_buyer(100);
	struct page *page = page_buyer(1);
	large = one_buyer(5000); /* 8192 bytes, as pages are counted */
	KT_EQ(sites_collect(), 0);

	const struct site *site = next("one_buyer");
	KT_EQ(site->bytes - site->marked_bytes, 8192 + 300);
	KT_EQ(site->count - site->marked_count, 4);
	KT_EQ(site->marked_bytes, 60);
	site = next("page_buyer");
	KT_EQ(site->bytes, 8192);
	KT_EQ(site->count, 1);
	KT_EQ(sites_next(), NULL);

	for (int i = 0; i < 3; i++)
		kfree(object[i]);
	kfree(large);
	page_free(page);
	sites_collect();
	KT_EQ(sites_next(), NULL);
	sites_forget();
	bool found = false;
	while ((site = sites_next()))
		if (!strcmp(symbol_of(site->address).name, "one_buyer"))
			found = site->bytes == 60 && site->count == 1;
	KT_TRUE(found);
	kfree(before);
}

/* One thing in use that is looked for. */
struct wanted {
	uint64_t memory;
	uint64_t bytes, site;
	unsigned times;
};

static void compare(uint64_t memory, uint64_t bytes, uint64_t site, void *context)
{
	struct wanted *wanted = context;

	if (memory != wanted->memory)
		return;
	wanted->times++;
	wanted->bytes = bytes;
	wanted->site = site;
}

static struct wanted look_for(const void *memory)
{
	struct wanted wanted = { .memory = (uint64_t)memory };

	sites_each(compare, &wanted);
	return wanted;
}

KTEST(sites_of_memory, "", "everything in use is there once, with its size and who asked for it",
	.needs = "2.1 2.2 2.5")
{
	void *object = one_buyer(100);
	struct page *page = page_buyer(2);
	struct wanted found = look_for(object);

	KT_EQ(found.times, 1);
	KT_EQ(found.bytes, 100);
	KT_STREQ(symbol_of(found.site).name, "one_buyer");
	found = look_for(page_address(page));
	KT_EQ(found.times, 1);
	KT_EQ(found.bytes, 4 * PAGE_SIZE);
	KT_STREQ(symbol_of(found.site).name, "page_buyer");
	page_free(page);
	kfree(object);
	KT_EQ(look_for(object).times, 0);
	KT_EQ(look_for(page_address(page)).times, 0);
}
