/*
 * Exercise 2.3 from inside: walk, reach and map, each promise by itself. What they
 * read was made by hand here, and what they made is read without them
 * (pagetable_scratch.h). test_pagetable.py compares whole tables with a model.
 */
#include "lab2-memory/page/inject.h"
#include "lab2-memory/tests/pagetable_scratch.h"

#define LEAF    (PTE_PRESENT | PTE_WRITE)
#define NOWHERE 0x123456789000ul /* a frame that no machine here has: nobody touches it */

static void expect_walk(uint64_t address, const pte_t *entry, unsigned level)
{
	struct pagetable_place at = pagetable_walk(&table, address);

	KT_EQ(at.entry, entry);
	KT_EQ(at.level, level);
}

/* Put a new table behind an entry; returns the entry in it that is for the address. */
static pte_t *hang(pte_t *entry, uint64_t address, unsigned level)
{
	pte_t made = pagetable_table_new(&table);

	KT_REQUIRE(made);
	pagetable_set(entry, made);
	return (pte_t *)phys_to_virt(made & PTE_ADDRESS) + (address >> (12 + 9 * level) & 511);
}

KTEST(walk_ends, "2.3", "a walk ends at the page, of whatever size, or where nothing is present",
	.needs = "2.2")
{
	uint64_t address = some_gigabyte() + 0x5b * MIB2 + 0x1c7 * KIB4 + 0x9a8;

	table_begin();
	pte_t *entry = &root_of(&table)[address >> 39];

	for (unsigned level = PTE_ROOT_LEVEL; level-- > 0;) {
		expect_walk(address, entry, level + 1);
		pagetable_set(entry, PTE_LARGE | NOWHERE); /* that is not present */
		expect_walk(address, entry, level + 1);
		entry = hang(entry, address, level);
		expect_walk(address, entry, level);
		pagetable_set(entry, (level ? PTE_LARGE : 0) | LEAF);
		expect_walk(address, entry, level);
		expect_walk(address | 0xfff, entry, level);
		expect_walk(address ^ pte_span(level), entry + (address & pte_span(level) ? -1 : 1),
			level);
	}
	KT_EQ(table.tables, 4);
	table_drop();
}

KTEST(reach_makes_tables, "2.3",
	"the tables that are missing are made, have all rights, and are "
	"there the next time",
	.needs = "2.2")
{
	uint64_t address = some_gigabyte() + 0x1fe * MIB2 + 0x3 * KIB4;
	pte_t *entry = NULL, *again = NULL, *at = NULL;

	table_begin();
	KT_EQ(reach(address, 0, &entry), 0);
	KT_EQ(table.tables, 4);
	KT_EQ(entry, place_of(&table, address).entry);
	KT_EQ(level_of(address), 0);
	KT_EQ(*entry, 0);
	KT_EQ(reach(address, 0, &again), 0);
	KT_EQ(again, entry);
	KT_EQ(reach(address + KIB4, 0, &again), 0);
	KT_EQ(again, entry + 1);
	KT_EQ(table.tables, 4);

	at = root_of(&table) + (address >> 39);
	for (unsigned level = 3; level > 0; level--) {
		KT_EQ(*at & ~(PTE_ADDRESS | MARKS), PTE_PRESENT | PTE_WRITE | PTE_USER);
		KT_EQ(page_of(at)->word[0], 1);
		KT_EQ(reach(address, level - 1, &at), 0);
	}
	KT_EQ(at, entry);
	KT_EQ(reach(address ^ 1ul << 46, 2, &at), 0);
	KT_EQ(table.tables, 5);
	KT_EQ(level_of(address ^ 1ul << 46), 2);
	table_drop();
}

KTEST(reach_refuses, "2.3", "below a larger page there is no entry to reach: -EEXIST, and it stays",
	.needs = "2.2")
{
	uint64_t address = some_gigabyte();
	pte_t *entry = NULL, *found = NULL;

	table_begin();
	for (unsigned level = 2; level > 0; level--, address += GIB1) {
		uint64_t inside = address + pte_span(level) - KIB4;

		KT_EQ(reach(address, level, &entry), 0);
		KT_REQUIRE(entry);
		pagetable_set(entry, LEAF | PTE_LARGE);
		KT_EQ(reach(inside, level, &found), 0);
		KT_EQ(found, entry);
		for (unsigned below = level; below-- > 0;)
			KT_EQ(reach(inside, below, &found), -EEXIST);
		KT_EQ(*entry, LEAF | PTE_LARGE);
	}
	KT_EQ(table.tables, 3);
	table_drop();
}

