/*
 * Exercises 2.1 and 2.2 from inside, on a buddy allocator of the tests' own, over frames that
 * nobody reads or writes. test_buddy.py compares long random sequences with a model of its own.
 */
#include "lab2-memory/tests/buddies.h"

struct block {
	uint64_t frame;
	unsigned order;
};

/* How often the block stands in the list of its order, as a free block should. */
static unsigned listed(struct block block)
{
	const struct page *page = pages + block.frame;
	unsigned times = 0, length = 0;

	list_each (link, &mine.free[block.order]) {
		KT_REQUIRE(length++ < FRAMES);
		times += frame_of(link) == block.frame;
	}
	return page->state == PAGE_FREE && page->order == block.order ? times : 0;
}

/* The free blocks are these and no others: lists, counts, and the pages' own states. */
static void expect(const struct block *block, size_t blocks, const char *file, int line)
{
	uint64_t in_lists = 0, free_pages = 0, states = 0;

	for (unsigned order = 0; order < PAGE_ORDERS; order++) {
		uint64_t length = 0;

		list_each (link, &mine.free[order]) {
			KT_REQUIRE(length++ < FRAMES);
		}
		kt_equal(mine.blocks[order], length, "blocks[order] is the list's length", file,
			line);
		in_lists += length;
	}
	for (size_t i = 0; i < blocks; i++) {
		kt_equal(listed(block[i]), 1, "a block that is to be free is listed once", file,
			line);
		free_pages += 1ul << block[i].order;
	}
	for (uint64_t frame = 0; frame < mine.frames; frame++)
		states += pages[frame].state == PAGE_FREE;
	kt_equal(in_lists, blocks, "how many blocks are in the lists", file, line);
	kt_equal(states, blocks, "how many pages have the state PAGE_FREE", file, line);
	kt_equal(mine.free_pages, free_pages, "free_pages", file, line);
}
#define EXPECT_FREE(...)                                                                           \
	expect((struct block[]){ __VA_ARGS__ },                                                    \
		sizeof((struct block[]){ __VA_ARGS__ }) / sizeof(struct block), __FILE__,          \
		__LINE__)
#define EXPECT_NOTHING_FREE() expect(NULL, 0, __FILE__, __LINE__)

KTEST(buddy_takes_what_fits, "2.1", "a block of just the right order is taken whole")
{
	begin(FRAMES);
	buddy_free_range(&mine, 8, 24); /* blocks of order 3 at 8 and 16 */
	buddy_free_range(&mine, 64, 68);
	KT_EQ(take(2), pages + 64);
	EXPECT_FREE({ 8, 3 }, { 16, 3 });
	struct page *page = take(3);
	KT_TRUE(page == pages + 8 || page == pages + 16);
	KT_TRUE(take(3) != page);
	EXPECT_NOTHING_FREE();
}

KTEST(buddy_takes_the_smallest, "2.1",
	"the smallest block that is large enough is split, not one before or behind it")
{
	begin(FRAMES);
	buddy_free_range(&mine, 1024, 2048); /* order 10 */
	buddy_free_range(&mine, 512, 576);   /* order 6 */
	buddy_free_range(&mine, 16, 24);     /* order 3 */
	buddy_free_range(&mine, 7, 8);       /* order 0 */
	KT_EQ(take(4), pages + 512);
	EXPECT_FREE({ 1024, 10 }, { 16, 3 }, { 7, 0 }, { 528, 4 }, { 544, 5 });
	KT_EQ(take(1), pages + 16);
	EXPECT_FREE({ 1024, 10 }, { 7, 0 }, { 528, 4 }, { 544, 5 }, { 18, 1 }, { 20, 2 });
}

KTEST(buddy_splits_down, "2.1",
	"a single page from the largest block leaves one spare half of each order below")
{
	begin(FRAMES);
	buddy_free_range(&mine, 1024, 2048);
	KT_EQ(take(0), pages + 1024);
	EXPECT_FREE({ 1025, 0 }, { 1026, 1 }, { 1028, 2 }, { 1032, 3 }, { 1040, 4 }, { 1056, 5 },
		{ 1088, 6 }, { 1152, 7 }, { 1280, 8 }, { 1536, 9 });
}

KTEST(buddy_takes_the_largest, "2.1", "a block of order 10 can be had, and at frame 0, too")
{
	begin(FRAMES);
	buddy_free_range(&mine, 0, 1024);
	KT_EQ(take(PAGE_ORDER_MAX), pages);
	EXPECT_NOTHING_FREE();
}

KTEST(buddy_has_none, "2.1", "where no block is large enough, there is NULL, and nothing changes")
{
	begin(FRAMES);
	buddy_free_range(&mine, 1, 1024); /* orders 0 to 9, one each */
	KT_EQ(take(PAGE_ORDER_MAX), NULL);
	KT_EQ(mine.free_pages, 1023);
	KT_EQ(take(9), pages + 512);
	KT_EQ(take(9), NULL);
	EXPECT_FREE({ 1, 0 }, { 2, 1 }, { 4, 2 }, { 8, 3 }, { 16, 4 }, { 32, 5 }, { 64, 6 },
		{ 128, 7 }, { 256, 8 });
}

