/*
 * Handing out pages, from inside: references, breaking, zeroes, poison, failing on purpose,
 * and what happens when memory runs out. Floor: given code on top of exercises 2.1 and 2.2.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/bootmem.h"
#include "lab2-memory/page/buddy.h"
#include "lab2-memory/page/front.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/page/poison.h"
#include "lab2-memory/page/shrinker.h"

/* The words of a block, as somebody's data. */
static void fill(struct page *page, unsigned order, uint64_t with)
{
	uint64_t *word = page_address(page);

	for (size_t i = 0; i < (PAGE_SIZE << order) / sizeof(*word); i++)
		word[i] = with;
}

static bool filled(const struct page *page, unsigned order, uint64_t with)
{
	const uint64_t *word = page_address(page);

	for (size_t i = 0; i < (PAGE_SIZE << order) / sizeof(*word); i++)
		if (word[i] != with)
			return false;
	return true;
}

/* Take single pages until there are none, and link them into a list; returns how many. */
static uint64_t take_all(struct list *taken)
{
	uint64_t pages = 0;
	struct page *page;

	list_init(taken);
	while ((page = page_alloc(0, PAGE_NOWAIT))) {
		list_push_back(taken, &page->link);
		pages++;
	}
	return pages;
}

static struct page *first_of(struct list *taken)
{
	struct list *link = taken->next;

	KT_REQUIRE(!list_empty(taken));
	list_remove(link);
	return list_entry(link, struct page, link);
}

static void give_all_back(struct list *taken)
{
	while (!list_empty(taken))
		page_free(first_of(taken));
}

KTEST(page_new, "", "a new block is aligned, has one reference, and knows who asked for it",
	.needs = "2.1 2.2")
{
	for (unsigned order = 0; order < PAGE_ORDERS; order++) {
		struct page *page = page_alloc(order, 0);

		KT_REQUIRE(page);
		KT_EQ(page_phys(page) % (PAGE_SIZE << order), 0);
		KT_EQ(page_count(page), 1);
		KT_EQ(page->state, PAGE_USED);
		KT_EQ(page->order, order);
		KT_EQ(page->flags, 0);
		KT_EQ(page->owner, NULL);
		KT_TRUE(page->site > (uint64_t)ktest_page_new &&
			page->site < (uint64_t)ktest_page_new + 4096);
		page->flags = 0xffff;
		page->owner = (const struct page_owner *)page;
		page_free(page);
	}
}

KTEST(page_all, "", "every free page can be had once, and all come back as they were",
	.needs = "2.1 2.2", .limit = 10)
{
	uint64_t free = page_free_count(), used = page_used_count(), total = 0;
	uint64_t blocks[PAGE_ORDERS];
	const struct memory_range *range;
	struct list taken;

	for (size_t ranges = bootmem_ranges(&range); ranges-- > 0; range++)
		total += (range->end - range->start) >> PAGE_SHIFT;
	KT_EQ(page_total(), total);
	memcpy(blocks, buddy.blocks, sizeof(blocks));
	KT_EQ(take_all(&taken), free);
	KT_EQ(page_free_count(), 0);
	KT_EQ(page_used_count(), page_total());
	for (unsigned order = 0; order < PAGE_ORDERS; order++)
		KT_EQ(page_alloc(order, 0), NULL);
	list_each (link, &taken) {
		struct page *page = list_entry(link, struct page, link);

		KT_REQUIRE(page->word[0] != 0x5eed);
		page->word[0] = 0x5eed;
	}
	give_all_back(&taken);
	page_drain();
	KT_EQ(page_free_count(), free);
	KT_EQ(page_used_count(), used);
	for (unsigned order = 0; order < PAGE_ORDERS; order++)
		KT_EQ(buddy.blocks[order], blocks[order]);
}

KTEST(page_fronts_come_back, "",
	"pages that wait in a front are given back before a larger block is refused",
	.needs = "2.1 2.2", .limit = 10)
{
	struct page *pair = page_alloc(1, 0), *again;
	struct list taken;

	KT_REQUIRE(pair);
	take_all(&taken);
	page_free(pair);
	pair = page_alloc(1, PAGE_NOWAIT);
	KT_REQUIRE(pair);
	page_break(pair);
	page_free(pair);
	page_free(pair + 1);
	KT_EQ(front_count(), 2);
	again = page_alloc(1, PAGE_NOWAIT);
	KT_EQ(again, pair);
	page_free(again);
	give_all_back(&taken);
}

KTEST(page_references, "", "a block goes with its last reference, whichever of its pages is named",
	.needs = "2.1 2.2")
{
	struct page *page = page_alloc(3, 0);
	uint64_t used = page_used_count();

	KT_REQUIRE(page);
	for (size_t i = 0; i < 8; i++)
		KT_EQ(page_head(page + i), page);
	page_get(page);
	page_get(page + 7);
	KT_EQ(page_count(page), 3);
	KT_EQ(page_count(page + 5), 3);
	page_put(page + 1);
	page_put(page);
	KT_EQ(page_count(page), 1);
	KT_EQ(page_used_count(), used);
	page_put(page + 4);
	KT_EQ(page_used_count(), used - 8);
	KT_EQ(page->count, 0);
}

