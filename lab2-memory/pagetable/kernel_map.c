/*
 * Making the kernel's map: see kernel_map.h. What RAM there is to map, the image
 * piece by piece, and one empty table for the areas, so that the root's upper
 * half never changes again and every space can have a copy of it.
 */
#include "lab2-memory/pagetable/kernel_map.h"
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/firmware.h"
#include "lab2-memory/pagetable/pagetable.h"
#include <linux/errno.h>

#define LOW_MEMORY 0x100000 /* BIOS data, the text screen, ACPI's root pointer */
#define RAM_MAX    (MEMMAP_MAX + 64)

#define READ_ONLY (PTE_GLOBAL | PTE_NX)
#define DATA      (PTE_GLOBAL | PTE_NX | PTE_WRITE)
#define CODE      PTE_GLOBAL

/* What the direct map shows: rising, apart from each other. Only while the map is made. */
static struct memory_range ram[RAM_MAX];
static size_t rams;
static bool made;

bool kernel_map_made(void)
{
	return made;
}

/* Take the ranges that touch [*start, *end) out of the list, and make that hold them, too. */
static void absorb(uint64_t *start, uint64_t *end)
{
	size_t kept = 0;

	for (size_t i = 0; i < rams; i++) {
		if (ram[i].end < *start || ram[i].start > *end) {
			ram[kept++] = ram[i];
			continue;
		}
		*start = ram[i].start < *start ? ram[i].start : *start;
		*end = ram[i].end > *end ? ram[i].end : *end;
	}
	rams = kept;
}

/* Rounded outwards to pages: there may be a table in the part of a page that is not usable. */
static void add_ram(uint64_t start, uint64_t end)
{
	if (start >= DIRECT_MAP_MAX)
		return;
	start &= -PAGE_SIZE;
	end = end < DIRECT_MAP_MAX ? (end + PAGE_SIZE - 1) & -PAGE_SIZE : DIRECT_MAP_MAX;
	absorb(&start, &end);
	if (rams < RAM_MAX)
		ram[rams++] = (struct memory_range){ start, end, MEMORY_USABLE };
}

static void find_ram(void)
{
	const struct memmap *map = &bootinfo.memmap;
	const struct boot_framebuffer *screen = &bootinfo.framebuffer;

	rams = 0;
	for (size_t i = 0; i < map->count; i++)
		if (map->range[i].kind <= MEMORY_NVS)
			add_ram(map->range[i].start, map->range[i].end);
	for (size_t i = 0; i < bootinfo.modules; i++)
		add_ram(bootinfo.module[i].start, bootinfo.module[i].end);
	add_ram(0, LOW_MEMORY);
	add_ram(kernel_phys(kernel_start), kernel_phys(kernel_end));
	if (screen->width)
		add_ram(screen->physical,
			screen->physical + (uint64_t)screen->pitch * screen->height);
	firmware_tables(add_ram); /* last: there may be more than there is room for */
}

static int map_direct(struct pagetable *table, uint64_t start, uint64_t end, uint64_t rights)
{
	if (start >= end)
		return 0;
	return pagetable_map(table, DIRECT_MAP + start, start, end - start, rights);
}

/* One range of RAM; the image's code and constants lie in one of them, and are not for writing. */
static int map_ram(struct pagetable *table, const struct memory_range *range)
{
	uint64_t low = kernel_phys(kernel_start), high = kernel_phys(data_start);
	int error;

	if (low < range->start || high > range->end)
		return map_direct(table, range->start, range->end, DATA);
	error = map_direct(table, range->start, low, DATA);
	if (!error)
		error = map_direct(table, low, high, READ_ONLY);
	return error ? error : map_direct(table, high, range->end, DATA);
}

static int map_all_ram(struct pagetable *table)
{
	int error = 0;

	find_ram();
	for (size_t i = 0; i < rams && !error; i++)
		error = map_ram(table, &ram[i]);
	return error;
}

/* The image in pieces; each begins on a page, and what lies between two pieces is a hole. */
static int map_image(struct pagetable *table)
{
	const struct {
		const char *start, *end;
		uint64_t rights;
	} piece[] = {
		{ kernel_start, rodata_start, CODE },
		{ rodata_start, data_start, READ_ONLY },
		{ data_start, boot_stack_guard, DATA },
		{ boot_stack, double_fault_guard, DATA },
		{ double_fault_stack, kernel_end, DATA },
	};
	int error = 0;

	for (size_t i = 0; i < sizeof(piece) / sizeof(piece[0]) && !error; i++)
		error = pagetable_map(table, (uint64_t)piece[i].start, kernel_phys(piece[i].start),
			((uint64_t)(piece[i].end - piece[i].start) + PAGE_SIZE - 1) & -PAGE_SIZE,
			piece[i].rights);
	return error;
}

/* The areas' table, which counts one entry more than it has, so that it is never freed. */
static int map_areas(struct pagetable *table)
{
	pte_t *entry;
	int error = pagetable_reach(table, KERNEL_AREAS, PTE_ROOT_LEVEL - 1, &entry);

	if (!error)
		page_of(entry)->word[0]++;
	return error;
}

void kernel_map_init(void)
{
	struct pagetable table;
	int error;

	kernel_pagetable.root = read_cr3() & PTE_ADDRESS;
	error = pagetable_init(&table);
	if (!error) {
		memset(phys_to_virt(table.root), 0, PAGE_SIZE); /* no copy of the boot tables */
		error = map_all_ram(&table);
	}
	if (!error)
		error = map_image(&table);
	if (!error)
		error = map_areas(&table);
	if (error) {
		kprintf("kernel map: error %d; the boot tables stay\n", error);
		return;
	}
	kernel_pagetable = table;
	tlb_load(&kernel_pagetable);
	made = true;
}
