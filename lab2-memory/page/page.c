/* Handing out pages: see page.h. */
#include "lab2-memory/page/page.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lock/spinlock.h"
#include "lab2-memory/page/buddy.h"
#include "lab2-memory/page/front.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/page/poison.h"
#include "lab2-memory/page/shrinker.h"

#define RECLAIM_TRIES 4 /* others may take what the shrinkers gave back */

ROWS_DEFINE(shrinker);

struct page *page_array;
uint64_t page_frames;
struct buddy buddy;

/* From the front or the buddy: a block that is nobody's yet. */
static struct page *take(unsigned order)
{
	if (order == 0)
		return front_alloc();

	uint64_t flags = spin_lock_irqsave(&buddy.lock);
	struct page *page = buddy_alloc(&buddy, order);

	spin_unlock_irqrestore(&buddy.lock, flags);
	return page;
}

static struct page *take_trying_hard(unsigned order, unsigned flags)
{
	struct page *page = take(order);

	if (page)
		return page;
	page_drain();
	page = take(order);
	for (int i = 0; !page && !(flags & PAGE_NOWAIT) && i < RECLAIM_TRIES; i++) {
		if (!page_reclaim(1ul << order))
			break;
		page_drain();
		page = take(order);
	}
	return page;
}

struct page *page_alloc(unsigned order, unsigned flags)
{
	assert(order < PAGE_ORDERS);
	assert((flags & PAGE_NOWAIT) || may_sleep());
	struct page *page = inject_fails() ? NULL : take_trying_hard(order, flags);

	if (!page)
		return NULL;
	page_check_poison(page, order);
	for (size_t i = 1; i < 1ul << order; i++) {
		page[i].state = PAGE_TAIL;
		page[i].order = (uint8_t)order;
	}
	page->flags = 0;
	page->owner = NULL;
	page->site = (uint64_t)__builtin_return_address(0);
	if (flags & PAGE_ZERO)
		page_zero(page_address(page), PAGE_SIZE << order);
	__atomic_store_n(&page->count, 1, __ATOMIC_RELEASE);
	return page;
}

struct page *page_head(struct page *page)
{
	if (page->state != PAGE_TAIL)
		return page;
	return page_array + (page_frame(page) & -(1ul << page->order));
}

void page_get(struct page *page)
{
	uint32_t before = __atomic_fetch_add(&page_head(page)->count, 1, __ATOMIC_RELAXED);

	assert(before > 0);
}

/* Nobody has the block any more. */
static void release(struct page *page, uint64_t site)
{
	unsigned order = page->order;

	page->site = site;
	page_poison(page, order);
	if (order == 0) {
		front_free(page);
		return;
	}
	uint64_t flags = spin_lock_irqsave(&buddy.lock);
	buddy_free(&buddy, page, order);
	spin_unlock_irqrestore(&buddy.lock, flags);
}

static void put(struct page *page, uint64_t site)
{
	struct page *head = page_head(page);
	bool used = head->state == PAGE_USED; /* once ours is gone another may put the last */
	uint32_t before = __atomic_fetch_sub(&head->count, 1, __ATOMIC_ACQ_REL);

	if (before == 0 || !used)
		panic("page 0x%lx is freed, and is not in use", page_phys(head));
	if (before == 1)
		release(head, site);
}

void page_put(struct page *page)
{
	put(page, (uint64_t)__builtin_return_address(0));
}

void page_free(struct page *page)
{
	assert(page_head(page) == page);
	if (page_count(page) > 1)
		panic("page 0x%lx is freed, and has %u references", page_phys(page),
			page_count(page));
	put(page, (uint64_t)__builtin_return_address(0));
}

uint32_t page_count(const struct page *page)
{
	return __atomic_load_n(&page_head((struct page *)page)->count, __ATOMIC_ACQUIRE);
}

void page_break(struct page *page)
{
	size_t pages = 1ul << page->order;

	assert(page->state == PAGE_USED && page_count(page) == 1);
	for (size_t i = 0; i < pages; i++) {
		page[i].owner = page->owner;
		page[i].site = page->site;
		page[i].flags = page->flags;
		page[i].order = 0;
		page[i].state = PAGE_USED;
		__atomic_store_n(&page[i].count, 1, __ATOMIC_RELEASE);
	}
}

/*
 * Eight words at a time: an emulator pays for each instruction, and "rep stosb" is one a byte. For
 * the same reason debug builds do not check each of these accesses: a boot would spend a third of
 * its time here.
 */
#define UNCHECKED __attribute__((no_sanitize("undefined")))

UNCHECKED void page_zero(void *memory, size_t bytes)
{
	uint64_t *word = memory, *end = word + bytes / sizeof(*word);

	for (; word < end; word += 8)
		word[0] = word[1] = word[2] = word[3] = word[4] = word[5] = word[6] = word[7] = 0;
}

UNCHECKED void page_copy(void *to, const void *from, size_t bytes)
{
	const uint64_t *source = from;
	uint64_t *word = to, *end = word + bytes / sizeof(*word);

	for (; word < end; word += 8, source += 8) {
		uint64_t a = source[0], b = source[1], c = source[2], d = source[3];

		word[0] = a, word[1] = b, word[2] = c, word[3] = d;
		a = source[4], b = source[5], c = source[6], d = source[7];
		word[4] = a, word[5] = b, word[6] = c, word[7] = d;
	}
}

void page_drain(void)
{
	front_drain();
}

bool page_reclaim(uint64_t pages)
{
	uint64_t freed = 0;

	assert(may_sleep());
	ROWS_EACH (shrinker, shrinker)
		if (freed < pages)
			freed += shrinker->shrink(pages - freed);
	return freed > 0;
}
