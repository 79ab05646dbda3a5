/*
 * Exercise 2.4 from inside: split, unmap, protect, and what pagetable_map undoes with
 * them. test_pagetable.py compares long random sequences with a model.
 */
#include "lab2-memory/page/inject.h"
#include "lab2-memory/pagetable/kernel_map.h"
#include "lab2-memory/tests/pagetable_scratch.h"

#define NOWHERE 0x12345000000ul /* frames that no machine here has: nobody touches them */
#define BITS    (PTE_WRITE | PTE_NX | PTE_UNCACHED | PTE_GLOBAL | PTE_USER)

static void map(uint64_t address, uint64_t physical, uint64_t bytes, uint64_t rights)
{
	KT_REQUIRE(pagetable_map(&table, address, physical, bytes, rights) == 0);
}

/* The end of a test: nothing is mapped any more, so nothing may be left. */
static void table_end(void)
{
	KT_EQ(table.tables, 1);
	for (unsigned i = 0; i < PTE_TABLE_LENGTH / 2; i++)
		if (!KT_EQ(root_of(&table)[i], 0))
			return;
	pagetable_destroy(&table);
}

/* All pages of a level from address on have that entry, the frames rising. */
static void expect_pages(uint64_t address, unsigned level, uint64_t pages, pte_t entry)
{
	for (; pages > 0; pages--, address += pte_span(level), entry += pte_span(level))
		if (!KT_EQ(level_of(address), level) ||
			!KT_EQ(*place_of(&table, address).entry, entry))
			return;
}

/* --- splitting ----------------------------------------------------------------------- */

KTEST(split_keeps_all_bits, "2.4", "a large page becomes 512 smaller ones with the same bits")
{
	uint64_t address = some_gigabyte();
	pte_t bits = PTE_PRESENT | BITS | MARKS;

	table_begin();
	map(address, 5 * GIB1, GIB1 + MIB2, BITS);
	*place_of(&table, address).entry |= MARKS;
	*place_of(&table, address + GIB1).entry |= MARKS;

	KT_EQ(split(address + 7 * MIB2), 0);
	KT_EQ(table.tables, 4);
	expect_pages(address, 1, 512, 5 * GIB1 | bits | PTE_LARGE);
	KT_EQ(split(address + 9 * MIB2 + KIB4), 0);
	KT_EQ(table.tables, 5);
	expect_pages(address, 1, 9, 5 * GIB1 | bits | PTE_LARGE);
	expect_pages(address + 9 * MIB2, 0, 512, (5 * GIB1 + 9 * MIB2) | bits);
	expect_pages(address + 10 * MIB2, 1, 502, (5 * GIB1 + 10 * MIB2) | bits | PTE_LARGE);
	KT_EQ(split(address + GIB1 + MIB2 - KIB4), 0);
	KT_EQ(table.tables, 6);
	expect_pages(address + GIB1, 0, 512, 6 * GIB1 | bits);

	KT_EQ(unmap(address, GIB1 + MIB2), 0);

	map(address, 5 * GIB1, GIB1, PTE_WRITE); /* two splits at once */
	KT_EQ(split(address + GIB1 - KIB4), 0);
	KT_EQ(level_of(address + GIB1 - MIB2 - KIB4), 1);
	KT_EQ(level_of(address + GIB1 - KIB4), 0);
	KT_EQ(table.tables, 4);
	KT_EQ(unmap(address, GIB1), 0);
	table_end();
}

KTEST(split_counted_alone, "2.4",
	"the only mapping of a block leaves a reference in each of its pages")
{
	uint64_t address = some_gigabyte() + MIB2;
	struct page *block = page_alloc(9, 0);

	table_begin();
	KT_REQUIRE(block);
	map(address, page_phys(block), MIB2, PTE_COUNTED);
	KT_EQ(unmap(address + 3 * KIB4, KIB4), 0);
	KT_EQ(page_count(block + 3), 0);
	KT_TRUE(!is_mapped(address + 3 * KIB4));
	for (unsigned i = 0; i < 512; i++)
		if (i != 3 && (!KT_EQ(page_count(block + i), 1) ||
				      !KT_EQ(entry_of(address + i * KIB4),
					      page_phys(block + i) | PTE_PRESENT | PTE_COUNTED)))
			break;
	KT_EQ(unmap(address, MIB2), 0);
	table_end();
}

