/*
 * The TLB: batches, flushes, and loading tables. Given code; what unmapping and
 * protecting have to tell it is tested with exercise 2.4 (pagetable_undo_test.c).
 */
#include "lab2-memory/pagetable/kernel_map.h"
#include "lab2-memory/tests/pagetable_scratch.h"

#define AREA      (KERNEL_AREAS_END - GIB1) /* of the kernel's half, and nobody's */
#define CR4_PGE   (1ul << 7)
#define CR4_PCIDE (1ul << 17)

static struct tlb_batch batch;

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

static void map(struct pagetable *to, uint64_t address, struct page *page, uint64_t rights)
{
	KT_REQUIRE(pagetable_map(to, address, page_phys(page), KIB4, PTE_NX | rights) == 0);
}

KTEST(tlb_at_boot, "", "the kernel's tables are loaded, and global pages are on", .needs = "2.3")
{
	KT_EQ(tlb_loaded(), &kernel_pagetable);
	KT_EQ(read_cr3() & PTE_ADDRESS, kernel_pagetable.root);
	KT_TRUE(read_cr4() & CR4_PGE);
	table_begin();
	tlb_load(&table);
	KT_EQ(tlb_loaded(), &table);
	KT_EQ(read_cr3() & PTE_ADDRESS, table.root);
	tlb_load(&kernel_pagetable);
	KT_EQ(read_cr3() & PTE_ADDRESS, kernel_pagetable.root);
	pagetable_destroy(&table);
}

/* So many pages change their frame behind the processor's back, and it is told by a batch. */
static void change_pages(struct pagetable *of, uint64_t address, unsigned count, uint64_t rights)
{
	struct page *page[2] = { page_with(1), page_with(2) };

	for (unsigned i = 0; i < count; i++)
		map(of, address + i * KIB4, page[0], rights);
	for (unsigned i = 0; i < count; i++)
		KT_EQ(read_at(address + i * KIB4), 1);
	tlb_batch_init(&batch, of);
	for (unsigned i = 0; i < count; i++) {
		pagetable_set(place_of(of, address + i * KIB4).entry,
			page_phys(page[1]) | rights | PTE_PRESENT | PTE_NX);
		tlb_batch_address(&batch, address + i * KIB4 + 0x123);
	}
	tlb_flush(&batch);
	for (unsigned i = 0; i < count; i++)
		KT_EQ(read_at(address + i * KIB4), 2);
	KT_EQ(pagetable_unmap(of, address, count * KIB4, &batch), 0);
	tlb_flush(&batch);
	page_free(page[0]);
	page_free(page[1]);
}

KTEST(tlb_forgets_all, "", "every page of a batch is forgotten, also if there is no room for all",
	.needs = "2.3 2.4")
{
	const unsigned counts[] = { 1, TLB_BATCH - 1, TLB_BATCH, TLB_BATCH + 1, 3 * TLB_BATCH };

	table_begin();
	tlb_load(&table);
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		change_pages(&table, some_gigabyte(), counts[i], 0);
	change_pages(&kernel_pagetable, AREA, 2 * TLB_BATCH, PTE_GLOBAL);
	tlb_load(&kernel_pagetable);
	pagetable_destroy(&table);
}

KTEST(tlb_forgets_kernel, "", "pages of the kernel's half are forgotten under every table",
	.needs = "2.3 2.4")
{
	struct page *page[2] = { page_with(1), page_with(2) };

	KT_REQUIRE(kernel_map_made());
	table_begin();
	for (unsigned i = 0; i < 4; i++) {
		map(&kernel_pagetable, AREA, page[i % 2], PTE_GLOBAL);
		KT_EQ(read_at(AREA), i % 2 + 1);
		tlb_load(i < 2 ? &table : &kernel_pagetable);
		KT_EQ(read_at(AREA), i % 2 + 1);
		tlb_batch_init(&batch, &kernel_pagetable);
		KT_EQ(pagetable_unmap(&kernel_pagetable, AREA, KIB4, &batch), 0);
		tlb_flush(&batch);
	}
	pagetable_destroy(&table);
	page_free(page[0]);
	page_free(page[1]);
}

/* What the other processors' part of a flush sees, were there any. */
static struct page *watched, *watched_table;
static unsigned asked;

