/* Unmapping, changing rights, splitting large pages: see pagetable.h. Exercise 2.4. */
#include "lab1-boot/ktest/todo.h"
#include "lab2-memory/pagetable/pagetable.h"
#include <linux/errno.h>

int pagetable_split(struct pagetable *table, uint64_t address)
{
	/* Exercise 2.4, first part: as long as a large page reaches over the address,
	 * put a table in its place that maps the same in the size below. */
	// BEGIN SOLUTION 2.4
	for (;;) {
		struct pagetable_place at = pagetable_walk(table, address);
		uint64_t part = at.level ? pte_span(at.level - 1) : 0;
		pte_t old = *at.entry;

		if (!pte_is_leaf(old, at.level) || address % pte_span(at.level) == 0)
			return 0;

		pte_t made = pagetable_table_new(table);

		if (!made)
			return -ENOMEM;
		pagetable_share(old, at.level);
		if (at.level == 1)
			old &= ~PTE_LARGE;
		for (unsigned i = 0; i < PTE_TABLE_LENGTH; i++)
			pagetable_set(&pagetable_table(made)[i], old + i * part);
		pagetable_set(at.entry, made);
	}
	// END SOLUTION 2.4 => todo("2.4"); (void)table, (void)address; return 0;
}

// BEGIN SOLUTION 2.4
/* The end of what one entry of that level covers from address on, or end if that comes first. */
static uint64_t next_address(uint64_t address, uint64_t end, unsigned level)
{
	uint64_t left = pte_span(level) - address % pte_span(level);

	return end - address < left ? end : address + left;
}

static uint64_t unmap_in(struct pagetable *table, pte_t *entries, unsigned level, uint64_t address,
	uint64_t end, struct tlb_batch *batch)
{
	while (address < end && !tlb_batch_full(batch)) {
		pte_t *entry = &entries[pte_index(address, level)];
		uint64_t next = next_address(address, end, level);

		if (pte_is_leaf(*entry, level)) {
			pagetable_release(address, pagetable_set(entry, 0), level, batch);
		} else if (*entry & PTE_PRESENT) {
			next = unmap_in(
				table, pagetable_table(*entry), level - 1, address, next, batch);
			if (pagetable_table_empty(*entry))
				pagetable_table_free(table, pagetable_set(entry, 0), batch);
		}
		address = next;
	}
	return address;
}

static void protect_in(pte_t *entries, unsigned level, uint64_t address, uint64_t end,
	uint64_t rights, struct tlb_batch *batch)
{
	for (uint64_t next; address < end; address = next) {
		pte_t *entry = &entries[pte_index(address, level)];

		next = next_address(address, end, level);
		if (pte_is_leaf(*entry, level)) {
			pagetable_set(entry, (*entry & ~(PTE_WRITE | PTE_USER | PTE_NX)) | rights);
			tlb_batch_address(batch, address);
		} else if (*entry & PTE_PRESENT) {
			protect_in(
				pagetable_table(*entry), level - 1, address, next, rights, batch);
		}
	}
}
// END SOLUTION 2.4 =>

uint64_t pagetable_unmap_range(
	struct pagetable *table, uint64_t address, uint64_t end, struct tlb_batch *batch)
{
	/* Exercise 2.4, second part: clear what maps pages, and free the tables that this
	 * leaves empty. Every page goes through pagetable_release, every table through
	 * pagetable_table_free: the batch keeps them until no processor remembers them. */
	// BEGIN SOLUTION 2.4
	return unmap_in(table, pagetable_table(table->root), PTE_ROOT_LEVEL, address, end, batch);
	// END SOLUTION 2.4 => todo("2.4"); (void)table, (void)address, (void)batch; return end;
}

void pagetable_protect_range(struct pagetable *table, uint64_t address, uint64_t end,
	uint64_t rights, struct tlb_batch *batch)
{
	/* Exercise 2.4, third part: give the pages other rights, and have the old ones forgotten.
	 */
	// BEGIN SOLUTION 2.4
	protect_in(pagetable_table(table->root), PTE_ROOT_LEVEL, address, end, rights, batch);
	// END SOLUTION 2.4 => todo("2.4"); (void)table, (void)address, (void)end, (void)rights,
	// (void)batch;
}
