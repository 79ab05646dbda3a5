/* Exercises 2.1 and 2.2, the instructor's own: memory is worn down to crumbs, and whole again. */
#include "lab2-memory/tests/buddies.h"

static bool owned[FRAMES]; /* whether a block has this frame */

static struct {
	uint64_t frame;
	unsigned order;
} held[FRAMES];

static unsigned blocks;

/* Each frame of the block belonged to somebody before, or to nobody. */
static void own(uint64_t frame, unsigned order, bool before, bool after)
{
	KT_REQUIRE(frame % (1ul << order) == 0 && frame + (1ul << order) <= mine.frames);
	for (uint64_t i = 0; i < 1ul << order; i++) {
		KT_REQUIRE(owned[frame + i] == before);
		owned[frame + i] = after;
	}
}

static void wear(unsigned order)
{
	struct page *page = take(order);

	if (!page)
		return;
	held[blocks].frame = (uint64_t)(page - pages);
	held[blocks].order = order;
	own(held[blocks].frame, order, false, true);
	blocks++;
}

static void mend(void)
{
	unsigned which = (unsigned)(kt_random() % blocks);

	own(held[which].frame, held[which].order, true, false);
	put(held[which].frame, held[which].order);
	held[which] = held[--blocks];
}

KTEST(buddy_worn, "2.2", "after thousands of blocks came and went, memory is as whole as at first",
	.limit = 5)
{
	uint64_t first[PAGE_ORDERS];

	begin(FRAMES);
	buddy_free_range(&mine, 3, FRAMES);
	memcpy(first, mine.blocks, sizeof(first));
	for (int round = 0; round < 8; round++) {
		for (int i = 0; i < 2000; i++)
			if (blocks && kt_random() % 8 < 3)
				mend();
			else
				wear((unsigned)(kt_random() % 11 * (kt_random() % 11) / 10));
		while (blocks)
			mend();
		for (unsigned order = 0; order < PAGE_ORDERS; order++)
			KT_EQ(mine.blocks[order], first[order]);
		KT_EQ(mine.free_pages, FRAMES - 3);
	}
}
