/*
 * Poison: on debug builds, free pages are filled with a pattern, so that a write
 * through an old pointer is found when the page is handed out again.
 */
#pragma once
#include "lab2-memory/page/page.h"

#define PAGE_POISONED 1u /* in page->flags, of every frame of a free block by itself */

#ifdef DEBUG
/* page_poison: fill 2^order pages that are about to be free. */
void page_poison(struct page *page, unsigned order);

/*
 * page_check_poison: the pages are about to be used: panic, naming the address that freed it, if
 * one was written to since page_poison.
 */
void page_check_poison(struct page *page, unsigned order);
#else
static inline void page_poison(struct page *page, unsigned order)
{
	(void)page, (void)order;
}

static inline void page_check_poison(struct page *page, unsigned order)
{
	(void)page, (void)order;
}
#endif
