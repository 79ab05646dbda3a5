/* The processor's own few pages (front.h). Floor: given code on top of exercises 2.1 and 2.2. */
#include "lab1-boot/ktest/ktest.h"
#include "lab2-memory/page/buddy.h"
#include "lab2-memory/page/front.h"

#define MANY (3 * FRONT_PAGES)

static struct page *page[MANY];

static uint64_t kept(void)
{
	uint64_t pages = 0;

	for (uint64_t i = 0; i < page_frames; i++)
		pages += page_array[i].state == PAGE_KEPT;
	return pages;
}

KTEST(front_batches, "", "pages come from the buddy a batch at a time, and go there so",
	.needs = "2.1 2.2")
{
	uint64_t in_buddy = buddy.free_pages, free = page_free_count();

	KT_EQ(front_count(), 0);
	for (unsigned i = 0; i < MANY; i++) {
		page[i] = front_alloc();
		KT_REQUIRE(page[i]);
		KT_EQ(page[i]->state, PAGE_USED);
		KT_EQ((in_buddy - buddy.free_pages) % FRONT_BATCH, 0);
		KT_EQ(front_count(), in_buddy - buddy.free_pages - i - 1);
		KT_TRUE(front_count() < FRONT_BATCH);
	}
	front_free(front_alloc());
	KT_EQ(kept(), front_count());
	for (unsigned i = 0; i < MANY; i++) {
		front_free(page[i]);
		KT_EQ(page[i]->state == PAGE_KEPT || page[i]->state == PAGE_FREE, true);
		KT_TRUE(front_count() <= FRONT_PAGES);
		KT_TRUE(i < FRONT_PAGES || front_count() > FRONT_PAGES - FRONT_BATCH);
		KT_EQ((in_buddy - buddy.free_pages) % FRONT_BATCH, 0);
		KT_EQ(page_free_count(), free - MANY + i + 1);
	}
	KT_EQ(kept(), front_count());
}

KTEST(front_last_in_first_out, "", "the page that was given back last comes first",
	.needs = "2.1 2.2")
{
	for (unsigned i = 0; i < FRONT_PAGES; i++)
		page[i] = front_alloc();
	for (unsigned i = 0; i < FRONT_PAGES; i++)
		front_free(page[i]);
	for (unsigned i = FRONT_PAGES; i-- > FRONT_PAGES / 2;)
		KT_EQ(front_alloc(), page[i]);
	for (unsigned i = FRONT_PAGES; i-- > FRONT_PAGES / 2;)
		front_free(page[i]);
}

KTEST(front_drained, "", "draining leaves nothing in fronts, and the buddies as they were",
	.needs = "2.1 2.2")
{
	uint64_t blocks[PAGE_ORDERS];

	for (unsigned order = 0; order < PAGE_ORDERS; order++)
		blocks[order] = buddy.blocks[order];
	for (unsigned i = 0; i < MANY; i++)
		page[i] = front_alloc();
	for (unsigned i = 0; i < MANY; i++)
		front_free(page[(i * 5) % MANY]);
	KT_TRUE(front_count() > 0);
	front_drain();
	KT_EQ(front_count(), 0);
	for (unsigned order = 0; order < PAGE_ORDERS; order++)
		KT_EQ(buddy.blocks[order], blocks[order]);
	front_drain(); /* of nothing */
	KT_EQ(front_count(), 0);
}
