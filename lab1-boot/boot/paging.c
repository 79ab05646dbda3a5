/*
 * The guard page below the boot stack. See paging.h.
 *
 * The boot tables have pages of 2 MiB; the one that holds the guard page is
 * split into 512 of 4 KiB first. The direct map shares those tables, so the
 * guard page is a hole there, too. Source: Intel SDM volume 3, section 4.5.
 */
#include "lab1-boot/boot/paging.h"
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/cpu/cpu.h"

#define PTE_PRESENT  (1ul << 0)
#define PTE_WRITE    (1ul << 1)
#define PTE_LARGE    (1ul << 7)
#define PTE_ADDRESS  0x000ffffffffff000ul
#define LARGE_BYTES  0x200000ul
#define TABLE_LENGTH 512

static uint64_t guard_table[TABLE_LENGTH] __attribute__((aligned(4096)));

static unsigned table_index(uint64_t address, unsigned level)
{
	return address >> (12 + 9 * level) & (TABLE_LENGTH - 1);
}

uint64_t *boot_entry_of(uint64_t address, unsigned *level)
{
	uint64_t table = read_cr3() & PTE_ADDRESS;

	for (*level = 3;; (*level)--) {
		uint64_t *entry;

		if (table >= DIRECT_MAP_BOOT)
			return NULL;
		entry = (uint64_t *)phys_to_virt(table) + table_index(address, *level);
		if (!(*entry & PTE_PRESENT))
			return NULL;
		if (*level == 0 || (*level < 3 && *entry & PTE_LARGE))
			return entry;
		table = *entry & PTE_ADDRESS;
	}
}

void guard_page_init(void)
{
	uint64_t guard = (uint64_t)boot_stack_guard;
	unsigned level;
	uint64_t *entry = boot_entry_of(guard, &level);

	if (!entry || level != 1)
		return;
	uint64_t base = *entry & PTE_ADDRESS & -LARGE_BYTES;
	for (unsigned i = 0; i < TABLE_LENGTH; i++)
		guard_table[i] = (base + i * PAGE_SIZE) | PTE_PRESENT | PTE_WRITE;
	guard_table[table_index(guard, 0)] = 0;
	*entry = kernel_phys(guard_table) | PTE_PRESENT | PTE_WRITE;
	write_cr3(read_cr3());
}
