/*
 * Page tables with four levels: the map from virtual addresses to frames.
 *
 *     63        48 47    39 38    30 29    21 20    12 11          0
 *    +------------+--------+--------+--------+--------+-------------+
 *    | like bit 47| level 3| level 2| level 1| level 0| in the page |
 *    +------------+--------+--------+--------+--------+-------------+
 *
 * A table is a page with 512 entries. An entry leads to a table of the level
 * below, or maps a page: 4 KiB at level 0, 2 MiB at level 1, 1 GiB at level 2.
 * The page of a table counts in word[0] how many of its entries are present, so
 * that an empty one is found and freed.
 *
 * The upper half (the kernel's) has the same root entries in every table, made
 * once at boot: what changes below them changes for all.
 *
 * Read more: Intel SDM volume 3, section 4.5 (4-level paging).
 */
#pragma once
#include "lab1-boot/lock/spinlock.h"
#include "lab2-memory/pagetable/entry.h"
#include "lab2-memory/pagetable/tlb.h"
#include <stdbool.h>
#include <stdint.h>

#define USER_END 0x0000800000000000ul /* the lower half: [0, USER_END) */

/* Key: [I] after pagetable_init, [lock], [a] atomic. */
struct pagetable {
	uint64_t root; /* [I] the PML4's physical address */
	struct spinlock
		lock;     /* protects all tables below the root, and the lower half of the root */
	uint64_t context; /* [I] a number that no other table ever has, for the TLB */
	uint64_t generation; /* [a] how often something of it was to be forgotten */
	uint64_t tables;     /* [lock] page tables that it consists of, without the kernel's half */
};

/* The kernel's own: the upper half of all others. */
extern struct pagetable kernel_pagetable;

/* pagetable_init: an empty lower half under the kernel's upper one. 0, or -ENOMEM. May sleep. */
int pagetable_init(struct pagetable *table);

/* pagetable_destroy: free what is left of it: nothing is mapped in its lower half (asserted). */
void pagetable_destroy(struct pagetable *table);

/*
 * pagetable_map: map so many bytes from address on to the frames from physical on, all multiples of
 * 4 KiB, with these rights (of PTE_RIGHTS), by the largest pages that alignment allows. 0; -EINVAL
 * if something is no such multiple, wraps (also to 0), is not canonical, or has no room in an
 * entry; -EEXIST if something is mapped there; -ENOMEM, after the shrinkers were asked. Nothing has
 * changed on an error. With PTE_COUNTED the caller's references, one for each page mapped, go over
 * to the table. May sleep. Takes table->lock.
 */
int pagetable_map(struct pagetable *table, uint64_t address, uint64_t physical, uint64_t bytes,
	uint64_t rights);

/*
 * pagetable_unmap: nothing is mapped there any more, and tables left empty are freed. Large pages
 * that reach over an end are split first. 0; -EINVAL as pagetable_map; -ENOMEM if there is no page
 * for that split: then nothing has changed. What must be forgotten goes into the batch, and is
 * flushed as often as it is full; the rest is the caller's to flush. Where nothing is mapped,
 * nothing is done. No spin lock is held. Takes table->lock.
 */
int pagetable_unmap(
	struct pagetable *table, uint64_t address, uint64_t bytes, struct tlb_batch *batch);

/*
 * pagetable_protect: give what is mapped there other rights: of PTE_WRITE, PTE_USER and PTE_NX, the
 * other bits stay. Errors, splits and the batch as pagetable_unmap.
 */
int pagetable_protect(struct pagetable *table, uint64_t address, uint64_t bytes, uint64_t rights,
	struct tlb_batch *batch);

/* What is mapped at an address. */
struct mapping {
	pte_t entry;
	unsigned level;            /* 0: 4 KiB, 1: 2 MiB, 2: 1 GiB */
	uint64_t physical;         /* of the address itself */
	bool write, user, execute; /* tables allow everything, so this is what the page allows */
};

/*
 * pagetable_query: false if nothing is: then mapping->level is where the walk ended, the level of
 * the largest page that there would be room for. Never sleeps. Takes table->lock.
 */
bool pagetable_query(struct pagetable *table, uint64_t address, struct mapping *mapping);

