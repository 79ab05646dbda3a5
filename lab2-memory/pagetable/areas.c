/*
 * Areas: see areas.h.
 *
 * An area's range begins with one page that is never mapped. So areas may touch
 * and there still is a hole below and behind each; behind the last one the set's
 * bounds leave a page over.
 */
#include "lab2-memory/pagetable/areas.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lock/mutex.h"
#include "lab2-memory/lib/ranges.h"
#include "lab2-memory/pagetable/kernel_map.h"
#include "lab2-memory/pagetable/pagetable.h"
#include "lab2-memory/slab/slab.h"

static struct mutex lock = MUTEX_INIT(lock, "areas"); /* of the set, not of the tables */
static struct ranges areas;                           /* [lock] */
static struct slab_cache cache;
static const struct page_owner area_owner = { "area" };

void areas_init(void)
{
	ranges_init(&areas, KERNEL_AREAS, KERNEL_AREAS_END - PAGE_SIZE);
	slab_cache_init(&cache, "area", sizeof(struct range), 8);
}

static uint64_t first_page(const struct range *area)
{
	return area->start + PAGE_SIZE;
}

/* Take addresses for so many bytes (> 0), a multiple of the page size; NULL if there are none. */
static struct range *reserve(size_t bytes)
{
	struct range *area = slab_alloc(&cache, 0);
	uint64_t start;

	if (!area)
		return NULL;
	mutex_lock(&lock);
	start = ranges_gap(&areas, KERNEL_AREAS, bytes + PAGE_SIZE, PAGE_SIZE);
	if (start) {
		area->start = start;
		area->end = start + PAGE_SIZE + bytes;
		range_insert(&areas, area);
	}
	mutex_unlock(&lock);
	if (start)
		return area;
	slab_free(&cache, area);
	return NULL;
}

/*
 * Unmap an area, and only when everybody has forgotten it let others have its addresses. Should
 * unmapping fail they are lost: that is better than used twice.
 */
static void release(struct range *area)
{
	struct tlb_batch batch;
	int error;

	tlb_batch_init(&batch, &kernel_pagetable);
	error = pagetable_unmap(
		&kernel_pagetable, first_page(area), area->end - first_page(area), &batch);
	tlb_flush(&batch);
	if (error)
		return;
	mutex_lock(&lock);
	range_remove(&areas, area);
	mutex_unlock(&lock);
	slab_free(&cache, area);
}

/* Put a page of memory there. */
static bool map_memory(uint64_t address)
{
	struct page *page = page_alloc(0, 0);

	if (!page)
		return false;
	page->owner = &area_owner;
	if (pagetable_map(&kernel_pagetable, address, page_phys(page), PAGE_SIZE,
		    PTE_WRITE | PTE_NX | PTE_GLOBAL | PTE_COUNTED) == 0)
		return true;
	page_put(page);
	return false;
}

/* The bytes in whole pages; 0 for none, or for more than there can be. */
static size_t whole_pages(size_t bytes)
{
	if (bytes > KERNEL_AREAS_END - KERNEL_AREAS)
		return 0;
	return (bytes + PAGE_SIZE - 1) & -PAGE_SIZE;
}

void *area_alloc(size_t bytes)
{
	struct range *area;

	bytes = whole_pages(bytes);
	if (!bytes || !kernel_map_made())
		return NULL;
	area = reserve(bytes);
	if (!area)
		return NULL;
	for (uint64_t address = first_page(area); address < area->end; address += PAGE_SIZE)
		if (!map_memory(address))
			goto unwind;
	return (void *)first_page(area);

unwind:
	release(area);
	return NULL;
}

volatile void *area_map(uint64_t physical, size_t bytes)
{
	uint64_t inside = physical % PAGE_SIZE; /* the device need not begin with a page */
	struct range *area;

	if (!bytes || bytes > SIZE_MAX - inside || !kernel_map_made())
		return NULL;
	bytes = whole_pages(inside + bytes);
	area = bytes ? reserve(bytes) : NULL;
	if (!area)
		return NULL;
	if (pagetable_map(&kernel_pagetable, first_page(area), physical - inside, bytes,
		    PTE_WRITE | PTE_NX | PTE_GLOBAL | PTE_UNCACHED) < 0) {
		release(area);
		return NULL;
	}
	return (volatile char *)first_page(area) + inside;
}

void area_free(volatile void *memory)
{
	struct range *area;

	if (!memory)
		return;
	mutex_lock(&lock);
	area = range_at(&areas, (uint64_t)memory);
	mutex_unlock(&lock);
	/* Or it never was one, or is free already; a device may begin inside the first page. */
	assert(area && (uint64_t)memory - first_page(area) < PAGE_SIZE);
	release(area);
}
