/*
 * Whether an address can be read, by this processor's tables. Takes the place of
 * lab 1's stand-in.
 *
 * It is asked when something is wrong, so it walks by itself: without the tables'
 * lock, which may be held already, and without the exercises. With interrupts off
 * no table can go while it is read: to free one, its last user waits for us to
 * forget it (tlb.h).
 */
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/boot/paging.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab2-memory/pagetable/pagetable.h"

static bool canonical(uint64_t address)
{
	return address < USER_END || address >= -USER_END;
}

/* Whether a page maps the address, and its level. */
static bool find_page(uint64_t address, unsigned *level)
{
	const pte_t *entries = phys_to_virt(tlb_loaded()->root);

	for (*level = PTE_ROOT_LEVEL;; --*level) {
		pte_t entry = entries[pte_index(address, *level)];

		if (!(entry & PTE_PRESENT) || pte_is_leaf(entry, *level))
			return entry & PTE_PRESENT;
		entries = phys_to_virt(entry & PTE_ADDRESS);
	}
}

bool address_mapped(uint64_t address, uint64_t bytes)
{
	uint64_t last = address + bytes - 1;
	bool mapped = last >= address && canonical(address) && canonical(last);
	uint64_t flags = irq_save();
	unsigned level;

	while (mapped && (mapped = find_page(address, &level))) {
		address |= pte_span(level) - 1;
		if (address++ >= last)
			break;
	}
	irq_restore(flags);
	return mapped;
}
