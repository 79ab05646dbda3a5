/*
 * Setting the page allocator up: a structure for each frame, and every usable
 * page to the buddy.
 *
 * The structures are one array, holes included, so that a frame's number is its
 * index. A range so far up that the array would take more than an eighth of the
 * memory is left alone, and so is what the array, which has to lie where the boot
 * tables reach, has no room for; real machines are far from that.
 */
#include "lab1-boot/console/kprintf.h"
#include "lab2-memory/page/bootmem.h"
#include "lab2-memory/page/buddy.h"
#include "lab2-memory/page/front.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/pagetable/kernel_map.h"

static uint64_t total; /* pages that were given to the buddy */

/* How many frames the array is to have, below a limit in bytes. */
static uint64_t choose_frames(const struct memory_range *range, size_t ranges, uint64_t limit)
{
	uint64_t usable = 0, chosen = 0;

	for (size_t i = 0; i < ranges && range[i].start < limit; i++) {
		uint64_t end = range[i].end < limit ? range[i].end : limit;

		usable += end - range[i].start;
		if ((end >> PAGE_SHIFT) * sizeof(struct page) <= usable / 8)
			chosen = end;
	}
	return chosen >> PAGE_SHIFT;
}

/* The array, where the boot tables reach it; as long as it does not fit, for a little less. */
static void make_array(void)
{
	const struct memory_range *range;
	size_t ranges = bootmem_ranges(&range);
	uint64_t frames, limit = DIRECT_MAP_MAX;

	while (!page_array && (frames = choose_frames(range, ranges, limit))) {
		page_array =
			bootmem_alloc(frames * sizeof(struct page), PAGE_SIZE, DIRECT_MAP_BOOT);
		page_frames = page_array ? frames : 0;
		limit = (frames - frames / 64 - 1) << PAGE_SHIFT;
	}
	if (!page_array)
		kprintf("pages: no room for their structures\n");
}

/* The end of what the array has structures for. */
static uint64_t array_end(void)
{
	return page_frames << PAGE_SHIFT;
}

static void say_what_is_left(void)
{
	const struct memory_range *range;
	size_t ranges = bootmem_ranges(&range);

	for (size_t i = 0; i < ranges; i++)
		if (range[i].end > array_end())
			kprintf("pages: memory at 0x%lx - 0x%lx is too far up to be used\n",
				range[i].start > array_end() ? range[i].start : array_end(),
				range[i].end);
}

/* The part of every usable range that lies in [low, high). */
static void free_ranges(uint64_t low, uint64_t high)
{
	const struct memory_range *range;
	size_t ranges = bootmem_ranges(&range);

	high = high < array_end() ? high : array_end();
	for (size_t i = 0; i < ranges; i++) {
		uint64_t start = range[i].start > low ? range[i].start : low;
		uint64_t end = range[i].end < high ? range[i].end : high;

		if (start >= end)
			continue;
		buddy_free_range(&buddy, start >> PAGE_SHIFT, end >> PAGE_SHIFT);
		total += (end - start) >> PAGE_SHIFT;
	}
}

void page_init(void)
{
	make_array();
	buddy_init(&buddy, page_array, page_frames);
	bootmem_end();
	say_what_is_left();
	free_ranges(0, DIRECT_MAP_BOOT);
}

void page_init_rest(void)
{
	if (kernel_map_made())
		free_ranges(DIRECT_MAP_BOOT, UINT64_MAX);
}

uint64_t page_total(void)
{
	return total;
}

uint64_t page_free_count(void)
{
	return __atomic_load_n(&buddy.free_pages, __ATOMIC_RELAXED) + front_count();
}

uint64_t page_used_count(void)
{
	return total - page_free_count();
}