KTEST(reach_without_memory, "2.3",
	"without memory for a table the answer is -ENOMEM, and the tables made before it stay",
	.needs = "2.2")
{
	uint64_t address = some_gigabyte();
	pte_t *entry = NULL;

	table_begin();
	for (uint64_t made = 0; made < 3; made++) {
		uint64_t before = table.tables;

		inject_failure(made + 1);
		KT_EQ(reach(address, 0, &entry), -ENOMEM);
		KT_TRUE(!inject_pending());
		KT_EQ(table.tables, before + made);
		KT_EQ(level_of(address), PTE_ROOT_LEVEL - made);
		KT_EQ(reach(address, 0, &entry), 0);
		KT_EQ(table.tables, before + 3);
		table_drop();
		table_begin();
	}
	table_drop();
}

/* One line of what was mapped: from address on, so many pages of that level. */
static void expect_pages(uint64_t address, uint64_t physical, unsigned level, uint64_t pages)
{
	for (; pages > 0; pages--, address += pte_span(level), physical += pte_span(level)) {
		pte_t right = physical | LEAF | (level ? PTE_LARGE : 0);

		if (!KT_EQ(level_of(address), level) || !KT_EQ(entry_of(address), right))
			return;
	}
}

KTEST(map_largest_pages, "2.3", "pages are as large as both addresses and what is left allow",
	.needs = "2.2")
{
	uint64_t middle = some_gigabyte(), at = middle - MIB2 - KIB4, start = at;
	uint64_t end = middle + GIB1 + MIB2 + KIB4, physical = 5 * GIB1 - MIB2 - KIB4;

	KT_REQUIRE(pagetable_has_gigabytes());
	table_begin();
	KT_EQ(map_range(&at, end, physical, PTE_WRITE), 0);
	KT_EQ(at, end);
	expect_pages(start, physical, 0, 1);
	expect_pages(start + KIB4, physical + KIB4, 1, 1);
	expect_pages(middle, 5 * GIB1, 2, 1);
	expect_pages(middle + GIB1, 6 * GIB1, 1, 1);
	expect_pages(middle + GIB1 + MIB2, 6 * GIB1 + MIB2, 0, 1);
	KT_TRUE(!is_mapped(start - KIB4) && !is_mapped(end));

	at = start = middle + 2 * GIB1; /* where only one of the two is aligned */
	KT_EQ(map_range(&at, start + GIB1, 3 * MIB2, PTE_WRITE), 0);
	expect_pages(start, 3 * MIB2, 1, 512);
	at = start += GIB1;
	KT_EQ(map_range(&at, start + MIB2, 3 * GIB1 + KIB4, PTE_WRITE), 0);
	expect_pages(start, 3 * GIB1 + KIB4, 0, 512);
	at = start += MIB2 + KIB4;
	KT_EQ(map_range(&at, start + MIB2, 7 * GIB1, PTE_WRITE), 0);
	expect_pages(start, 7 * GIB1, 0, 512);
	expect_counts(table.root, PTE_ROOT_LEVEL);
	table_drop();
}

KTEST(map_into_tables, "2.3", "where a table is already, smaller pages go into that",
	.needs = "2.2")
{
	uint64_t start = some_gigabyte(), at = start;
	pte_t *entry;

	table_begin();
	KT_EQ(reach(start + GIB1 - KIB4, 0, &entry), 0);
	KT_EQ(map_range(&at, start + GIB1, 8 * GIB1, PTE_WRITE), 0);
	KT_EQ(at, start + GIB1);
	expect_pages(start, 8 * GIB1, 1, 511);
	expect_pages(start + GIB1 - MIB2, 9 * GIB1 - MIB2, 0, 512);
	KT_EQ(table.tables, 4);
	table_drop();
}