KTEST(split_counted_shared, "2.4", "of a block that others have, too, each part is a reference")
{
	uint64_t address = some_gigabyte() + MIB2;
	struct page *block = page_alloc(9, 0);
	struct tlb_batch batch;

	table_begin();
	KT_REQUIRE(block);
	page_get(block);
	map(address, page_phys(block), MIB2, PTE_COUNTED);
	inject_failure(1);
	KT_EQ(split(address + KIB4), -ENOMEM);
	KT_EQ(page_count(block), 1 + 1);
	KT_EQ(split(address + KIB4), 0);
	KT_EQ(page_count(block), 1 + 512);
	KT_EQ(unmap(address + 5 * KIB4, 2 * KIB4), 0);
	KT_EQ(page_count(block), 1 + 510);
	KT_EQ(unmap(address, MIB2), 0);
	KT_EQ(page_count(block), 1);

	page_get(block);
	map(address, page_phys(block), MIB2, PTE_COUNTED);
	tlb_batch_init(&batch, &table);
	KT_EQ(pagetable_unmap(&table, address, MIB2, &batch), 0);
	tlb_flush(&batch);
	KT_EQ(batch.released, 512); /* in pages of 4 KiB, whatever the page's size was */
	KT_EQ(page_count(block), 1);
	page_free(block);
	table_end();
}

/* Whether the two large pages are as they were mapped, in whatever size by now. */
static void expect_untouched(uint64_t address)
{
	for (uint64_t at = 0; at < 2 * MIB2; at += 37 * KIB4) {
		struct pagetable_place place = place_of(&table, address + at);
		pte_t entry = *place.entry & ~(MARKS | (place.level ? PTE_LARGE : 0));
		uint64_t part = at & -pte_span(place.level);

		if (!KT_EQ(entry, (NOWHERE + part) | PTE_PRESENT | PTE_WRITE))
			return;
	}
}

KTEST(split_without_memory, "2.4",
	"without memory for a split the answer is -ENOMEM, and the same is mapped as before")
{
	uint64_t address = some_gigabyte(), start = address + KIB4, bytes = 2 * (MIB2 - KIB4);

	table_begin();
	map(address, NOWHERE, 2 * MIB2, PTE_WRITE);
	inject_failure(1);
	KT_EQ(protect(start, bytes, PTE_NX), -ENOMEM);
	expect_untouched(address);
	inject_failure(2); /* there is a page for the first split, and none for the second */
	KT_EQ(unmap(start, bytes), -ENOMEM);
	expect_untouched(address);
	inject_failure(1);
	KT_EQ(protect(start, bytes, PTE_NX), -ENOMEM);
	expect_untouched(address);
	KT_EQ(unmap(address, 2 * MIB2), 0);
	table_end();
}

/* --- unmapping ----------------------------------------------------------------------- */

KTEST(unmap_exactly, "2.4", "what was asked for is unmapped, and not a page more or less")
{
	uint64_t address = (kt_random() % 200 + 1) << 39; /* where a table of each level begins */
	uint64_t start = address - 4 * KIB4;

	table_begin();
	map(start, NOWHERE, 8 * KIB4, PTE_WRITE);
	KT_EQ(unmap(address - KIB4, 3 * KIB4), 0);
	for (unsigned i = 0; i < 8; i++) {
		bool gone = i >= 3 && i < 6;

		KT_EQ(is_mapped(start + i * KIB4), !gone);
		if (!gone)
			KT_EQ(entry_of(start + i * KIB4),
				(NOWHERE + i * KIB4) | PTE_PRESENT | PTE_WRITE);
	}
	KT_EQ(table.tables, 7);
	KT_EQ(unmap(start, 8 * KIB4), 0);
	table_end();
}

KTEST(unmap_frees_tables, "2.4", "tables left empty are freed, others and the root stay")
{
	uint64_t address = some_gigabyte();
	uint64_t pages[] = { 0, KIB4, MIB2 - KIB4, 5 * MIB2, GIB1, 600 * GIB1 };
	unsigned left[] = { 10, 10, 9, 7, 4, 1 }; /* tables after each */

	table_begin();
	for (unsigned i = 0; i < 6; i++)
		map((address + pages[i]) % USER_END, NOWHERE + i * KIB4, KIB4, 0);
	KT_EQ(table.tables, 10);
	for (unsigned i = 0; i < 6; i++) {
		KT_EQ(unmap((address + pages[i]) % USER_END, KIB4), 0);
		KT_EQ(table.tables, left[i]);
	}
	table_end();
}

