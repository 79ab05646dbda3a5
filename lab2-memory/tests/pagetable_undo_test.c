/*
 * Exercises 2.3 and 2.4 together: a pagetable_map that fails has changed nothing, and
 * what was unmapped or protected is not remembered by the processor.
 */
#include "lab2-memory/page/inject.h"
#include "lab2-memory/tests/pagetable_scratch.h"

#define NOWHERE 0x12345000000ul /* frames that no machine here has: nobody touches them */

/* The end of a test: nothing is mapped any more, so nothing may be left. */
static void table_end(void)
{
	KT_EQ(table.tables, 1);
	KT_EQ(page_of_phys(table.root)->word[0], 0);
	pagetable_destroy(&table);
}

KTEST(map_undone_if_taken, "2.4", "a range that runs into something mapped leaves nothing behind")
{
	uint64_t start = some_gigabyte() - 2 * MIB2 - KIB4, taken = start + GIB1 + 3 * MIB2;
	struct page *page = page_alloc(0, 0);

	table_begin();
	KT_REQUIRE(page);
	KT_EQ(pagetable_map(&table, taken, page_phys(page), KIB4, PTE_COUNTED), 0);
	pte_t before = entry_of(taken);
	uint64_t tables = table.tables;

	KT_EQ(pagetable_map(&table, start, NOWHERE - KIB4, 2 * GIB1, PTE_WRITE), -EEXIST);
	for (uint64_t at = start; at < start + 2 * GIB1; at += MIB2 / 2)
		if (at != taken && !KT_TRUE(!is_mapped(at)))
			break;
	KT_TRUE(!is_mapped(taken - KIB4) && !is_mapped(taken + KIB4));
	KT_EQ(entry_of(taken), before);
	KT_EQ(page_count(page), 1);
	KT_EQ(table.tables, tables);
	KT_EQ(unmap(taken, KIB4), 0);
	table_end();
}

KTEST(map_undone_without_memory, "2.4",
	"whichever table there is no page for, nothing is left of the range, and no reference is "
	"taken")
{
	uint64_t border = some_gigabyte(), start = border - 512 * KIB4;
	struct page *block = page_alloc(9, 0);
	unsigned failures = 0;
	int error;

	table_begin();
	KT_REQUIRE(block);
	page_get(block); /* the test's own */
	for (unsigned i = 1; i < 512; i++)
		page_get(block); /* one for each page mapped */
	do {
		inject_failure(++failures);
		error = pagetable_map(&table, border - 256 * KIB4, page_phys(block), 512 * KIB4,
			PTE_COUNTED | PTE_NX);
		if (error) {
			KT_EQ(error, -ENOMEM);
			KT_EQ(table.tables, 1);
			KT_TRUE(!is_mapped(start) && !is_mapped(border));
			KT_EQ(page_count(block), 513);
		}
	} while (error && failures < 20);
	KT_TRUE(inject_pending());
	inject_failure(0);
	KT_EQ(failures, 1 + 3 + 2); /* tables: one of each level, and two behind the border */
	KT_EQ(unmap(border - 256 * KIB4, 512 * KIB4), 0);
	KT_EQ(page_count(block), 1);
	page_free(block);
	table_end();
}

/* --- what the processor remembers ---------------------------------------------------- */

static uint64_t read_at(uint64_t address)
{
	return *(volatile uint64_t *)address;
}

static struct page *page_with(uint64_t word)
{
	struct page *page = page_alloc(0, 0);

	KT_REQUIRE(page);
	*(uint64_t *)page_address(page) = word;
	return page;
}

KTEST(unmap_is_noticed, "2.4", "what is mapped in the place of another page is what is read there")
{
	uint64_t address = some_gigabyte();
	struct page *page[40];

	table_begin();
	tlb_load(&table);
	for (unsigned count = 1; count <= 40;
		count += 39) { /* with one address, and with too many */
		for (unsigned i = 0; i < count; i++) {
			page[i] = page_with(i);
			KT_EQ(pagetable_map(
				      &table, address + i * KIB4, page_phys(page[i]), KIB4, PTE_NX),
				0);
		}
		for (unsigned i = 0; i < count; i++)
			KT_EQ(read_at(address + i * KIB4), i);
		KT_EQ(unmap(address, count * KIB4), 0);
		for (unsigned i = 0; i < count; i++) {
			KT_REQUIRE(!is_mapped(address + i * KIB4));
			*(uint64_t *)page_address(page[i]) = 100 + i;
			KT_EQ(pagetable_map(&table, address + i * KIB4,
				      page_phys(page[count - 1 - i]), KIB4, PTE_NX),
				0);
		}
		for (unsigned i = 0; i < count; i++)
			KT_EQ(read_at(address + i * KIB4), 100 + count - 1 - i);
		KT_EQ(unmap(address, count * KIB4), 0);
		for (unsigned i = 0; i < count; i++)
			page_free(page[i]);
	}
	tlb_load(&kernel_pagetable);
	table_end();
}

KTEST(protected_page_faults, "2.4",
	"writing faults once the right to is taken away, and only there",
	.panics = "page fault: writing 0x234540009000")
{
	uint64_t address = 0x234540000000;
	struct page *block = page_alloc(9, 0);

	table_begin();
	KT_REQUIRE(block);
	tlb_load(&table);
	KT_EQ(pagetable_map(&table, address, page_phys(block), MIB2, PTE_NX | PTE_WRITE), 0);
	KT_REQUIRE(is_mapped(address + 9 * KIB4));
	*(volatile uint64_t *)(address + 9 * KIB4) = 2;
	KT_EQ(protect(address + 9 * KIB4, KIB4, PTE_NX), 0);
	*(volatile uint64_t *)(address + 8 * KIB4) = 2;
	*(volatile uint64_t *)(address + 10 * KIB4) = 2;
	KT_EQ(*((uint64_t *)page_address(block + 10)), 2);
	*(volatile uint64_t *)(address + 9 * KIB4) = 3;

	/* It did not fault: then nothing else is to be wrong. */
	tlb_load(&kernel_pagetable);
	KT_EQ(unmap(address, MIB2), 0);
	pagetable_destroy(&table);
	page_free(block);
}
