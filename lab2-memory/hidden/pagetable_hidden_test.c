/*
 * Exercise 2.4 as it is used: pages come and go under the processor's eyes, in
 * random order, and each read must find the page that is mapped there now.
 */
#include "lab2-memory/tests/pagetable_scratch.h"

#define PLACES 48 /* more than a batch holds, on both sides of a table's border */

static uint64_t word[PLACES]; /* what the page there holds; 0: none is mapped */

static void map_new(uint64_t address, uint64_t *holds, uint64_t number)
{
	struct page *page = page_alloc(0, 0);

	KT_REQUIRE(page);
	*(uint64_t *)page_address(page) = *holds = number;
	KT_EQ(pagetable_map(
		      &table, address, page_phys(page), KIB4, PTE_NX | PTE_WRITE | PTE_COUNTED),
		0);
}

/* Change some places: unmap what is there, or write to it, or map a page where none is. */
static void change(uint64_t start, unsigned first, unsigned count, uint64_t number)
{
	if (number % 3 == 0) {
		KT_EQ(unmap(start + first * KIB4, count * KIB4), 0);
		for (unsigned i = 0; i < count; i++)
			word[first + i] = 0;
		return;
	}
	if (number % 3 == 1)
		KT_EQ(protect(start + first * KIB4, count * KIB4, PTE_NX | PTE_WRITE), 0);
	for (unsigned i = first; i < first + count; i++)
		if (!word[i])
			map_new(start + i * KIB4, &word[i], number * PLACES + i);
		else if (number % 3 == 1)
			*(volatile uint64_t *)(start + i * KIB4) = word[i] += 1ul << 32;
}

KTEST(pages_come_and_go, "2.4", "each read finds the page that is mapped there now", .limit = 5)
{
	uint64_t start = some_gigabyte() - PLACES / 2 * KIB4;

	table_begin();
	tlb_load(&table);
	for (uint64_t number = 1; number < 600; number++) {
		unsigned first = (unsigned)(kt_random() % PLACES);
		unsigned most = number % 10 ? 4 : PLACES;
		unsigned count = 1 + (unsigned)(kt_random() % most);

		change(start, first, first + count > PLACES ? PLACES - first : count, number);
		for (unsigned i = 0; i < PLACES; i++) {
			KT_REQUIRE(is_mapped(start + i * KIB4) == !!word[i]);
			if (word[i] && !KT_EQ(*(volatile uint64_t *)(start + i * KIB4), word[i]))
				return;
		}
	}
	KT_EQ(unmap(start, PLACES * KIB4), 0);
	tlb_load(&kernel_pagetable);
	KT_EQ(table.tables, 1);
	pagetable_destroy(&table);
}
