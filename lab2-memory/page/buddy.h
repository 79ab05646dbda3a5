/*
 * The buddy allocator: free memory as blocks of 2^order pages.
 *
 * A block of order k begins at a frame that is a multiple of 2^k. Its buddy is
 * the other half of the block of order k + 1 that holds both: their numbers
 * differ in bit k alone. An allocation splits a larger block; a freed block
 * merges with its buddy as long as that is free, too, so that at no time two
 * buddies lie free side by side.
 *
 * Read more: Knuth, "The Art of Computer Programming", volume 1, section 2.5.
 */
#pragma once
#include "lab1-boot/lock/spinlock.h"
#include "lab2-memory/page/page.h"

/*
 * Key: [I] after buddy_init, [lock]. A page in a free list has the state PAGE_FREE and the list's
 * order; no other page of this allocator has that state.
 */
struct buddy {
	struct spinlock lock;
	struct page *pages;            /* [I] of frame 0 and up */
	uint64_t frames;               /* [I] no frame from here on is this allocator's */
	struct list free[PAGE_ORDERS]; /* [lock] blocks of each order */
	uint64_t blocks[PAGE_ORDERS];  /* [lock] how many there are in each list */
	uint64_t free_pages;           /* [lock] pages in all lists together */
};

/* buddy_init: nothing is free yet; pages has a structure for each of so many frames, from 0 on. */
void buddy_init(struct buddy *buddy, struct page *pages, uint64_t frames);

/*
 * buddy_alloc: the first page of a block of exactly that order (<= PAGE_ORDER_MAX) that is free no
 * more: in no list, its state PAGE_USED and its order set, the other fields as they were. Takes the
 * smallest block that is large enough, and of a larger one the lower end; the rest stays free, as
 * the largest blocks that are possible. NULL if no block is large enough. Caller holds buddy->lock.
 */
struct page *buddy_alloc(struct buddy *buddy, unsigned order);

/*
 * buddy_free: give back the block of that order that the page heads, and merge it with its buddy as
 * often as that is free as a whole. A block never reaches past buddy->frames or beyond
 * PAGE_ORDER_MAX. Caller holds buddy->lock, and the block is not free (asserted).
 */
void buddy_free(struct buddy *buddy, struct page *page, unsigned order);

/* buddy_free_range: give back the frames [first, end), none of them free. Takes buddy->lock. */
void buddy_free_range(struct buddy *buddy, uint64_t first, uint64_t end);

/*
 * Put a block into the list of its order, and take it out: the lists, the counts, the page's state
 * and order are kept right. The state of a page taken out is PAGE_TAIL. Caller holds buddy->lock.
 */
void buddy_insert(struct buddy *buddy, struct page *page, unsigned order);
void buddy_remove(struct buddy *buddy, struct page *page);

/* The machine's own. */
extern struct buddy buddy;