/*
 * pagetable_next: the first page that is mapped at or above *address and below end: *address
 * becomes its start (or stays, inside of it). False if there is none. Never sleeps. Takes
 * table->lock.
 */
bool pagetable_next(
	struct pagetable *table, uint64_t *address, uint64_t end, struct mapping *mapping);

/*
 * pagetable_replace: put another entry in the place of the one that was read by pagetable_query, if
 * it is still there apart from its accessed and dirty bits: 0; -EAGAIN if it is not. The new entry
 * maps a page of the same size. If the old one is COUNTED its reference goes into the batch, unless
 * both have the same frame. A mapping that only gains rights needs no flush: a processor that
 * faults looks again (SDM volume 3, section 4.10.4.3). Never sleeps. Takes table->lock.
 */
int pagetable_replace(struct pagetable *table, uint64_t address, const struct mapping *old,
	pte_t entry, struct tlb_batch *batch);

/* Below: with table->lock held. */

/* Where a walk ends: the lowest entry on the way to an address. */
struct pagetable_place {
	pte_t *entry;
	unsigned level;
};

/*
 * pagetable_walk: go down to the entry that maps the address, or, where there is none, to the first
 * on the way that is not present. Changes nothing.
 */
struct pagetable_place pagetable_walk(const struct pagetable *table, uint64_t address);

/*
 * pagetable_reach: the entry for the address at that level, with the tables above it made where
 * they are missing: 0 and *entry; -EEXIST if a larger page maps the address; -ENOMEM. Tables have
 * all rights: those of the page alone decide. Tables that were made stay on an error.
 */
int pagetable_reach(struct pagetable *table, uint64_t address, unsigned level, pte_t **entry);

/*
 * pagetable_map_range: pagetable_map for arguments that are checked. On an error *address is where
 * it happened: what is below it has been mapped.
 */
int pagetable_map_range(struct pagetable *table, uint64_t *address, uint64_t end, uint64_t physical,
	uint64_t rights);

/*
 * pagetable_split: let no large page reach over the address (a multiple of 4 KiB). The parts have
 * all bits of the whole that mean the same in their size. 0 or -ENOMEM.
 */
int pagetable_split(struct pagetable *table, uint64_t address);

/*
 * pagetable_unmap_range: unmap [address, end), where large pages lie inside as a whole or not at
 * all, and free tables that have no entry left (also those that had none before), up to the root,
 * which stays. Ends early when the batch is full; returns the address from which on is left to do.
 */
uint64_t pagetable_unmap_range(
	struct pagetable *table, uint64_t address, uint64_t end, struct tlb_batch *batch);

/* pagetable_protect_range: the same for pagetable_protect; it frees nothing. */
void pagetable_protect_range(struct pagetable *table, uint64_t address, uint64_t end,
	uint64_t rights, struct tlb_batch *batch);

/*
 * pagetable_set: write an entry, and keep its table's count of entries right; returns what stood
 * there. Atomic towards the processor, which sets accessed and dirty bits by itself.
 */
pte_t pagetable_set(pte_t *entry, pte_t value);

/* pagetable_table: the table of the level below that an entry leads to. */
pte_t *pagetable_table(pte_t entry);

/* pagetable_table_new: a page for a table, all zero: its entry, with all rights; 0 if there is
 * none. */
pte_t pagetable_table_new(struct pagetable *table);

/* pagetable_table_empty: whether the table that an entry leads to has no entry present. */
bool pagetable_table_empty(pte_t entry);

/* pagetable_table_free: have the page of the table that the entry led to freed with the batch. */
void pagetable_table_free(struct pagetable *table, pte_t entry, struct tlb_batch *batch);

/*
 * pagetable_share: the page that the entry mapped at that level is going to be mapped by the 512
 * entries of a table: what references it needs for that, if it is COUNTED.
 */
void pagetable_share(pte_t entry, unsigned level);

/* pagetable_release: the page that the entry mapped is mapped no more: what the batch has to know.
 */
void pagetable_release(uint64_t address, pte_t entry, unsigned level, struct tlb_batch *batch);

/* pagetable_has_gigabytes: whether this processor has pages of 1 GiB. */
bool pagetable_has_gigabytes(void);
