/*
 * The boot allocator: see bootmem.h. A short list of free ranges; to hand one
 * out is to cut it from the list.
 */
#include "lab2-memory/page/bootmem.h"
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/boot/layout.h"
#include "lab2-memory/page/firmware.h"
#include "lab2-memory/page/page.h"

ROWS_DEFINE(bootmem_keep);

#define RANGES_MAX (MEMMAP_MAX + 64) /* a cut in the middle makes two of one */

static struct memory_range range[RANGES_MAX];
static size_t ranges;
static bool ended;

static void remove(size_t at)
{
	ranges--;
	for (size_t i = at; i < ranges; i++)
		range[i] = range[i + 1];
}

/* Put what lies behind a cut into the list; without room for it, it is lost, and the rest is right.
 */
static void insert(size_t at, uint64_t start, uint64_t end)
{
	if (ranges == RANGES_MAX)
		return;
	for (size_t i = ranges++; i > at; i--)
		range[i] = range[i - 1];
	range[at] = (struct memory_range){ start, end, MEMORY_USABLE };
}

/* Cut [start, end) out, whole pages, from whatever holds part of it. */
static void reserve(uint64_t start, uint64_t end)
{
	if (start >= end)
		return;
	start &= -PAGE_SIZE;
	end = (end + PAGE_SIZE - 1) & -PAGE_SIZE;
	for (size_t i = ranges; i-- > 0;) {
		uint64_t behind = range[i].end;

		if (behind <= start || range[i].start >= end)
			continue;
		if (behind > end)
			insert(i + 1, end, behind);
		if (range[i].start < start)
			range[i].end = start;
		else
			remove(i);
	}
}

void bootmem_init(void)
{
	const struct memmap *map = &bootinfo.memmap;

	ranges = 0;
	ended = false;
	for (size_t i = 0; i < map->count; i++)
		if (map->range[i].kind == MEMORY_USABLE)
			range[ranges++] = map->range[i];
	reserve(0, PAGE_SIZE);
	reserve(kernel_phys(kernel_start), kernel_phys(kernel_end));
	for (size_t i = 0; i < bootinfo.modules; i++)
		reserve(bootinfo.module[i].start, bootinfo.module[i].end);
	firmware_tables(reserve);
}

void *bootmem_alloc(size_t bytes, size_t align, uint64_t limit)
{
	bytes = (bytes + PAGE_SIZE - 1) & -PAGE_SIZE;
	if (align < PAGE_SIZE)
		align = PAGE_SIZE;
	for (size_t i = ended ? 0 : ranges; i-- > 0;) {
		uint64_t end = range[i].end < limit ? range[i].end : limit;
		uint64_t start = (end - bytes) & -align;

		if (end < bytes || start < range[i].start)
			continue;
		reserve(start, start + bytes);
		page_zero(phys_to_virt(start), bytes);
		return phys_to_virt(start);
	}
	return NULL;
}

void bootmem_serve(void)
{
	ROWS_EACH (bootmem_keep, row)
		*row->kept = bootmem_alloc(row->bytes, PAGE_SIZE, row->limit);
}

size_t bootmem_ranges(const struct memory_range **list)
{
	*list = range;
	return ranges;
}

void bootmem_end(void)
{
	ended = true;
}

uint64_t bootmem_free(uint64_t limit)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < ranges && range[i].start < limit; i++)
		bytes += (range[i].end < limit ? range[i].end : limit) - range[i].start;
	return bytes;
}
