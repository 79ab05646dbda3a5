/* Each processor's own few pages: see front.h. Lock order: a front's, then the buddy's. */
#include "lab2-memory/page/front.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab2-memory/page/buddy.h"

/* Key: [lock]. */
struct front {
	struct spinlock lock;
	unsigned count; /* [lock] */
	struct page
		*page[FRONT_PAGES]; /* [lock] the last ones in are the first out: still cached */
};

static PERCPU(struct front, page_front) = { .lock = SPINLOCK_INIT("page front") };

/* Both: caller holds front->lock. */
static void refill(struct front *front)
{
	spin_lock(&buddy.lock);
	while (front->count < FRONT_BATCH) {
		struct page *page = buddy_alloc(&buddy, 0);

		if (!page)
			break;
		page->state = PAGE_KEPT;
		front->page[front->count++] = page;
	}
	spin_unlock(&buddy.lock);
}

static void give_back(struct front *front, unsigned count)
{
	spin_lock(&buddy.lock);
	for (unsigned i = 0; i < count; i++)
		buddy_free(&buddy, front->page[i], 0);
	spin_unlock(&buddy.lock);
	front->count -= count;
	for (unsigned i = 0; i < front->count; i++)
		front->page[i] = front->page[i + count];
}

struct page *front_alloc(void)
{
	struct front *front = this_cpu_ptr(page_front);
	uint64_t flags = spin_lock_irqsave(&front->lock);
	struct page *page = NULL;

	if (front->count == 0)
		refill(front);
	if (front->count > 0) {
		page = front->page[--front->count];
		page->state = PAGE_USED;
	}
	spin_unlock_irqrestore(&front->lock, flags);
	return page;
}

void front_free(struct page *page)
{
	struct front *front = this_cpu_ptr(page_front);
	uint64_t flags = spin_lock_irqsave(&front->lock);

	if (front->count == FRONT_PAGES)
		give_back(front, FRONT_BATCH);
	page->state = PAGE_KEPT;
	front->page[front->count++] = page;
	spin_unlock_irqrestore(&front->lock, flags);
}

void front_drain(void)
{
	for (unsigned cpu = 0; cpu < percpu_count; cpu++) {
		struct front *front = percpu_at(percpu_areas[cpu], page_front);
		uint64_t flags = spin_lock_irqsave(&front->lock);

		give_back(front, front->count);
		spin_unlock_irqrestore(&front->lock, flags);
	}
}

uint64_t front_count(void)
{
	uint64_t pages = 0;

	for (unsigned cpu = 0; cpu < percpu_count; cpu++)
		pages += __atomic_load_n(
			&percpu_at(percpu_areas[cpu], page_front)->count, __ATOMIC_RELAXED);
	return pages;
}