KTEST(unmap_frees_empty_tables, "2.4", "so are tables that were empty before")
{
	uint64_t address = some_gigabyte();
	pte_t *entry;

	table_begin();
	KT_EQ(reach(address + 3 * KIB4, 0, &entry), 0);
	KT_EQ(reach(address + 4 * GIB1, 1, &entry), 0);
	map(address + 700 * MIB2, NOWHERE, KIB4, 0);
	KT_EQ(unmap(address, 8 * GIB1), 0);
	table_end();
}

/* The root's entries for the kernel's half stand in every table, so they may not change. */
KTEST(unmap_keeps_areas, "2.4", "the table of the kernel's areas stays when nothing is left in it")
{
	uint64_t address = KERNEL_AREAS_END - 512 * MIB2;
	struct tlb_batch batch;

	KT_REQUIRE(kernel_map_made());
	pte_t before = root_of(&kernel_pagetable)[KERNEL_AREAS >> 39 & 511];
	KT_REQUIRE(before & PTE_PRESENT);
	KT_REQUIRE(pagetable_map(&kernel_pagetable, address, NOWHERE, KIB4, PTE_NX) == 0);
	tlb_batch_init(&batch, &kernel_pagetable);
	KT_EQ(pagetable_unmap(&kernel_pagetable, address, KIB4, &batch), 0);
	tlb_flush(&batch);
	KT_EQ(root_of(&kernel_pagetable)[KERNEL_AREAS >> 39 & 511] & ~MARKS, before & ~MARKS);
	KT_EQ(place_of(&kernel_pagetable, address).level, 2);
}

KTEST(unmap_waits_for_the_flush, "2.4",
	"frames and tables are kept until the flush, which is told of every page")
{
	uint64_t address = some_gigabyte();
	struct page *page = page_alloc(0, 0), *tables[2];
	struct tlb_batch batch;

	table_begin();
	KT_REQUIRE(page);
	map(address, page_phys(page), KIB4, PTE_COUNTED);
	map(address + KIB4, NOWHERE, KIB4, 0);
	tables[0] = page_of(place_of(&table, address).entry);
	tables[1] = page_of_phys(root_of(&table)[address >> 39] & PTE_ADDRESS);

	tlb_batch_init(&batch, &table);
	KT_EQ(pagetable_unmap(&table, address, GIB1, &batch), 0);
	KT_TRUE(!is_mapped(address) && !is_mapped(address + KIB4));
	KT_EQ(batch.addresses, 2);
	KT_EQ((batch.address[0] ^ batch.address[1]) & -KIB4, KIB4); /* in any order */
	KT_TRUE(batch.address[0] >= address && batch.address[0] < address + 2 * KIB4);
	KT_EQ(page_count(page), 1);
	KT_EQ(page_count(tables[0]), 1);
	KT_EQ(page_count(tables[1]), 1);
	tlb_flush(&batch);
	KT_EQ(page_count(page), 0);
	KT_EQ(page_count(tables[0]), 0);
	KT_EQ(page_count(tables[1]), 0);
	KT_EQ(batch.released, 1);
	table_end();
}

static int unmap_to_the_end(uint64_t address, struct tlb_batch *batch)
{
	return pagetable_unmap(&table, address, USER_END - address, batch);
}

KTEST(unmap_nothing, "2.4", "where nothing is mapped, nothing is done and nothing to be forgotten")
{
	uint64_t address = some_gigabyte();
	struct tlb_batch batch;

	table_begin();
	map(address + KIB4, NOWHERE, KIB4, 0);
	tlb_batch_init(&batch, &table);
	KT_EQ(pagetable_unmap(&table, address, KIB4, &batch), 0);
	KT_EQ(unmap_to_the_end(address + 2 * KIB4, &batch), 0);
	KT_EQ(pagetable_protect(&table, address + 2 * KIB4, GIB1, 0, &batch), 0);
	KT_EQ(batch.addresses, 0);
	KT_TRUE(list_empty(&batch.tables));
	KT_EQ(table.tables, 4);
	KT_EQ(unmap(address, GIB1), 0);
	table_end();
}

#define MANY (2 * TLB_BATCH + 5)

