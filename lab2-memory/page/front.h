/*
 * Fronts: a few single pages kept by each processor.
 *
 * Most allocations are of one page. They are served from here, without the
 * buddy's lock, which all processors would wait for; that is taken once for a
 * batch, when the front is empty or full. A front's own lock is nearly always
 * free: only page_drain takes that of another processor.
 */
#pragma once
#include "lab2-memory/page/page.h"

#define FRONT_PAGES 32 /* that a front can hold */
#define FRONT_BATCH 16 /* that go to or from the buddy at a time */

/* front_alloc: a single page with the state PAGE_USED; NULL if there is none. Never sleeps. */
struct page *front_alloc(void);

/* front_free: take back a single page. Never sleeps. */
void front_free(struct page *page);

/* front_drain: give the pages of all processors back to the buddy. Never sleeps. */
void front_drain(void);

/* front_count: how many pages all fronts hold now. */
uint64_t front_count(void);