KTEST(buddy_tells_the_page, "2.1",
	"the page taken is marked as used and with its order; its other fields stay as they were")
{
	static const struct page_owner owner = { "test" };
	struct page *page = pages + 32;

	begin(FRAMES);
	buddy_free_range(&mine, 32, 64);
	page->count = 7;
	page->flags = 8;
	page->owner = &owner;
	page->word[0] = page->word[1] = page->word[2] = 9;
	page->site = 10;
	KT_EQ(take(2), page);
	KT_EQ(page->state, PAGE_USED);
	KT_EQ(page->order, 2);
	KT_EQ(page->count, 7);
	KT_EQ(page->flags, 8);
	KT_EQ(page->owner, &owner);
	KT_TRUE(page->word[0] == 9 && page->word[1] == 9 && page->word[2] == 9);
	KT_EQ(page->site, 10);
	KT_EQ(take(4), pages + 48); /* whole: its order was right before */
	KT_EQ(pages[48].state, PAGE_USED);
	KT_EQ(pages[48].order, 4);
}

KTEST(buddy_merges_two, "2.2", "two buddies become one block, which begins at the lower of them")
{
	begin(FRAMES);
	put(5, 0);
	EXPECT_FREE({ 5, 0 });
	put(4, 0); /* the lower one last */
	EXPECT_FREE({ 4, 1 });
	put(16, 3);
	put(24, 3); /* the upper one last */
	EXPECT_FREE({ 4, 1 }, { 16, 4 });
}

KTEST(buddy_merges_on, "2.2", "a merged block merges again, up to order 10")
{
	begin(FRAMES);
	for (unsigned order = 0; order < PAGE_ORDER_MAX; order++)
		put(1024 + (1ul << order), order);
	EXPECT_FREE({ 1025, 0 }, { 1026, 1 }, { 1028, 2 }, { 1032, 3 }, { 1040, 4 }, { 1056, 5 },
		{ 1088, 6 }, { 1152, 7 }, { 1280, 8 }, { 1536, 9 });
	put(1024, 0);
	EXPECT_FREE({ 1024, 10 });
}

KTEST(buddy_merges_in_any_order, "2.2",
	"1024 single pages that come back in any order are one block in the end")
{
	static uint16_t frame[1024];

	begin(FRAMES);
	for (uint16_t i = 0; i < 1024; i++) {
		uint16_t other = (uint16_t)(kt_random() % (i + 1u));

		frame[i] = frame[other];
		frame[other] = (uint16_t)(1024 + i);
	}
	for (unsigned i = 0; i < 1023; i++)
		put(frame[i], 0);
	KT_EQ(mine.free_pages, 1023);
	KT_EQ(mine.blocks[PAGE_ORDER_MAX], 0);
	put(frame[1023], 0);
	EXPECT_FREE({ 1024, 10 });
}

KTEST(buddy_stops_at_order_10, "2.2", "blocks of order 10 side by side stay two")
{
	begin(FRAMES);
	put(0, PAGE_ORDER_MAX);
	put(1024, PAGE_ORDER_MAX);
	EXPECT_FREE({ 0, 10 }, { 1024, 10 });
}

KTEST(buddy_is_no_neighbour, "2.2", "a free neighbour that is no buddy is left alone")
{
	begin(FRAMES);
	put(2, 0);
	put(1, 0);
	put(12, 2);
	put(16, 2);
	EXPECT_FREE({ 1, 0 }, { 2, 0 }, { 12, 2 }, { 16, 2 });
}

KTEST(buddy_in_part, "2.2", "a buddy of which only a part is free is left alone")
{
	begin(FRAMES);
	put(8, 1); /* the first half of 8-11 */
	put(12, 2);
	EXPECT_FREE({ 8, 1 }, { 12, 2 });
	put(22, 1); /* the second half of 20-23 */
	put(16, 2);
	EXPECT_FREE({ 8, 1 }, { 12, 2 }, { 22, 1 }, { 16, 2 });
	put(32, 2); /* and the part comes last */
	put(36, 1);
	EXPECT_FREE({ 8, 1 }, { 12, 2 }, { 22, 1 }, { 16, 2 }, { 32, 2 }, { 36, 1 });
}

KTEST(buddy_in_use, "2.2", "a buddy that is in use, in a front or not ours is left alone")
{
	begin(FRAMES);
	for (unsigned order = 0; order < 3; order++) {
		pages[0x10 ^ 1u << order] = (struct page){ .state = PAGE_USED, .order = order };
		pages[0x20 ^ 1u << order] = (struct page){ .state = PAGE_RESERVED, .order = order };
		pages[0x30 ^ 1u << order] = (struct page){ .state = PAGE_TAIL, .order = order };
	}
	pages[0x40] = (struct page){ .state = PAGE_KEPT };
	put(0x10, 0);
	put(0x20, 1);
	put(0x30, 2);
	put(0x41, 0);
	EXPECT_FREE({ 0x10, 0 }, { 0x20, 1 }, { 0x30, 2 }, { 0x41, 0 });
}

KTEST(buddy_at_the_end, "2.2", "frames from the last one on are somebody else's, free or not")
{
	static struct buddy other;

	begin(100);
	buddy_init(&other, pages, FRAMES);
	buddy_free_range(&other, 100, 128); /* the buddies of 96-99, 64-95 and 0-63 */
	put(98, 1);
	put(96, 1); /* up to the end itself they do merge */
	put(64, 5);
	put(0, 6);
	EXPECT_FREE({ 0, 6 }, { 64, 5 }, { 96, 2 });
	KT_EQ(other.free_pages, 28);
}

KTEST(buddy_comes_back, "2.2", "what is taken and given back leaves all as it was", .needs = "2.1")
{
	begin(FRAMES);
	buddy_free_range(&mine, 1024, 2048);
	for (unsigned order = 0; order < PAGE_ORDERS; order++) {
		struct page *page = take(order);

		KT_REQUIRE(page);
		put((uint64_t)(page - pages), order);
		EXPECT_FREE({ 1024, 10 });
	}
}
