/* Walking page tables and mapping pages: see pagetable.h. Exercise 2.3. */
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab2-memory/pagetable/pagetable.h"
#include <linux/errno.h>

struct pagetable_place pagetable_walk(const struct pagetable *table, uint64_t address)
{
	/* Exercise 2.3, first part: from the root down, as the processor does it. */
	// BEGIN SOLUTION 2.3
	// STARTER 2.3
	// todo("2.3");
	// (void)address;
	// return (struct pagetable_place){ phys_to_virt(table->root), PTE_ROOT_LEVEL };
	pte_t *entries = phys_to_virt(table->root);

	for (unsigned level = PTE_ROOT_LEVEL;; level--) {
		pte_t *entry = &entries[pte_index(address, level)];

		if (!(*entry & PTE_PRESENT) || pte_is_leaf(*entry, level))
			return (struct pagetable_place){ entry, level };
		entries = pagetable_table(*entry);
	}
	// END SOLUTION 2.3
}

int pagetable_reach(struct pagetable *table, uint64_t address, unsigned level, pte_t **entry)
{
	assert(level < PTE_ROOT_LEVEL);

	/* Exercise 2.3, second part: the same, but make the tables that are missing. */
	// BEGIN SOLUTION 2.3
	pte_t *entries = phys_to_virt(table->root);

	for (unsigned at = PTE_ROOT_LEVEL; at > level; at--) {
		pte_t *step = &entries[pte_index(address, at)];

		if (!(*step & PTE_PRESENT)) {
			pte_t made = pagetable_table_new(table);

			if (!made)
				return -ENOMEM;
			pagetable_set(step, made);
		} else if (pte_is_leaf(*step, at)) {
			return -EEXIST;
		}
		entries = pagetable_table(*step);
	}
	*entry = &entries[pte_index(address, level)];
	return 0;
	// END SOLUTION 2.3 => todo("2.3"); (void)table, (void)address, (void)entry; return -ENOMEM;
}

// BEGIN SOLUTION 2.3
/* The highest level at which one page can begin both here and there and fits. */
static unsigned largest_level(uint64_t address, uint64_t physical, uint64_t bytes)
{
	unsigned level = pagetable_has_gigabytes() ? 2 : 1;

	while (level > 0 &&
		((address | physical) % pte_span(level) != 0 || bytes < pte_span(level)))
		level--;
	return level;
}

/* Map one page of at most that level; sets level to what it became. */
static int map_page(struct pagetable *table, uint64_t address, uint64_t physical, uint64_t rights,
	unsigned *level)
{
	pte_t *entry;

	for (;; (*level)--) {
		int error = pagetable_reach(table, address, *level, &entry);

		if (error)
			return error;
		if (!(*entry & PTE_PRESENT))
			break;
		if (pte_is_leaf(*entry, *level))
			return -EEXIST;
		/* A table is here already; what is free in it takes smaller pages. */
	}
	pagetable_set(entry, physical | rights | PTE_PRESENT | (*level ? PTE_LARGE : 0));
	return 0;
}
// END SOLUTION 2.3 =>

int pagetable_map_range(struct pagetable *table, uint64_t *address, uint64_t end, uint64_t physical,
	uint64_t rights)
{
	/* Exercise 2.3, third part: page by page, each as large as it can be. Where a
	 * table stands in the way of a large page, smaller ones go into that. */
	// BEGIN SOLUTION 2.3
	while (*address < end) {
		unsigned level = largest_level(*address, physical, end - *address);
		int error = map_page(table, *address, physical, rights, &level);

		if (error)
			return error;
		*address += pte_span(level);
		physical += pte_span(level);
	}
	return 0;
	// END SOLUTION 2.3 => todo("2.3"); (void)table, (void)address, (void)end, (void)physical,
	// (void)rights; return -ENOMEM;
}
