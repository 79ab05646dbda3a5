/*
 * Pages on debug builds: poison, and failing on purpose; and shrinkers, which are asked when
 * nothing is left. Floor: given code on top of exercises 2.1 and 2.2.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/page/shrinker.h"

KTEST(page_used_after_free, "", "a write through an old pointer is found, with what was written",
	.needs = "2.1 2.2", .panics = "page use after free: 0x1234 was written at 0x")
{
	struct page *page = page_alloc(0, 0);

	KT_REQUIRE(page);
	uint64_t *stale = page_address(page);

	page_free(page);
	stale[PAGE_SIZE / sizeof(*stale) - 1] = 0x1234;
	KT_EQ(page_alloc(0, 0), page);
}

/* Not inlined, so that who asked for a page is somebody else than who freed it. */
__attribute__((noipa)) static struct page *largest(void)
{
	return page_alloc(PAGE_ORDER_MAX, 0);
}

KTEST(page_used_after_free_block, "",
	"and so is one into any page of a larger block, with who freed it", .needs = "2.1 2.2",
	.panics = "the page was freed at ktest_page_used_after_free_block+0x")
{
	struct page *page = largest(), *again;

	KT_REQUIRE(page);
	uint64_t *stale = (uint64_t *)((char *)page_address(page) + 1000 * PAGE_SIZE);

	page_free(page);
	*stale &= ~1ul;
	/* Whatever page comes when, all of memory is looked at. */
	for (unsigned order = PAGE_ORDERS; order-- > 0;)
		while ((again = page_alloc(order, PAGE_NOWAIT)))
			;
}

KTEST(page_not_poisoned, "", "what is in use is not looked at, and what was never free neither",
	.needs = "2.1 2.2")
{
	struct page *page = page_alloc(2, 0);

	KT_REQUIRE(page);
	page_break(page);
	for (int i = 0; i < 4; i++)
		*(uint64_t *)page_address(page + i) = 1;
	page_free(page + 2); /* filled again, as a page by itself */
	page_free(page + 0);
	page_free(page + 3);
	page_free(page + 1);
	page_drain();
	page = page_alloc(2, 0);
	KT_REQUIRE(page);
	page_free(page);
}

KTEST(inject_counts, "", "of the allocations from now on, just the one that was named fails",
	.needs = "2.1 2.2")
{
	struct page *page[12];

	inject_failure(1);
	inject_failure(0); /* called off */
	KT_TRUE(!inject_pending());
	for (unsigned fails = 0; fails <= 12; fails++) {
		inject_failure(fails);
		KT_EQ(inject_pending(), fails > 0);
		for (unsigned i = 0; i < 12; i++) {
			page[i] = page_alloc(i % 3, 0);
			KT_EQ(!page[i], i + 1 == fails);
			KT_EQ(inject_pending(), i + 1 < fails);
		}
		for (unsigned i = 0; i < 12; i++)
			if (page[i])
				page_free(page[i]);
	}
}

/*
 * Two shrinkers, of a lower floor and of a higher one. Each gives pages back out of its own
 * heap; without one it has nothing, as in every other test.
 */
static struct heap {
	struct list pages;
	uint64_t left, most; /* pages that it has, and gives at a time */
	uint64_t asked, wanted, when;
} low = { .most = UINT64_MAX }, high = { .most = UINT64_MAX };
static uint64_t times;

static uint64_t shrink(struct heap *heap, uint64_t pages)
{
	uint64_t given = 0;

	heap->asked++;
	heap->wanted = pages;
	heap->when = ++times;
	for (; given < pages && given < heap->most && heap->left; given++, heap->left--) {
		struct list *link = heap->pages.next;

		list_remove(link);
		page_free(list_entry(link, struct page, link));
	}
	return given;
}

static uint64_t low_shrink(uint64_t pages)
{
	return shrink(&low, pages);
}

static uint64_t high_shrink(uint64_t pages)
{
	return shrink(&high, pages);
}
SHRINKER("6z", high_shrink);
SHRINKER("1z", low_shrink);

/* Take every page there is; so many go to a heap (in the order in which they came), the rest is
 * linked elsewhere. */
static void exhaust(struct list *rest, uint64_t to_low, uint64_t to_high)
{
	struct page *page;

	list_init(rest);
	list_init(&low.pages);
	list_init(&high.pages);
	while ((page = page_alloc(0, PAGE_NOWAIT))) {
		if (low.left < to_low) {
			list_push_back(&low.pages, &page->link);
			low.left++;
		} else if (high.left < to_high) {
			list_push_back(&high.pages, &page->link);
			high.left++;
		} else {
			list_push_back(rest, &page->link);
		}
	}
}

static void free_list(struct list *list)
{
	while (!list_empty(list)) {
		struct list *link = list->next;

		list_remove(link);
		page_free(list_entry(link, struct page, link));
	}
}

KTEST(shrinkers_help, "", "who may sleep gets a page from a shrinker, the lowest floor's first",
	.needs = "2.1 2.2", .limit = 10)
{
	struct page *page[3];
	struct list rest;

	exhaust(&rest, 1, 10);
	KT_EQ(low.asked + high.asked, 0);
	for (int i = 0; i < 3; i++)
		page[i] = page_alloc(0, 0);
	KT_REQUIRE(page[0] && page[1] && page[2]);
	KT_EQ(low.left, 0);
	KT_EQ(low.asked, 3);
	KT_EQ(high.asked, 2); /* what the first gave was enough at first */
	KT_EQ(high.left, 8);
	KT_TRUE(low.when < high.when);
	for (int i = 0; i < 3; i++)
		page_free(page[i]);
	free_list(&rest);
	free_list(&high.pages);
}

KTEST(shrinkers_are_not_asked, "", "who may not sleep gets NULL, and no shrinker is asked",
	.needs = "2.1 2.2", .limit = 10)
{
	struct list rest;

	exhaust(&rest, 4, 4);
	for (unsigned order = 0; order < PAGE_ORDERS; order++)
		KT_EQ(page_alloc(order, PAGE_NOWAIT), NULL);
	KT_EQ(low.asked + high.asked, 0);
	KT_EQ(low.left + high.left, 8);
	free_list(&rest);
	free_list(&low.pages);
	free_list(&high.pages);
}

KTEST(shrinkers_give_up, "", "with nothing to be had anywhere there is NULL, after few questions",
	.needs = "2.1 2.2", .limit = 10)
{
	struct list rest;

	exhaust(&rest, 0, 0);
	for (unsigned order = 0; order < PAGE_ORDERS; order++)
		KT_EQ(page_alloc(order, 0), NULL);
	KT_EQ(low.asked, PAGE_ORDERS);
	KT_EQ(high.asked, PAGE_ORDERS);
	KT_EQ(high.wanted, 1024);
	free_list(&rest);
}

KTEST(shrinkers_make_blocks, "", "shrinkers are asked until what they give back is one block",
	.needs = "2.1 2.2", .limit = 10)
{
	struct page *page = page_alloc(3, 0);
	struct list rest;

	KT_REQUIRE(page);
	exhaust(&rest, 0, 0);
	page_break(page);
	for (; low.left < 6; low.left++)
		list_push_back(&low.pages, &page[low.left].link);
	for (; high.left < 2; high.left++)
		list_push_back(&high.pages, &page[6 + high.left].link);
	low.most = 3;
	high.most = 1;
	KT_EQ(page_alloc(3, 0), page); /* after two rounds */
	KT_EQ(low.asked, 2);
	KT_EQ(low.wanted, 8);
	KT_EQ(high.wanted, 5); /* what is still missing then */
	page_free(page);
	free_list(&rest);
}
