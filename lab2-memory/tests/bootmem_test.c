/*
 * The boot allocator. test_bootmem.py scribbles over all of memory, and
 * sees from outside that nothing suffered which is in use. Floor: given code.
 */
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/bootmem.h"
#include "lab2-memory/page/page.h"

#define BLOCK ((uint64_t)PAGE_SIZE << PAGE_ORDER_MAX)

static struct page *block; /* memory for a map of our own */
static uint64_t base;      /* its address */

/* From here on the machine has this block of memory, and nothing else. */
static void machine_of(const struct memory_range *range, size_t ranges)
{
	if (!block)
		block = page_alloc(PAGE_ORDER_MAX, 0);
	KT_REQUIRE(block);
	base = page_phys(block);
	memset(&bootinfo, 0, sizeof(bootinfo));
	for (size_t i = 0; i < ranges; i++)
		bootinfo.memmap.range[i] = (struct memory_range){ base + range[i].start,
			base + range[i].end, range[i].kind };
	bootinfo.memmap.count = ranges;
}

struct span {
	uint64_t start, end;
};

/* The free ranges are these, counted from base. */
static void expect(const struct span *span, size_t spans)
{
	const struct memory_range *got;

	KT_REQUIRE(bootmem_ranges(&got) == spans);
	for (size_t i = 0; i < spans; i++) {
		KT_EQ(got[i].start - base, span[i].start);
		KT_EQ(got[i].end - base, span[i].end);
	}
}

KTEST(bootmem_ends, "", "once the pages are handed over, the boot allocator has nothing")
{
	KT_EQ(bootmem_alloc(1, 1, UINT64_MAX), NULL);
}

static void put32(void *at, uint64_t value)
{
	memcpy(at, &value, 4);
}

/* A root pointer to a root table, and that to one more, of two pages. */
static void make_tables(uint64_t root_at, uint64_t table_at)
{
	char *root = (char *)page_address(block) + root_at;
	char *table = (char *)page_address(block) + table_at;

	memset(root, 0, 40);
	put32(bootinfo.rsdp + 16, base + root_at);
	bootinfo.rsdp_length = 20;
	put32(root + 4, 40);
	put32(root + 36, base + table_at);
	put32(table + 4, 2 * PAGE_SIZE);
}

KTEST(bootmem_cuts, "",
	"modules and ACPI's tables are cut out in whole pages, whatever they lie over",
	.needs = "2.1 2.2")
{
	static const struct boot_module module[] = { { 0x12345, 0x13001, "in the middle" },
		{ 0x20000, 0x21000, "at the beginning" }, { 0x2f001, 0x2f002, "at the end" },
		{ 0x38000, 0x48000, "over a hole" }, { 0x60000, 0x70000, "all of one" },
		{ 0x80000, 0x80000, "empty" }, { 0x90000, 0xa0000, "outside" },
		{ 0x12fff, 0x13001, "again" } };
	static const struct memory_range map[] = { { 0x10000, 0x18000, MEMORY_USABLE },
		{ 0x20000, 0x30000, MEMORY_USABLE }, { 0x30000, 0x40000, MEMORY_USABLE },
		{ 0x44000, 0x50000, MEMORY_USABLE }, { 0x61000, 0x62000, MEMORY_USABLE },
		{ 0x7f000, 0x82000, MEMORY_USABLE }, { 0x90000, 0xb0000, MEMORY_ACPI } };
	static const struct span left[] = { { 0x10000, 0x12000 }, { 0x14000, 0x18000 },
		{ 0x21000, 0x2f000 }, { 0x30000, 0x38000 }, { 0x48000, 0x4b000 },
		{ 0x4c000, 0x4d000 }, { 0x7f000, 0x82000 } };

	machine_of(map, 7);
	for (size_t i = 0; i < 8; i++)
		bootinfo.module[i] =
			(struct boot_module){ base + module[i].start, base + module[i].end, "" };
	bootinfo.modules = 8;
	make_tables(0x4b800, 0x4d010);
	bootmem_init();
	expect(left, sizeof(left) / sizeof(left[0]));
	KT_EQ(bootmem_free(UINT64_MAX), 0x2000 + 0x4000 + 0xe000 + 0x8000 + 0x4000 + 0x3000);
	KT_EQ(bootmem_free(base + 0x22000), 0x2000 + 0x4000 + 0x1000);
	KT_EQ(bootmem_free(base), 0);
	page_free(block);
}

