/* Page tables: the given code around the exercises, in pagetable.c and mapped.c. */
#include "lab1-boot/boot/paging.h"
#include "lab2-memory/pagetable/kernel_map.h"
#include "lab2-memory/tests/pagetable_scratch.h"

#define NOWHERE 0x12345000000ul /* frames that no machine here has: nobody touches them */
#define HOLE    (-USER_END)     /* where the addresses that are not canonical end */

static int map(uint64_t address, uint64_t physical, uint64_t bytes, uint64_t rights)
{
	return pagetable_map(&table, address, physical, bytes, rights);
}

/* A range that all three refuse. */
static void refused(uint64_t address, uint64_t bytes)
{
	struct tlb_batch batch;

	tlb_batch_init(&batch, &table);
	KT_EQ(map(address, NOWHERE, bytes, 0), -EINVAL);
	KT_EQ(pagetable_unmap(&table, address, bytes, &batch), -EINVAL);
	KT_EQ(pagetable_protect(&table, address, bytes, 0, &batch), -EINVAL);
	KT_EQ(batch.addresses, 0);
}

KTEST(pagetable_arguments, "",
	"ranges that wrap, have no whole pages or reach over the hole, "
	"frames and rights that cannot be: -EINVAL")
{
	const uint64_t forbidden[] = { PTE_PRESENT, PTE_LARGE, PTE_DIRTY, PAGE_SIZE, 1ul << 62 };
	struct tlb_batch batch;

	table_begin();
	tlb_batch_init(&batch, &table);
	refused(0x1001, KIB4);
	refused(0x1000, KIB4 + 1);
	refused(0x1000, 0);
	refused(0x1000, -KIB4);
	refused(USER_END - KIB4, 2 * KIB4);
	refused(USER_END, KIB4);
	refused(HOLE - KIB4, 2 * KIB4);
	refused(KIB4, -2 * KIB4);
	refused(USER_END / 2, -USER_END);
	refused(-KIB4, KIB4); /* the very last page: its end is no number */
	KT_EQ(map(0x1000, NOWHERE + 1, KIB4, 0), -EINVAL);
	KT_EQ(map(0x1000, PTE_ADDRESS, 2 * KIB4, 0), -EINVAL);
	KT_EQ(map(0x1000, PTE_ADDRESS + KIB4, KIB4, 0), -EINVAL);
	KT_EQ(map(0x1000, -KIB4, KIB4, 0), -EINVAL);
	for (unsigned i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		KT_EQ(map(0x1000, NOWHERE, KIB4, forbidden[i]), -EINVAL);
	KT_EQ(pagetable_protect(&table, 0x1000, KIB4, PTE_COUNTED, &batch), -EINVAL);
	KT_EQ(table.tables, 1);
	KT_EQ(table.generation, 0);
	pagetable_destroy(&table);
}

KTEST(pagetable_last_pages, "", "the last page below the hole can be mapped, and the first above",
	.needs = "2.3 2.4")
{
	struct tlb_batch batch;
	struct mapping mapping;

	table_begin();
	KT_EQ(map(USER_END - KIB4, PTE_ADDRESS, KIB4, 0), 0);
	KT_TRUE(is_mapped(USER_END - KIB4));
	KT_EQ(unmap(USER_END - KIB4, KIB4), 0);
	KT_EQ(table.tables, 1);
	pagetable_destroy(&table);

	tlb_batch_init(&batch, &kernel_pagetable);
	KT_EQ(pagetable_map(&kernel_pagetable, -2 * KIB4, NOWHERE, KIB4, PTE_NX), 0);
	KT_TRUE(pagetable_query(&kernel_pagetable, -KIB4 - 1, &mapping));
	KT_EQ(mapping.physical, NOWHERE + KIB4 - 1);
	KT_EQ(pagetable_unmap(&kernel_pagetable, -2 * KIB4, KIB4, &batch), 0);
	tlb_flush(&batch);
}

KTEST(pagetable_query_tells, "", "a query tells the page's size, its frame and its rights",
	.needs = "2.3 2.4")
{
	uint64_t address = some_gigabyte();
	struct mapping mapping;

	table_begin();
	KT_EQ(map(address, 5 * GIB1, GIB1 + MIB2 + KIB4, PTE_USER | PTE_NX), 0);
	KT_TRUE(pagetable_query(&table, address + 0x3456789, &mapping));
	KT_EQ(mapping.level, 2);
	KT_EQ(mapping.physical, 5 * GIB1 + 0x3456789);
	KT_TRUE(mapping.user && !mapping.write && !mapping.execute);
	KT_EQ(protect(address + GIB1, MIB2, PTE_WRITE), 0);
	KT_TRUE(pagetable_query(&table, address + GIB1 + MIB2 - 1, &mapping));
	KT_EQ(mapping.level, 1);
	KT_EQ(mapping.physical, 6 * GIB1 + MIB2 - 1);
	KT_TRUE(!mapping.user && mapping.write && mapping.execute);
	KT_TRUE(pagetable_query(&table, address + GIB1 + MIB2 + 0xabc, &mapping));
	KT_EQ(mapping.level, 0);
	KT_EQ(mapping.physical, 6 * GIB1 + MIB2 + 0xabc);
	KT_EQ(mapping.entry & ~MARKS, entry_of(address + GIB1 + MIB2));
	KT_TRUE(!pagetable_query(&table, address + GIB1 + MIB2 + KIB4, &mapping));
	KT_EQ(unmap(address, 2 * GIB1), 0);
	pagetable_destroy(&table);
}

KTEST(pagetable_next_finds, "", "the next page is found from anywhere, and none behind the end",
	.needs = "2.3 2.4")
{
	uint64_t address = some_gigabyte(), at = 0;
	struct mapping mapping;

	table_begin();
	KT_TRUE(!pagetable_next(&table, &at, USER_END, &mapping));
	KT_EQ(map(address, 5 * GIB1, MIB2, 0), 0);
	KT_EQ(map(USER_END - KIB4, NOWHERE, KIB4, 0), 0);
	at = 0;
	KT_TRUE(!pagetable_next(&table, &at, address, &mapping));
	at = 0;
	KT_TRUE(pagetable_next(&table, &at, address + 1, &mapping));
	KT_EQ(at, address);
	KT_EQ(mapping.level, 1);
	at = address + 0x1234;
	KT_TRUE(pagetable_next(&table, &at, USER_END, &mapping));
	KT_EQ(at, address + 0x1234);
	at = address + MIB2;
	KT_TRUE(pagetable_next(&table, &at, USER_END, &mapping));
	KT_EQ(at, USER_END - KIB4);
	at = -KIB4;
	KT_TRUE(!pagetable_next(&table, &at, UINT64_MAX, &mapping));
	KT_EQ(unmap(0, USER_END), 0);
	pagetable_destroy(&table);
}

/* pagetable_replace by a page and rights, in the place of what is there. */
static int replace(uint64_t address, struct page *page, uint64_t rights, struct tlb_batch *batch)
{
	struct mapping old;

	KT_REQUIRE(pagetable_query(&table, address, &old));
	return pagetable_replace(&table, address, &old, page_phys(page) | rights, batch);
}

KTEST(pagetable_replace_page, "",
	"a frame that is replaced goes with the flush, and its page is "
	"forgotten; the same frame keeps its reference",
	.needs = "2.3 2.4")
{
	uint64_t address = some_gigabyte();
	struct page *first = page_alloc(0, 0), *second = page_alloc(0, 0);
	struct tlb_batch batch;

	table_begin();
	KT_REQUIRE(first && second);
	tlb_batch_init(&batch, &table);
	KT_EQ(map(address, page_phys(first), KIB4, PTE_COUNTED | PTE_NX), 0);
	KT_EQ(replace(address, first, PTE_COUNTED | PTE_NX | PTE_WRITE, &batch), 0);
	KT_EQ(replace(address, first, PTE_COUNTED | PTE_WRITE, &batch), 0);
	KT_EQ(batch.addresses, 0); /* it only gained rights */
	KT_EQ(replace(address, first, PTE_COUNTED, &batch), 0);
	KT_EQ(batch.addresses, 1);
	KT_EQ(replace(address, first, PTE_COUNTED | PTE_NX, &batch), 0);
	KT_EQ(batch.addresses, 2);
	KT_EQ(replace(address, second, PTE_COUNTED | PTE_WRITE, &batch), 0);
	KT_EQ(batch.addresses, 3);
	KT_EQ(entry_of(address), page_phys(second) | PTE_COUNTED | PTE_WRITE | PTE_PRESENT);
	KT_EQ(page_count(first), 1);
	tlb_flush(&batch);
	KT_EQ(page_count(first), 0);
	KT_EQ(page_count(second), 1);
	KT_EQ(unmap(address, KIB4), 0);
	pagetable_destroy(&table);
}

KTEST(pagetable_replace_raced, "", "an entry that is another one by now is not replaced: -EAGAIN",
	.needs = "2.3 2.4")
{
	uint64_t address = some_gigabyte();
	struct tlb_batch batch;
	struct mapping old;

	table_begin();
	tlb_batch_init(&batch, &table);
	KT_EQ(map(address, 5 * GIB1, MIB2, 0), 0);
	KT_TRUE(pagetable_query(&table, address, &old));
	KT_EQ(split(address + KIB4), 0);
	KT_EQ(pagetable_replace(&table, address, &old, NOWHERE, &batch), -EAGAIN);
	KT_TRUE(pagetable_query(&table, address, &old));
	KT_EQ(protect(address, KIB4, PTE_WRITE), 0);
	KT_EQ(pagetable_replace(&table, address, &old, NOWHERE, &batch), -EAGAIN);
	KT_EQ(entry_of(address), 5 * GIB1 | PTE_WRITE | PTE_PRESENT);
	KT_TRUE(pagetable_query(&table, address, &old));
	*place_of(&table, address).entry |= MARKS; /* the processor was here */
	KT_EQ(pagetable_replace(&table, address, &old, NOWHERE, &batch), 0);
	KT_EQ(entry_of(address), NOWHERE | PTE_PRESENT);
	KT_EQ(batch.addresses, 1);
	KT_EQ(unmap(address, MIB2), 0);
	pagetable_destroy(&table);
}

KTEST(pagetable_shares_kernel, "",
	"a new table has the kernel's half, and what changes there later", .needs = "2.3 2.4")
{
	uint64_t address = KERNEL_AREAS_END - 512 * MIB2;
	struct pagetable other;
	struct mapping mapping;
	struct tlb_batch batch;

	KT_REQUIRE(kernel_map_made());
	table_begin();
	KT_EQ(pagetable_init(&other), 0);
	KT_TRUE(table.context != other.context && table.context != kernel_pagetable.context);
	for (unsigned i = 0; i < 512; i++)
		KT_EQ(root_of(&table)[i] & ~MARKS,
			i < 256 ? 0 : root_of(&kernel_pagetable)[i] & ~MARKS);

	KT_EQ(pagetable_map(&kernel_pagetable, address, NOWHERE, KIB4, PTE_NX), 0);
	KT_TRUE(pagetable_query(&table, address, &mapping) && mapping.physical == NOWHERE);
	KT_TRUE(pagetable_query(&other, address, &mapping) && mapping.physical == NOWHERE);
	tlb_batch_init(&batch, &kernel_pagetable);
	KT_EQ(pagetable_unmap(&kernel_pagetable, address, KIB4, &batch), 0);
	tlb_flush(&batch);
	KT_TRUE(!pagetable_query(&table, address, &mapping));
	pagetable_destroy(&table);
	pagetable_destroy(&other);
}

KTEST(pagetable_destroy_empty, "", "destroying a table in which something is mapped panics",
	.needs = "2.3", .panics = "assertion failed")
{
	table_begin();
	KT_EQ(map(KIB4, NOWHERE, KIB4, 0), 0);
	pagetable_destroy(&table);
}

KTEST(address_mapped_sizes, "", "a range is mapped if all its pages are, of whatever size",
	.needs = "2.3 2.4")
{
	uint64_t address = some_gigabyte(), end = address + GIB1 + MIB2 + KIB4;

	table_begin();
	KT_EQ(map(address, 5 * GIB1, end - address, PTE_NX), 0);
	KT_EQ(map(end + KIB4, 5 * GIB1, KIB4, PTE_NX), 0);
	KT_TRUE(!address_mapped(address, 1)); /* these tables are not loaded */
	tlb_load(&table);
	KT_TRUE(address_mapped(address, end - address));
	KT_TRUE(address_mapped(address + 5, GIB1));
	KT_TRUE(address_mapped(address + GIB1 - 1, 2));
	KT_TRUE(address_mapped(end - 1, 1) && address_mapped(end + KIB4, KIB4));
	KT_TRUE(!address_mapped(address - 1, 2));
	KT_TRUE(!address_mapped(end - 1, 2));
	KT_TRUE(!address_mapped(end - 1, KIB4 + 2));
	KT_TRUE(!address_mapped(end + 2 * KIB4, 1));
	KT_TRUE(!address_mapped(USER_END, 1) && !address_mapped(HOLE - 1, 1));
	KT_TRUE(!address_mapped(UINT64_MAX, 2) && !address_mapped(address, UINT64_MAX));
	KT_TRUE(address_mapped((uint64_t)kernel_start, 1));
	tlb_load(&kernel_pagetable);
	KT_EQ(unmap(address, 2 * GIB1), 0);
	pagetable_destroy(&table);
}

KTEST(address_mapped_locked, "", "to ask whether an address is mapped takes no lock")
{
	spin_lock(&kernel_pagetable.lock);
	KT_TRUE(address_mapped((uint64_t)kernel_start, 1));
	KT_TRUE(!address_mapped((uint64_t)boot_stack_guard, 1));
	KT_TRUE(address_mapped((uint64_t)boot_stack_guard - 8, 8));
	KT_TRUE(!address_mapped((uint64_t)boot_stack_guard - 8, 9));
	spin_unlock(&kernel_pagetable.lock);
}
