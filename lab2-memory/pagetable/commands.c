/* The monitor's commands for page tables: map, pt. */
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/lib/number.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/monitor/monitor.h"
#include "lab2-memory/pagetable/pagetable.h"

static const char *const level_name[] = { "page table", "directory", "pointer table", "PML4" };
static const char *const page_name[] = { "4 KiB", "2 MiB", "1 GiB" };

/* "rwx", with "u" for the user's and "g" for global. */
static void print_rights(pte_t rights)
{
	kprintf("r%c%c%c%c", rights & PTE_WRITE ? 'w' : '-', rights & PTE_NX ? '-' : 'x',
		rights & PTE_USER ? 'u' : '-', rights & PTE_GLOBAL ? 'g' : '-');
}

/* The step from a table of that level, and those below it, whoever wrote pagetable_walk. */
static void print_steps(const pte_t *entries, unsigned level, uint64_t address)
{
	unsigned index = pte_index(address, level);
	pte_t entry = entries[index];

	kprintf("level %u  %-13s [%3u]  %016lx  ", level, level_name[level], index, entry);
	if (!(entry & PTE_PRESENT)) {
		kprintf("not present\n");
		return;
	}
	print_rights(entry);
	if (pte_is_leaf(entry, level)) {
		kprintf("  page of %s: physical %016lx\n", page_name[level],
			pte_phys(entry, level) + address % pte_span(level));
		return;
	}
	kprintf("  table at %016lx\n", entry & PTE_ADDRESS);
	print_steps(pagetable_table(entry), level - 1, address);
}

COMMAND(map, "ADDRESS", "walk the page tables to an address, level by level")
{
	uint64_t address;

	if (count != 2 || !number_parse(words[1], strlen(words[1]), &address)) {
		kprintf("usage: map ADDRESS, decimal or 0x hexadecimal\n");
		return;
	}
	if (address + USER_END >= 2 * USER_END) {
		kprintf("map: %016lx is not canonical: bits 48 to 63 must equal bit 47\n", address);
		return;
	}
	print_steps(pagetable_table(tlb_loaded()->root), PTE_ROOT_LEVEL, address);
}

/* A run of pages that differ in nothing but their place. */
struct run {
	uint64_t start, end, physical;
	pte_t rights;
	unsigned level;
	uint64_t entries; /* 0: none yet */
};

static void print_run(const struct run *run)
{
	if (run->entries == 0)
		return;
	kprintf("%016lx - %016lx  ", run->start, run->end);
	print_rights(run->rights);
	kprintf("  %5lu x %s  physical %lx\n", run->entries, page_name[run->level], run->physical);
}

static void add_page(struct run *run, uint64_t address, pte_t entry, unsigned level, pte_t above)
{
	pte_t rights = (entry & above & (PTE_WRITE | PTE_USER)) | (entry & PTE_GLOBAL) |
		       ((entry | above) & PTE_NX);
	uint64_t physical = pte_phys(entry, level);

	if (run->entries == 0 || run->end != address || run->rights != rights ||
		run->level != level || run->physical + (address - run->start) != physical) {
		print_run(run);
		*run = (struct run){ address, address, physical, rights, level, 0 };
	}
	run->end = address + pte_span(level);
	run->entries++;
}

/* above: what the tables on the way allow, and whether one of them forbids execution. */
static void print_table(
	struct run *run, const pte_t *entries, unsigned level, uint64_t address, pte_t above)
{
	unsigned first = level == PTE_ROOT_LEVEL ? pte_index(address, level) : 0;

	for (unsigned i = first; i < PTE_TABLE_LENGTH; i++, address += pte_span(level)) {
		pte_t entry = entries[i];

		if (pte_is_leaf(entry, level))
			add_page(run, address, entry, level, above);
		else if (entry & PTE_PRESENT)
			print_table(run, pagetable_table(entry), level - 1, address,
				(above & entry & (PTE_WRITE | PTE_USER)) |
					((above | entry) & PTE_NX));
	}
}

COMMAND(pt, "", "the kernel's map: ranges and rights")
{
	struct run run = { 0 };

	print_table(&run, pagetable_table(kernel_pagetable.root), PTE_ROOT_LEVEL, DIRECT_MAP,
		PTE_WRITE | PTE_USER);
	print_run(&run);
}
