/*
 * The bits of a page-table entry. Source: Intel SDM volume 3, section 4.5,
 * tables 4-15 to 4-20.
 */
#pragma once
#include <stdint.h>

typedef uint64_t pte_t;

#define PTE_PRESENT  (1ul << 0)
#define PTE_WRITE    (1ul << 1)
#define PTE_USER     (1ul << 2)
#define PTE_UNCACHED (1ul << 4) /* PCD: for devices */
#define PTE_ACCESSED (1ul << 5)
#define PTE_DIRTY    (1ul << 6)
#define PTE_LARGE    (1ul << 7) /* above level 0: a page of 2 MiB or 1 GiB, not a table */
#define PTE_GLOBAL   (1ul << 8) /* the same in every space */
#define PTE_COUNTED  (1ul << 9) /* ours: this mapping holds a reference to its frame */
#define PTE_NX       (1ul << 63)
#define PTE_ADDRESS  0x000ffffffffff000ul

/* What a caller may ask for. */
#define PTE_RIGHTS (PTE_WRITE | PTE_USER | PTE_UNCACHED | PTE_GLOBAL | PTE_COUNTED | PTE_NX)

#define PTE_TABLE_LENGTH 512
#define PTE_ROOT_LEVEL   3 /* levels: 0 page table, 1 directory, 2 pointer table, 3 PML4 */

/* Bytes that one entry of a level covers: 4 KiB, 2 MiB, 1 GiB, 512 GiB. */
static inline uint64_t pte_span(unsigned level)
{
	return 1ul << (12 + 9 * level);
}

/* The index of the entry for an address in a table of that level. */
static inline unsigned pte_index(uint64_t address, unsigned level)
{
	return address >> (12 + 9 * level) & (PTE_TABLE_LENGTH - 1);
}

/* Whether an entry of that level maps a page itself, and does not lead to a table. */
static inline int pte_is_leaf(pte_t entry, unsigned level)
{
	return (entry & PTE_PRESENT) && (level == 0 || entry & PTE_LARGE);
}

/* The physical address in an entry that maps a page at that level. */
static inline uint64_t pte_phys(pte_t entry, unsigned level)
{
	return entry & PTE_ADDRESS & -pte_span(level);
}
