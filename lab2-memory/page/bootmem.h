/*
 * The boot allocator: memory for the time before the page allocator, and the
 * list of what the page allocator may have.
 *
 * It knows the usable ranges of firmware's map, without what is in use already:
 * the kernel's image, the modules, the first page (a null pointer's physical
 * address, and the BIOS's data), ACPI's tables, and what was handed out here. Nothing is given
 * back; what is left goes to the page allocator, and the boot allocator ends.
 */
#pragma once
#include "lab1-boot/boot/memmap.h"
#include "lab1-boot/lib/rows.h"
#include <stddef.h>
#include <stdint.h>

/* bootmem_init: read bootinfo's map. Once. */
void bootmem_init(void);

/*
 * bootmem_alloc: so many bytes of zeroed memory, aligned to align (a power of two), from below
 * limit. Returns its address in the direct map; NULL if there is none, or after bootmem_end.
 * Rounded up to whole pages.
 */
void *bootmem_alloc(size_t bytes, size_t align, uint64_t limit);

/* bootmem_ranges: what is free now, rising and in whole pages; returns how many ranges. */
size_t bootmem_ranges(const struct memory_range **ranges);

/* bootmem_end: what is free is the page allocator's now; bootmem_alloc returns NULL. */
void bootmem_end(void);

/* bootmem_free: how many bytes are free below limit. */
uint64_t bootmem_free(uint64_t limit);

/*
 * BOOTMEM_KEEP(name, bytes, limit): have memory kept for a higher floor, from where the page
 * allocator could not find it any more: void *name becomes what bootmem_alloc gives for these bytes
 * and this limit, NULL if there is nothing left there.
 */
struct bootmem_keep {
	void **kept;
	size_t bytes;
	uint64_t limit;
};
ROWS_DECLARE(bootmem_keep, struct bootmem_keep);
#define BOOTMEM_KEEP(name, bytes, limit)                                                           \
	ROW(bootmem_keep, "." #name, bootmem_keep_##name) = { &name, bytes, limit }

/* bootmem_serve: keep what the rows ask for. Once, before bootmem_end. */
void bootmem_serve(void);
