/*
 * What lab 1 does with page tables once it runs: a guard page below the boot
 * stack, and asking whether an address may be read. The first is done on the
 * boot tables at every stage; lab 2 then makes its own tables, with a guard page
 * of their own, and replaces the second (standin/paging.c).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* guard_page_init: make boot_stack_guard fault. Once, on the boot processor and the boot tables. */
void guard_page_init(void);

/*
 * boot_entry_of: the entry that maps an address, and its level: 0 (4 KiB), 1 (2 MiB) or 2 (1 GiB).
 * NULL if nothing does, or a table is out of the boot direct map's reach.
 */
uint64_t *boot_entry_of(uint64_t address, unsigned *level);

/* address_mapped: whether all of so many bytes (> 0) from address on have a page. Takes no lock. */
bool address_mapped(uint64_t address, uint64_t bytes);
