/* What memory costs: pages, the heap, page tables, faults, copies of spaces. See ktest/bench.h. */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/bench.h"
#include "lab2-memory/pagetable/pagetable.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab2-memory/vm/space.h"

BENCH(page_alloc_free, "page_alloc + page_free", 1000)
{
	bench_start();
	for (uint64_t i = 0; i < operations; i++)
		page_free(page_alloc(0, 0));
	bench_stop();
}

BENCH(page_alloc_free_2m, "page_alloc + page_free of 2 MiB", 1000)
{
	bench_start();
	for (uint64_t i = 0; i < operations; i++)
		page_free(page_alloc(9, 0));
	bench_stop();
}

BENCH(page_alloc_many, "page_alloc + page_free, 4096 at a time", 4096)
{
	static struct page *page[4096];

	bench_start();
	for (uint64_t i = 0; i < operations; i++)
		page[i] = page_alloc(0, 0);
	for (uint64_t i = 0; i < operations; i++)
		page_free(page[i]);
	bench_stop();
}

static void kmalloc_kfree(size_t bytes, uint64_t operations)
{
	bench_start();
	for (uint64_t i = 0; i < operations; i++)
		kfree(kmalloc(bytes, 0));
	bench_stop();
}

#define KMALLOC_BENCH(name, bytes)                                                                 \
	BENCH(name, "kmalloc + kfree of " #bytes, 1000)                                            \
	{                                                                                          \
		kmalloc_kfree(bytes, operations);                                                  \
	}
KMALLOC_BENCH(kmalloc_000016, 16)
KMALLOC_BENCH(kmalloc_000064, 64)
KMALLOC_BENCH(kmalloc_000256, 256)
KMALLOC_BENCH(kmalloc_001024, 1024)
KMALLOC_BENCH(kmalloc_004096, 4096)
KMALLOC_BENCH(kmalloc_065536, 65536)

BENCH(kmalloc_many, "kmalloc + kfree of 64, 4096 at a time", 4096)
{
	static void *memory[4096];

	bench_start();
	for (uint64_t i = 0; i < operations; i++)
		memory[i] = kmalloc(64, 0);
	for (uint64_t i = 0; i < operations; i++)
		kfree(memory[i]);
	bench_stop();
}

/* --- page tables --------------------------------------------------------------------- */

#define ADDRESS  0x40000000ul
#define PHYSICAL (ADDRESS + PAGE_SIZE) /* so that no larger page fits; nobody touches it */
#define RIGHTS   (PTE_WRITE | PTE_USER | PTE_NX)

static struct pagetable table;

static void map(uint64_t address, uint64_t pages)
{
	int error = pagetable_map(
		&table, address, PHYSICAL - ADDRESS + address, pages * PAGE_SIZE, RIGHTS);

	assert(!error);
}

static void unmap(uint64_t pages_at_once, uint64_t pages)
{
	struct tlb_batch batch;

	tlb_batch_init(&batch, &table);
	for (uint64_t i = 0; i < pages; i += pages_at_once)
		pagetable_unmap(&table, ADDRESS + i * PAGE_SIZE, pages_at_once * PAGE_SIZE, &batch);
	tlb_flush(&batch);
}

static void table_begin(void)
{
	int error = pagetable_init(&table);

	assert(!error);
}

static void table_end(void)
{
	unmap(512, 512);
	pagetable_destroy(&table);
}

BENCH(pagetable_map, "map 4 KiB, 512 calls", 512)
{
	table_begin();
	bench_start();
	for (uint64_t i = 0; i < operations; i++)
		map(ADDRESS + i * PAGE_SIZE, 1);
	bench_stop();
	table_end();
}

BENCH(pagetable_map_all, "map 4 KiB, 512 in a call", 512)
{
	table_begin();
	bench_start();
	map(ADDRESS, operations);
	bench_stop();
	table_end();
}

BENCH(pagetable_unmap, "unmap 4 KiB, 512 calls", 512)
{
	table_begin();
	map(ADDRESS, operations);
	bench_start();
	unmap(1, operations);
	bench_stop();
	table_end();
}

BENCH(pagetable_unmap_all, "unmap 4 KiB, 512 in a call", 512)
{
	table_begin();
	map(ADDRESS, operations);
	bench_start();
	unmap(operations, operations);
	bench_stop();
	table_end();
}

/* --- address spaces ------------------------------------------------------------------ */

/*
 * Two spaces of 64 MiB: one region, which gets pages of 2 MiB; or 32 regions, each a page short of
 * such a place, which get pages of 4 KiB.
 */
#define REGIONS     32
#define LARGE_PAGES (REGIONS * 512)
#define SMALL_PAGES (REGIONS * 511)

static struct vm_space *space_new(void)
{
	struct vm_space *space = vm_space_create();

	assert(space);
	return space;
}

static void map_anonymous(struct vm_space *space, uint64_t address, uint64_t bytes)
{
	int64_t at = vm_map(
		space, address, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, NULL, 0);

	assert(at == (int64_t)address);
}

static struct vm_space *large_space(void)
{
	struct vm_space *space = space_new();

	map_anonymous(space, ADDRESS, REGIONS * LARGE_PAGE);
	return space;
}

static struct vm_space *small_space(void)
{
	struct vm_space *space = space_new();

	for (uint64_t i = 0; i < REGIONS; i++)
		map_anonymous(space, ADDRESS + i * LARGE_PAGE + PAGE_SIZE, LARGE_PAGE - PAGE_SIZE);
	return space;
}

static void write_at(struct vm_space *space, uint64_t address)
{
	enum vm_result result = vm_fault(space, address, PROT_WRITE);

	assert(result == VM_RESOLVED);
}

/* The faults that writing to every page takes. */
static void fill_large(struct vm_space *space)
{
	for (uint64_t i = 0; i < REGIONS; i++)
		write_at(space, ADDRESS + i * LARGE_PAGE);
}

static void fill_small(struct vm_space *space)
{
	for (uint64_t i = 0; i < REGIONS; i++)
		for (uint64_t page = 1; page < 512; page++)
			write_at(space, ADDRESS + i * LARGE_PAGE + page * PAGE_SIZE);
}

static struct vm_space *filled_large(void)
{
	struct vm_space *space = large_space();

	fill_large(space);
	return space;
}

static struct vm_space *filled_small(void)
{
	struct vm_space *space = small_space();

	fill_small(space);
	return space;
}

BENCH(vm_fault_2m, "fault on 64 MiB, 2 MiB pages, per 4 KiB", LARGE_PAGES)
{
	struct vm_space *space = large_space();

	(void)operations;
	bench_start();
	fill_large(space);
	bench_stop();
	vm_space_destroy(space);
}

BENCH(vm_fault_4k, "fault on 64 MiB, 4 KiB pages, each", SMALL_PAGES)
{
	struct vm_space *space = small_space();

	(void)operations;
	bench_start();
	fill_small(space);
	bench_stop();
	vm_space_destroy(space);
}

BENCH(vm_fault_read, "read fault on 64 MiB, page of zeros, each", SMALL_PAGES)
{
	struct vm_space *space = small_space();

	(void)operations;
	bench_start();
	for (uint64_t i = 0; i < REGIONS; i++)
		for (uint64_t page = 1; page < 512; page++)
			vm_fault(space, ADDRESS + i * LARGE_PAGE + page * PAGE_SIZE, PROT_READ);
	bench_stop();
	vm_space_destroy(space);
}

static void clone(struct vm_space *space)
{
	struct vm_space *copy;

	bench_start();
	copy = vm_clone(space);
	bench_stop();
	assert(copy);
	vm_space_destroy(copy);
	vm_space_destroy(space);
}

BENCH(vm_clone_2m, "clone 64 MiB, 2 MiB pages", 1)
{
	(void)operations;
	clone(filled_large());
}

BENCH(vm_clone_4k, "clone 64 MiB, 4 KiB pages", 1)
{
	(void)operations;
	clone(filled_small());
}

BENCH(vm_copy_2m, "copy on write, 2 MiB pages, per 4 KiB", LARGE_PAGES)
{
	struct vm_space *space = filled_large(), *copy = vm_clone(space);

	(void)operations;
	assert(copy);
	bench_start();
	fill_large(copy);
	bench_stop();
	vm_space_destroy(copy);
	vm_space_destroy(space);
}

BENCH(vm_copy_4k, "copy on write, 4 KiB pages, each", SMALL_PAGES)
{
	struct vm_space *space = filled_small(), *copy = vm_clone(space);

	(void)operations;
	assert(copy);
	bench_start();
	fill_small(copy);
	bench_stop();
	vm_space_destroy(copy);
	vm_space_destroy(space);
}

static void destroy(struct vm_space *space)
{
	bench_start();
	vm_space_destroy(space);
	bench_stop();
}

BENCH(vm_destroy_2m, "destroy 64 MiB, 2 MiB pages", 1)
{
	(void)operations;
	destroy(filled_large());
}

BENCH(vm_destroy_4k, "destroy 64 MiB, 4 KiB pages", 1)
{
	(void)operations;
	destroy(filled_small());
}