KTEST(unmap_many, "2.4", "more frames than a batch holds are let go in several flushes")
{
	uint64_t address = some_gigabyte() + MIB2 - 40 * KIB4, flags, done;
	struct tlb_batch batch;

	table_begin();
	for (unsigned i = 0; i < MANY; i++) {
		struct page *page = page_alloc(0, 0);

		KT_REQUIRE(page);
		map(address + i * KIB4, page_phys(page), KIB4, PTE_COUNTED);
	}
	tlb_batch_init(&batch, &table);
	flags = spin_lock_irqsave(&table.lock);
	done = pagetable_unmap_range(&table, address, address + MANY * KIB4, &batch);
	KT_EQ(done, address + TLB_BATCH * KIB4);
	KT_EQ(pagetable_unmap_range(&table, done, address + MANY * KIB4, &batch), done);
	spin_unlock_irqrestore(&table.lock, flags);
	KT_TRUE(!is_mapped(done - KIB4) && is_mapped(done));

	KT_EQ(pagetable_unmap(&table, done, MANY * KIB4, &batch), 0);
	tlb_flush(&batch);
	KT_EQ(batch.released, MANY);
	table_end();
}

/* --- protecting ---------------------------------------------------------------------- */

KTEST(protect_keeps_other_bits, "2.4", "only the rights to write, to execute and the user's change")
{
	uint64_t address = some_gigabyte();
	pte_t others = PTE_PRESENT | PTE_UNCACHED | PTE_GLOBAL | MARKS;
	struct page *page = page_alloc(0, 0);
	const uint64_t rights[] = { PTE_NX, PTE_WRITE | PTE_USER, 0, PTE_WRITE | PTE_NX };

	table_begin();
	map(address, 5 * GIB1, GIB1 + MIB2 + KIB4, PTE_UNCACHED | PTE_GLOBAL | PTE_WRITE);
	*place_of(&table, address).entry |= MARKS;
	*place_of(&table, address + GIB1).entry |= MARKS;
	*place_of(&table, address + GIB1 + MIB2).entry |= MARKS;
	for (unsigned i = 0; i < 4; i++) {
		pte_t bits = others | rights[i];

		KT_EQ(protect(address, GIB1 + MIB2 + KIB4, rights[i]), 0);
		expect_pages(address, 2, 1, 5 * GIB1 | PTE_LARGE | bits);
		expect_pages(address + GIB1, 1, 1, 6 * GIB1 | PTE_LARGE | bits);
		expect_pages(address + GIB1 + MIB2, 0, 1, (6 * GIB1 + MIB2) | bits);
	}
	KT_EQ(table.tables, 4);
	KT_EQ(unmap(address, 2 * GIB1), 0);

	KT_REQUIRE(page); /* the bit that says that a reference is held, too */
	map(address, page_phys(page), KIB4, PTE_COUNTED | PTE_WRITE);
	KT_EQ(protect(address, KIB4, PTE_USER), 0);
	KT_EQ(entry_of(address), page_phys(page) | PTE_PRESENT | PTE_COUNTED | PTE_USER);
	KT_EQ(page_count(page), 1);
	KT_EQ(unmap(address, KIB4), 0);
	table_end();
}

KTEST(protect_exactly, "2.4", "large pages are split at the ends, and the pages beside stay")
{
	uint64_t address = some_gigabyte() + GIB1 - 2 * MIB2;
	pte_t bits = PTE_PRESENT | PTE_LARGE;
	struct tlb_batch batch;

	table_begin();
	map(address, NOWHERE, 2 * MIB2, PTE_WRITE);
	map(address + 3 * MIB2, NOWHERE + 3 * MIB2, 2 * MIB2, PTE_WRITE);
	tlb_batch_init(&batch, &table);
	KT_EQ(pagetable_protect(&table, address + MIB2 - KIB4, 3 * MIB2 + 2 * KIB4, PTE_NX, &batch),
		0);
	KT_EQ(batch.addresses, 4); /* one in each page: 4 KiB, two of 2 MiB, 4 KiB */
	tlb_flush(&batch);

	bits &= ~PTE_LARGE;
	expect_pages(address, 0, 511, NOWHERE | bits | PTE_WRITE);
	expect_pages(address + MIB2 - KIB4, 0, 1, (NOWHERE + MIB2 - KIB4) | bits | PTE_NX);
	expect_pages(address + MIB2, 1, 1, (NOWHERE + MIB2) | bits | PTE_LARGE | PTE_NX);
	KT_TRUE(!is_mapped(address + 2 * MIB2));
	expect_pages(address + 3 * MIB2, 1, 1, (NOWHERE + 3 * MIB2) | bits | PTE_LARGE | PTE_NX);
	expect_pages(address + 4 * MIB2, 0, 1, (NOWHERE + 4 * MIB2) | bits | PTE_NX);
	expect_pages(
		address + 4 * MIB2 + KIB4, 0, 511, (NOWHERE + 4 * MIB2 + KIB4) | bits | PTE_WRITE);
	KT_EQ(unmap(address, 5 * MIB2), 0);
	table_end();
}
