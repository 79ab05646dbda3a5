/*
 * What the buddy allocator's tests share. Each file that includes this has an allocator of its
 * own, over frames that nobody reads or writes.
 */
#pragma once
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/buddy.h"

#define FRAMES 3000 /* no power of two, and more than two of the largest blocks */

static struct page pages[FRAMES];
static struct buddy mine;

/* A new allocator for so many of the frames, with nothing free. */
static inline void begin(uint64_t frames)
{
	memset(pages, 0, sizeof(pages));
	buddy_init(&mine, pages, frames);
}

static inline struct page *take(unsigned order)
{
	uint64_t flags = spin_lock_irqsave(&mine.lock);
	struct page *page = buddy_alloc(&mine, order);

	spin_unlock_irqrestore(&mine.lock, flags);
	return page;
}

/* Give back a block that is somebody's, whoever took it. */
static inline void put(uint64_t frame, unsigned order)
{
	uint64_t flags = spin_lock_irqsave(&mine.lock);

	pages[frame].state = PAGE_USED;
	pages[frame].order = (uint8_t)order;
	buddy_free(&mine, pages + frame, order);
	spin_unlock_irqrestore(&mine.lock, flags);
}

/* The frame of a list's link; the list is broken if that is none, or does not lead back. */
static inline uint64_t frame_of(const struct list *link)
{
	uint64_t frame = (uint64_t)(list_entry(link, struct page, link) - pages);

	KT_REQUIRE((uint64_t)link >= (uint64_t)pages && frame < FRAMES);
	KT_REQUIRE(link == &pages[frame].link);
	KT_REQUIRE(link->next->prev == link && link->prev->next == link);
	return frame;
}
