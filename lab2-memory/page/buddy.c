/* The buddy allocator: see buddy.h. */
#include "lab2-memory/page/buddy.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"

void buddy_init(struct buddy *buddy, struct page *pages, uint64_t frames)
{
	spin_init(&buddy->lock, "buddy");
	buddy->pages = pages;
	buddy->frames = frames;
	buddy->free_pages = 0;
	for (unsigned order = 0; order < PAGE_ORDERS; order++) {
		list_init(&buddy->free[order]);
		buddy->blocks[order] = 0;
	}
}

void buddy_insert(struct buddy *buddy, struct page *page, unsigned order)
{
	page->state = PAGE_FREE;
	page->order = (uint8_t)order;
	list_insert_after(&buddy->free[order], &page->link);
	buddy->blocks[order]++;
	buddy->free_pages += 1ul << order;
}

void buddy_remove(struct buddy *buddy, struct page *page)
{
	assert(page->state == PAGE_FREE);
	page->state = PAGE_TAIL;
	list_remove(&page->link);
	buddy->blocks[page->order]--;
	buddy->free_pages -= 1ul << page->order;
}

struct page *buddy_alloc(struct buddy *buddy, unsigned order)
{
	assert(spin_held(&buddy->lock) && order < PAGE_ORDERS);

	/* Exercise 2.1: the smallest free block that is large enough, and what of it
	 * is not needed back into the lists. The contract stands in buddy.h. */
	// BEGIN SOLUTION 2.1
	unsigned found = order;

	while (found < PAGE_ORDERS && list_empty(&buddy->free[found]))
		found++;
	if (found == PAGE_ORDERS)
		return NULL;

	struct page *page = list_entry(buddy->free[found].next, struct page, link);

	buddy_remove(buddy, page);
	while (found-- > order)
		buddy_insert(buddy, page + (1ul << found), found);
	page->state = PAGE_USED;
	page->order = (uint8_t)order;
	return page;
	// END SOLUTION 2.1 => todo("2.1"); return NULL;
}

void buddy_free(struct buddy *buddy, struct page *page, unsigned order)
{
	assert(spin_held(&buddy->lock) && order < PAGE_ORDERS);
	assert(page->state != PAGE_FREE);

	/* Exercise 2.2: merge the block with its buddy as often as that is free, too, and
	 * put what it has become into its list. The contract stands in buddy.h. */
	// BEGIN SOLUTION 2.2
	uint64_t frame = (uint64_t)(page - buddy->pages);

	page->state = PAGE_TAIL; /* unless it heads the block in the end */
	for (; order < PAGE_ORDER_MAX; order++) {
		uint64_t other = frame ^ 1ul << order;
		struct page *mate = buddy->pages + other;

		if (other + (1ul << order) > buddy->frames || mate->state != PAGE_FREE ||
			mate->order != order)
			break;
		buddy_remove(buddy, mate);
		frame &= other;
	}
	buddy_insert(buddy, buddy->pages + frame, order);
	// END SOLUTION 2.2 => todo("2.2"); (void)page, (void)order;
}

/* The largest block that may begin at this frame and ends at or before end. */
static unsigned largest_order(uint64_t frame, uint64_t end)
{
	unsigned order = 0;

	while (order < PAGE_ORDER_MAX && frame % (2ul << order) == 0 &&
		frame + (2ul << order) <= end)
		order++;
	return order;
}

void buddy_free_range(struct buddy *buddy, uint64_t first, uint64_t end)
{
	uint64_t flags = spin_lock_irqsave(&buddy->lock);

	for (unsigned order; first < end; first += 1ul << order) {
		order = largest_order(first, end);
		buddy_insert(buddy, buddy->pages + first, order);
	}
	spin_unlock_irqrestore(&buddy->lock, flags);
}
