/*
 * Memory of which the end is an end: behind it no page is mapped, so that reading
 * one byte too far faults. For tests; the boot tables must still be in use.
 */
#pragma once
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/cpu/cpu.h"

#define SCRATCH_PHYSICAL 0x2000000ul /* 32 MiB: RAM of the grader's machine that nobody uses */
#define SCRATCH_BYTES    0x200000ul

/* The next table on the way to an address; shift: 39, 30 or 21. */
static inline uint64_t *scratch_step(uint64_t table, uint64_t address, int shift)
{
	return (uint64_t *)phys_to_virt(table & 0x000ffffffffff000) + (address >> shift & 511);
}

/* scratch_end: the first byte behind SCRATCH_BYTES of memory, which cannot be touched. */
static inline void *scratch_end(void)
{
	uint64_t end = DIRECT_MAP + SCRATCH_PHYSICAL + SCRATCH_BYTES;
	uint64_t *directories = scratch_step(read_cr3(), end, 39);
	uint64_t *directory = scratch_step(*directories, end, 30);

	*scratch_step(*directory, end, 21) = 0;
	write_cr3(read_cr3());
	asm("" : "+r"(end)); /* the compiler is not to know what lies before it */
	return (void *)end;
}