/* Something is mapped already; a range that runs into it stops there. */
static void run_into(uint64_t start, uint64_t taken, uint64_t end)
{
	pte_t before = entry_of(taken);
	uint64_t at = start;

	KT_EQ(map_range(&at, end, GIB1 + start % GIB1, PTE_WRITE), -EEXIST);
	KT_EQ(at, taken);
	KT_EQ(entry_of(taken), before);
	if (start < taken)
		KT_TRUE(is_mapped(start) && is_mapped(taken - KIB4));
	if (taken + KIB4 < end && level_of(taken) == 0)
		KT_TRUE(!is_mapped(taken + KIB4));
}

KTEST(map_onto_something, "2.3",
	"-EEXIST tells where something is mapped: that stays, and what is below is mapped",
	.needs = "2.2")
{
	uint64_t start = some_gigabyte(), small = start + 3 * KIB4, large = start + MIB2;
	uint64_t inside = start + GIB1 - 7 * KIB4;

	table_begin();
	uint64_t at = small;
	KT_EQ(map_range(&at, small + KIB4, NOWHERE, 0), 0);
	at = large;
	KT_EQ(map_range(&at, large + MIB2, 4 * MIB2, 0), 0);
	at = inside;
	KT_EQ(map_range(&at, inside + KIB4, NOWHERE, 0), 0);

	run_into(small, small, small + 2 * KIB4);
	run_into(start, small, small + 2 * KIB4);
	run_into(large, large, large + MIB2);
	run_into(large + 5 * KIB4, large + 5 * KIB4, large + 6 * KIB4);
	run_into(small + KIB4, large, large + 3 * MIB2);
	run_into(large + MIB2, inside, start + GIB1);
	table_drop();
}

KTEST(map_without_memory, "2.3", "-ENOMEM tells where it happened, and what is below is mapped",
	.needs = "2.2")
{
	uint64_t border = some_gigabyte() + MIB2, at;

	table_begin();
	for (unsigned made = 0; made < 4; made++) {
		at = border - 2 * KIB4;
		inject_failure(made + 1);
		KT_EQ(map_range(&at, border + KIB4, NOWHERE, 0), -ENOMEM);
		KT_EQ(at, made < 3 ? border - 2 * KIB4 : border);
		KT_EQ(is_mapped(border - KIB4), made == 3);
		KT_TRUE(!is_mapped(border));
		table_drop();
		table_begin();
	}
	table_drop();
}

KTEST(map_is_used, "2.3", "the processor finds what was mapped, through pages of every size",
	.needs = "2.2")
{
	const struct {
		unsigned order;
		uint64_t rights, inside;
	} kind[] = { { 0, PTE_NX | PTE_WRITE, 0x238 }, { 9, PTE_NX, 0x1ff008 } };
	uint64_t address = some_gigabyte();
	struct page *page[2];

	table_begin();
	for (unsigned i = 0; i < 2; i++) {
		page[i] = page_alloc(kind[i].order, 0);
		KT_REQUIRE(page[i]);
		*(uint64_t *)((char *)page_address(page[i]) + kind[i].inside) = i + 42;
		KT_EQ(pagetable_map(&table, address + i * GIB1, page_phys(page[i]),
			      PAGE_SIZE << kind[i].order, kind[i].rights),
			0);
	}
	KT_EQ(pagetable_map(&table, address + 2 * GIB1, 0, GIB1, PTE_NX), 0);
	KT_REQUIRE(
		is_mapped(address) && is_mapped(address + GIB1) && is_mapped(address + 2 * GIB1));

	tlb_load(&table);
	KT_EQ(*(volatile uint64_t *)(address + 0x238), 42);
	KT_EQ(*(volatile uint64_t *)(address + GIB1 + 0x1ff008), 43);
	KT_EQ(*(volatile uint64_t *)(address + 2 * GIB1 + page_phys(page[0]) + 0x238), 42);
	*(volatile uint64_t *)(address + 0x230) = 44;
	tlb_load(&kernel_pagetable);
	KT_EQ(*(uint64_t *)((char *)page_address(page[0]) + 0x230), 44);

	table_drop();
	page_free(page[0]);
	page_free(page[1]);
}