static void remote_flush(const struct tlb_batch *what)
{
	asked++;
	KT_EQ(what, &batch);
	KT_EQ(what->addresses, 1);
	KT_EQ(what->pages, 1);
	KT_EQ(what->generation, table.generation);
	KT_EQ(page_count(watched), 1);
	KT_EQ(page_count(watched_table), 1);
}

static const struct tlb_remote_ops remote_ops = { .flush = remote_flush };

KTEST(tlb_asks_others, "", "frames and tables go only once the other processors were asked",
	.needs = "2.3 2.4")
{
	uint64_t address = some_gigabyte();

	table_begin();
	watched = page_with(1);
	map(&table, address, watched, PTE_COUNTED);
	watched_table = page_of(place_of(&table, address).entry);
	tlb_set_remote_flush(&remote_ops);
	tlb_batch_init(&batch, &table);
	tlb_flush(&batch);
	KT_EQ(asked, 0); /* there was nothing to forget */
	KT_EQ(table.generation, 0);
	KT_EQ(pagetable_unmap(&table, address, KIB4, &batch), 0);
	tlb_flush(&batch);
	KT_EQ(asked, 1);
	KT_EQ(table.generation, 1);
	KT_EQ(page_count(watched), 0);
	KT_EQ(page_count(watched_table), 0);
	KT_EQ(batch.addresses + batch.pages, 0);
	KT_TRUE(list_empty(&batch.tables));
	KT_EQ(batch.released, 1);
	pagetable_destroy(&table);
}

KTEST(tlb_remote_once, "", "who flushes other processors is set only once",
	.panics = "assertion failed")
{
	tlb_set_remote_flush(&remote_ops);
	tlb_set_remote_flush(&remote_ops);
}

KTEST(tlb_batch_overflows, "", "a frame that a full batch has no room for panics",
	.panics = "assertion failed: !tlb_batch_full")
{
	struct page *page = page_with(0);

	tlb_batch_init(&batch, &kernel_pagetable);
	for (unsigned i = 0; i < TLB_BATCH; i++) {
		KT_REQUIRE(!tlb_batch_full(&batch));
		tlb_batch_page(&batch, page, KIB4);
	}
	KT_EQ(batch.released, TLB_BATCH);
	tlb_batch_page(&batch, page, KIB4);
}

/* Map, under a table, the page that holds that word; what was there before is unmapped. */
static void remap(struct pagetable *to, uint64_t address, uint64_t word)
{
	tlb_batch_init(&batch, to);
	KT_EQ(pagetable_unmap(to, address, KIB4, &batch), 0);
	tlb_flush(&batch);
	map(to, address, page_with(word), PTE_COUNTED);
}

#define MANY 9 /* more than identifiers are used */

/*
 * For a processor that does it by the book: one with process-context identifiers, which keeps
 * global pages when CR3 is loaded. QEMU's emulation has neither. Replies with "identifiers" if
 * there are any, and checks that each table shows its own page, loaded in any order and changed
 * while another one is loaded.
 */
KPROBE(tlb_by_the_book)
{
	static struct pagetable many[MANY];
	uint64_t address = some_gigabyte();

	if (read_cr4() & CR4_PCIDE)
		kt_reply("identifiers");
	change_pages(&kernel_pagetable, AREA, 2 * TLB_BATCH, PTE_GLOBAL);
	change_pages(&kernel_pagetable, AREA, 1, PTE_GLOBAL);
	for (unsigned i = 0; i < MANY; i++) {
		KT_REQUIRE(pagetable_init(&many[i]) == 0);
		remap(&many[i], address, i);
	}
	for (unsigned round = 1; round < 100; round++) {
		unsigned one = kt_random() % MANY, other = kt_random() % (round % 2 ? 3 : MANY);

		tlb_load(&many[one]);
		KT_EQ(read_at(address) % MANY, one);
		remap(&many[other], address, round * MANY + other);
		KT_EQ(read_at(address) % MANY, one);
		tlb_load(&many[other]);
		KT_EQ(read_at(address), round * MANY + other);
		tlb_load(&kernel_pagetable);
	}
	for (unsigned i = 0; i < MANY; i++) {
		tlb_batch_init(&batch, &many[i]);
		KT_EQ(pagetable_unmap(&many[i], address, KIB4, &batch), 0);
		tlb_flush(&batch);
		pagetable_destroy(&many[i]);
	}
	kt_reply("done");
}
