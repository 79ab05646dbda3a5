/* The kernel's own virtual areas: what they map, what lies around them, and running out. */
#include "lab1-boot/ktest/ktest.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/pagetable/areas.h"
#include "lab2-memory/pagetable/kernel_map.h"
#include "lab2-memory/pagetable/pagetable.h"
#include "lab2-memory/slab/slab.h"

#define AREAS 16

/* An area and how much of it is filled with which number. */
struct filled {
	uint64_t *memory;
	size_t pages;
	uint64_t number;
};

static bool mapped(const volatile void *address, struct mapping *mapping)
{
	return pagetable_query(&kernel_pagetable, (uint64_t)address, mapping);
}

/* An area of so many pages, each word of which is told from all others. */
static struct filled fill(size_t pages)
{
	struct filled area = { area_alloc(pages * PAGE_SIZE - kt_random() % 100), pages,
		kt_random() };

	KT_REQUIRE(area.memory);
	for (size_t i = 0; i < pages * PAGE_SIZE / 8; i++)
		area.memory[i] = area.number + i;
	return area;
}

/* It still has what it was filled with; then it is freed. */
static void check_and_free(struct filled *area)
{
	for (size_t i = 0; i < area->pages * PAGE_SIZE / 8; i++)
		KT_REQUIRE(area->memory[i] == area->number + i);
	area_free(area->memory);
	area->memory = NULL;
}

/* Its pages are mapped as data, one by one, and those around it are not. */
static void check_map(const struct filled *area)
{
	const char *start = (const char *)area->memory, *end = start + area->pages * PAGE_SIZE;
	struct mapping mapping;

	KT_REQUIRE((uint64_t)start >= KERNEL_AREAS && (uint64_t)end <= KERNEL_AREAS_END);
	KT_REQUIRE((uint64_t)start % PAGE_SIZE == 0);
	KT_TRUE(!mapped(start - 1, &mapping));
	KT_TRUE(!mapped(end, &mapping));
	for (; start < end; start += PAGE_SIZE) {
		KT_REQUIRE(mapped(start, &mapping));
		KT_TRUE(mapping.write && !mapping.execute && !mapping.user && mapping.level == 0);
		KT_TRUE(mapping.entry & PTE_COUNTED);
	}
}

KTEST(area_memory, "", "areas are memory of their own, between two holes, and never executable",
	.needs = "2.1 2.2 2.3 2.4 2.5")
{
	struct filled area[4];

	for (size_t i = 0; i < 4; i++)
		area[i] = fill(1 + 3 * i);
	for (size_t i = 0; i < 4; i++)
		check_map(&area[i]);
	for (size_t i = 0; i < 4; i++) {
		uint64_t *memory = area[i].memory;
		struct mapping mapping;

		check_and_free(&area[i]);
		KT_TRUE(!mapped(memory, &mapping));
	}
}

KTEST(area_random, "", "areas that come and go at random keep what is theirs",
	.needs = "2.1 2.2 2.3 2.4 2.5")
{
	static struct filled area[AREAS];

	for (int step = 0; step < 300; step++) {
		struct filled *it = &area[kt_random() % AREAS];

		if (it->memory) {
			check_and_free(it);
			continue;
		}
		*it = fill(1 + kt_random() % 5);
		check_map(it);
	}
	for (size_t i = 0; i < AREAS; i++)
		if (area[i].memory)
			check_and_free(&area[i]);
}

KTEST(area_device, "",
	"an area for a device maps that physical address uncached, and never frees it",
	.needs = "2.1 2.2 2.3 2.4 2.5")
{
	struct page *page = page_alloc(1, PAGE_ZERO);
	volatile uint32_t *device;
	struct mapping mapping;

	KT_REQUIRE(page);
	device = area_map(page_phys(page) + 0xff8, 16);
	KT_REQUIRE(device);
	KT_EQ((uint64_t)device % PAGE_SIZE, 0xff8);
	for (uint32_t i = 0; i < 4; i++)
		device[i] = 1000 + i;
	for (uint32_t i = 0; i < 4; i++)
		KT_EQ(((uint32_t *)page_address(page))[0xff8 / 4 + i], 1000 + i);
	KT_REQUIRE(mapped(device, &mapping));
	KT_TRUE((mapping.entry & PTE_UNCACHED) && !mapping.execute && !mapping.user);
	KT_TRUE(!mapped(device + 0x1000 / 4 + 2, &mapping));
	area_free(device);
	KT_TRUE(!mapped(device, &mapping));
	KT_EQ(page_count(page), 1);
	page_put(page);
}

KTEST(area_refused, "", "no area has no bytes, or more than there are addresses",
	.needs = "2.1 2.2 2.3 2.4 2.5")
{
	KT_TRUE(!area_alloc(0));
	KT_TRUE(!area_alloc(SIZE_MAX));
	KT_TRUE(!area_alloc(KERNEL_AREAS_END - KERNEL_AREAS));
	KT_TRUE(!area_map(0x1000, 0));
	KT_TRUE(!area_map(0x1000, SIZE_MAX));
	area_free(NULL);
}

KTEST(area_no_memory, "", "whichever allocation fails, no area leaves nothing behind",
	.needs = "2.1 2.2 2.3 2.4 2.5")
{
	void *area = NULL;
	uint64_t failing = 0;

	while (!area) {
		uint64_t pages, objects = slab_used();

		page_drain();
		slab_drain();
		pages = page_used_count();
		inject_failure(++failing);
		area = area_alloc(5 * PAGE_SIZE);
		inject_failure(0);
		slab_drain();
		if (!area) {
			KT_EQ(page_used_count(), pages);
			KT_EQ(slab_used(), objects);
		}
	}
	KT_TRUE(failing > 6); /* the area, its pages and a table */
	area_free(area);
}
