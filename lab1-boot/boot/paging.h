/*
 * What lab 1 does with page tables once it runs: a guard page below the boot
 * stack, and asking whether an address may be read. Lab 2 makes its own tables
 * and replaces both (standin/paging.c).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* guard_page_init: make boot_stack_guard fault. Once, on the boot processor. */
void guard_page_init(void);

/* address_mapped: whether all of so many bytes (> 0) from address on have a page. */
bool address_mapped(uint64_t address, uint64_t bytes);