KTEST(bootmem_kernel, "", "the kernel's image, its last byte, too, and page 0 are cut out")
{
	static const struct memory_range map[] = { { 0, 0x4000, MEMORY_USABLE },
		{ 0x100000, 0x4000000, MEMORY_USABLE } };
	const struct memory_range *range;
	uint64_t start = kernel_phys(kernel_start), end = kernel_phys(kernel_end);

	memset(&bootinfo, 0, sizeof(bootinfo));
	memcpy(bootinfo.memmap.range, map, sizeof(map));
	bootinfo.memmap.count = 2;
	bootmem_init();
	size_t ranges = bootmem_ranges(&range), at = start > 0x100000 ? 2 : 1;

	KT_REQUIRE(ranges == at + 1);
	KT_EQ(range[0].start, PAGE_SIZE);
	KT_EQ(range[0].end, 0x4000);
	KT_EQ(range[at - 1].end, at == 2 ? start & -PAGE_SIZE : 0x4000);
	KT_EQ(range[at].start, (end + PAGE_SIZE - 1) & -PAGE_SIZE);
	KT_EQ(range[at].end, 0x4000000);
}

KTEST(bootmem_takes, "", "memory comes zeroed, aligned, below the limit, and never twice",
	.needs = "2.1 2.2", .limit = 5)
{
	static const struct memory_range map[] = { { 0, 0x100000, MEMORY_USABLE },
		{ 0x180000, BLOCK, MEMORY_USABLE } };
	uint64_t left = 0x100000 + BLOCK - 0x180000;

	machine_of(map, 2);
	bootmem_init();
	KT_EQ(bootmem_alloc(0x100001, 1, base + 0x180000), NULL);
	KT_EQ(bootmem_alloc(1, 2 * BLOCK, base + 2), NULL);
	KT_EQ(bootmem_alloc(-1ul & -PAGE_SIZE, 1, UINT64_MAX), NULL);
	KT_EQ(bootmem_free(UINT64_MAX), left);
	memset(page_address(block), 0xff, BLOCK);
	for (int i = 0; i < 500; i++) {
		size_t bytes = 1 + kt_random() % (3 * PAGE_SIZE);
		uint64_t align = 1ul << kt_random() % 16;
		uint64_t limit = base + kt_random() % (BLOCK + 1);
		uint8_t *memory = bootmem_alloc(bytes, align, limit);

		if (!memory)
			continue;
		uint64_t physical = (uint64_t)memory - DIRECT_MAP;
		uint64_t whole = (bytes + PAGE_SIZE - 1) & -PAGE_SIZE;

		KT_REQUIRE(physical >= base && physical + whole <= limit);
		KT_EQ(physical % (align < PAGE_SIZE ? PAGE_SIZE : align), 0);
		for (size_t j = 0; j < whole; j++)
			KT_REQUIRE(memory[j] == 0);
		memset(memory, 0x5a, whole);
		left -= whole;
	}
	KT_EQ(bootmem_free(UINT64_MAX), left);
	page_free(block);
}

KTEST(bootmem_in_pieces, "",
	"when the ranges are too many pieces, memory is lost, and none mixed up",
	.needs = "2.1 2.2")
{
	const struct memory_range *range;
	size_t ranges, taken = 0;

	machine_of((struct memory_range[]){ { 0, BLOCK, MEMORY_USABLE } }, 1);
	bootmem_init();
	while (bootmem_alloc(1, 2 * PAGE_SIZE, UINT64_MAX))
		taken++;
	KT_EQ(taken, BLOCK / PAGE_SIZE / 2);
	ranges = bootmem_ranges(&range);
	KT_TRUE(ranges > MEMMAP_MAX);
	for (size_t i = 0; i < ranges; i++) {
		KT_EQ(range[i].start % (2 * PAGE_SIZE), PAGE_SIZE);
		KT_EQ(range[i].end, range[i].start + PAGE_SIZE);
		KT_TRUE(i == 0 || range[i - 1].end < range[i].start);
	}
	page_free(block);
}

/* Fills every free page, tells how many those are, and stands still to be looked at. */
KPROBE(bootmem_scribble)
{
	uint64_t pages = 0;
	struct page *page;

	while ((page = page_alloc(0, PAGE_NOWAIT))) {
		memset(page_address(page), 0xa7, PAGE_SIZE);
		pages++;
	}
	kt_reply_hex(&pages, sizeof(pages));
	kt_reply("looking");
	for (;;)
		;
}