KTEST(page_broken, "", "a block that was broken is single pages, each of which goes by itself",
	.needs = "2.1 2.2")
{
	static const struct page_owner owner = { "test" };
	struct page *page = page_alloc(4, 0);
	uint64_t used = page_used_count(), site;

	KT_REQUIRE(page);
	page->owner = &owner;
	site = page->site;
	page_break(page);
	KT_EQ(page_used_count(), used);
	for (unsigned i = 0; i < 16; i++) {
		KT_EQ(page_head(page + i), page + i);
		KT_EQ(page_count(page + i), 1);
		KT_EQ(page[i].order, 0);
		KT_EQ(page[i].owner, &owner);
		KT_EQ(page[i].site, site);
	}
	for (unsigned i = 0; i < 16; i++) {
		page_free(page + (i * 5 + 3) % 16);
		KT_EQ(page_used_count(), used - i - 1);
	}
}

KTEST(page_filled, "", "memory is zeroed and copied where that was asked for, and nowhere else",
	.needs = "2.1 2.2")
{
	for (unsigned order = 0; order < 4; order++) {
		struct page *page = page_alloc(order + 1, 0), *half = page + (1ul << order);

		KT_REQUIRE(page);
		uint64_t *word = page_address(page);

		fill(page, order + 1, ~0ul);
		page_zero(page_address(page), PAGE_SIZE << order);
		KT_TRUE(filled(page, order, 0));
		KT_TRUE(filled(half, order, ~0ul));
		for (size_t i = 0; i < (PAGE_SIZE << order) / sizeof(*word); i++)
			word[i] = kt_random();
		page_copy(page_address(half), page_address(page), (PAGE_SIZE << order) - 64);
		KT_TRUE(!memcmp(page_address(half), page_address(page), (PAGE_SIZE << order) - 64));
		KT_EQ(*((uint64_t *)page_address(half + (1ul << order)) - 8), ~0ul);
		page_free(page);
		page = page_alloc(order, PAGE_ZERO);
		KT_REQUIRE(page && filled(page, order, 0));
		page_free(page);
	}
}

KTEST(page_found, "", "a page is found by its address, and an order by a number of bytes",
	.needs = "2.1 2.2")
{
	struct page *page = page_alloc(0, 0);

	KT_REQUIRE(page);
	KT_EQ(page_of(page_address(page)), page);
	KT_EQ(page_of((char *)page_address(page) + PAGE_SIZE - 1), page);
	KT_EQ(page_of_phys(page_phys(page) + 1), page);
	KT_EQ(page_of_phys((page_frames << PAGE_SHIFT) - 1), page_array + page_frames - 1);
	KT_EQ(page_of_phys(page_frames << PAGE_SHIFT), NULL);
	KT_EQ(page_of(&page), page_of_phys(UINT64_MAX)); /* the stack, at its high address */
	KT_EQ(page_of((void *)0x1000), NULL);
	page_free(page);

	KT_EQ(page_order_for(0), 0);
	KT_EQ(page_order_for(1), 0);
	KT_EQ(page_order_for(PAGE_SIZE), 0);
	KT_EQ(page_order_for(PAGE_SIZE + 1), 1);
	KT_EQ(page_order_for(5 * PAGE_SIZE), 3);
	KT_EQ(page_order_for(PAGE_SIZE << PAGE_ORDER_MAX), PAGE_ORDER_MAX);
	KT_EQ(page_order_for((PAGE_SIZE << PAGE_ORDER_MAX) + 1), PAGE_ORDERS);
	KT_EQ(page_order_for(SIZE_MAX), PAGE_ORDERS);
}

KTEST(page_freed_twice, "", "a page that is given back twice is noticed", .needs = "2.1 2.2",
	.panics = "is freed, and is not in use")
{
	struct page *page = page_alloc(0, 0);

	KT_REQUIRE(page);
	page_free(page);
	page_free(page);
}

KTEST(page_block_freed_twice, "", "a block that is given back twice is noticed", .needs = "2.1 2.2",
	.panics = "is freed, and is not in use")
{
	struct page *page = page_alloc(5, 0);

	KT_REQUIRE(page);
	page_free(page);
	page_free(page);
}

KTEST(page_freed_while_shared, "", "page_free of a page with two references is noticed",
	.needs = "2.1 2.2", .panics = "is freed, and has 2 references")
{
	struct page *page = page_alloc(0, 0);

	KT_REQUIRE(page);
	page_get(page);
	page_free(page);
}

KTEST(page_freed_from_inside, "", "page_free of a page that heads no block is noticed",
	.needs = "2.1 2.2", .panics = "page_head(page) == page")
{
	struct page *page = page_alloc(1, 0);

	KT_REQUIRE(page);
	page_free(page + 1);
}

KTEST(page_got_when_free, "", "a reference to what is free is noticed", .needs = "2.1 2.2",
	.panics = "before > 0")
{
	struct page *page = page_alloc(1, 0);

	KT_REQUIRE(page);
	page_free(page);
	page_get(page);
}

KTEST(page_broken_while_shared, "", "breaking a block that somebody else has, too, is noticed",
	.needs = "2.1 2.2", .panics = "page_count(page) == 1")
{
	struct page *page = page_alloc(1, 0);

	KT_REQUIRE(page);
	page_get(page);
	page_break(page);
}
