/*
 * A table to test with, and what stands in it, read entry by entry as the processor
 * does it (Intel SDM volume 3, section 4.5) and not through what is under test.
 */
#pragma once
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/pagetable/pagetable.h"
#include <linux/errno.h>

#define KIB4  PAGE_SIZE
#define MIB2  (1ul << 21)
#define GIB1  (1ul << 30)
#define MARKS (PTE_ACCESSED | PTE_DIRTY) /* the processor's own */

static struct pagetable table; /* of a test's own; nothing is in its lower half */

static inline void table_begin(void)
{
	KT_REQUIRE(pagetable_init(&table) == 0);
}

static inline pte_t *root_of(const struct pagetable *of)
{
	return pagetable_table(of->root);
}

static inline unsigned entries_of(unsigned level)
{
	return level == PTE_ROOT_LEVEL ? PTE_TABLE_LENGTH / 2 : PTE_TABLE_LENGTH;
}

/* Free a table and all below it, whatever is mapped there. The kernel's half stays. */
static inline void table_drop_below(uint64_t physical, unsigned level)
{
	const pte_t *entries = phys_to_virt(physical);

	for (unsigned i = 0; i < entries_of(level); i++)
		if ((entries[i] & PTE_PRESENT) && !pte_is_leaf(entries[i], level))
			table_drop_below(entries[i] & PTE_ADDRESS, level - 1);
	page_put(page_of_phys(physical));
}

/* table_drop: the end of a table of which nobody needs to have unmapped anything. */
static inline void table_drop(void)
{
	table_drop_below(table.root, PTE_ROOT_LEVEL);
}

/* place_below, place_of: the entry in which the way to an address ends, from a table on. */
static inline struct pagetable_place place_below(pte_t *entries, unsigned level, uint64_t address)
{
	struct pagetable_place here = { &entries[address >> (12 + 9 * level) & 511], level };
	pte_t entry = *here.entry;

	if (level == 0 || (entry & (PTE_PRESENT | PTE_LARGE)) != PTE_PRESENT)
		return here;
	return place_below(pagetable_table(entry), level - 1, address);
}

static inline struct pagetable_place place_of(const struct pagetable *of, uint64_t address)
{
	return place_below(root_of(of), PTE_ROOT_LEVEL, address);
}

/* The entry that maps an address in the test's table, without the processor's marks. */
static inline pte_t entry_of(uint64_t address)
{
	return *place_of(&table, address).entry & ~MARKS;
}

static inline bool is_mapped(uint64_t address)
{
	return entry_of(address) & PTE_PRESENT;
}

static inline unsigned level_of(uint64_t address)
{
	return place_of(&table, address).level;
}

/* expect_counts: every table counts the entries that are present in it. */
static inline void expect_counts(uint64_t physical, unsigned level)
{
	const pte_t *entries = phys_to_virt(physical);
	uint64_t present = 0;

	for (unsigned i = 0; i < entries_of(level); i++) {
		present += entries[i] & PTE_PRESENT;
		if ((entries[i] & PTE_PRESENT) && !pte_is_leaf(entries[i], level))
			expect_counts(entries[i] & PTE_ADDRESS, level - 1);
	}
	KT_EQ(page_of_phys(physical)->word[0], present);
}

/* A random address in the lower half that begins a GiB, with no index 0 and none 511. */
static inline uint64_t some_gigabyte(void)
{
	return (kt_random() % 254 + 1) << 39 | (kt_random() % 510 + 1) << 30;
}

/* The functions under test want the lock held. */
static inline int reach(uint64_t address, unsigned level, pte_t **entry)
{
	uint64_t flags = spin_lock_irqsave(&table.lock);
	int error = pagetable_reach(&table, address, level, entry);

	spin_unlock_irqrestore(&table.lock, flags);
	return error;
}

static inline int map_range(uint64_t *address, uint64_t end, uint64_t physical, uint64_t rights)
{
	uint64_t flags = spin_lock_irqsave(&table.lock);
	int error = pagetable_map_range(&table, address, end, physical, rights);

	spin_unlock_irqrestore(&table.lock, flags);
	return error;
}

static inline int split(uint64_t address)
{
	uint64_t flags = spin_lock_irqsave(&table.lock);
	int error = pagetable_split(&table, address);

	spin_unlock_irqrestore(&table.lock, flags);
	return error;
}

/* Unmap or protect and flush. */
static inline int unmap(uint64_t address, uint64_t bytes)
{
	struct tlb_batch batch;
	int error;

	tlb_batch_init(&batch, &table);
	error = pagetable_unmap(&table, address, bytes, &batch);
	tlb_flush(&batch);
	return error;
}

static inline int protect(uint64_t address, uint64_t bytes, uint64_t rights)
{
	struct tlb_batch batch;
	int error;

	tlb_batch_init(&batch, &table);
	error = pagetable_protect(&table, address, bytes, rights, &batch);
	tlb_flush(&batch);
	return error;
}
