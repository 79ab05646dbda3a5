/*
 * The way of a further processor into the kernel: what C and trampoline.S agree on.
 *
 * A processor that is told to start begins in real mode, at a page below 1 MiB. A copy
 * of trampoline.S's code lies there, and behind it what it has to know. The page stays
 * as it is for as long as the machine runs: a processor that comes late must still find
 * the code that sends it to sleep.
 *
 * Read more: Intel SDM volume 3, sections 9.4 (MP initialisation) and 10.8.5 (IA-32e mode).
 */
#pragma once

#define TRAMPOLINE_AT 2048 /* where struct trampoline lies in the page */

#define TRAMPOLINE_CODE32 0x08 /* its segments */
#define TRAMPOLINE_CODE64 0x10
#define TRAMPOLINE_DATA   0x18

#define TRAMPOLINE_TICKET (TRAMPOLINE_AT + 0)
#define TRAMPOLINE_CR0    (TRAMPOLINE_AT + 4)
#define TRAMPOLINE_CR3    (TRAMPOLINE_AT + 8)
#define TRAMPOLINE_TO32   (TRAMPOLINE_AT + 12)
#define TRAMPOLINE_TO64   (TRAMPOLINE_AT + 20)
#define TRAMPOLINE_GDT    (TRAMPOLINE_AT + 28)
#define TRAMPOLINE_ENTRY  (TRAMPOLINE_AT + 34)

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* Where a far jump of 32-bit code goes. */
struct far_pointer {
	uint32_t offset;
	uint16_t segment, unused;
};

/* Key: [a] atomic, [I] from the first start on. */
struct trampoline {
	uint32_t ticket;         /* [a] 1: a processor is awaited, and who takes it (writes 0) is
				    the one */
	uint32_t cr0;            /* [I] as the boot processor has it */
	uint32_t cr3;            /* [I] tables that show this page at its physical address, too */
	struct far_pointer to32; /* [I] */
	struct far_pointer to64; /* [I] */
	uint16_t gdt_limit;      /* [I] */
	uint32_t gdt_base;       /* [I] */
	uint64_t entry;          /* [I] trampoline_enter */
	uint64_t gdt[4];         /* [I] */
} __attribute__((packed));
#define AT(field) (TRAMPOLINE_AT + offsetof(struct trampoline, field))
_Static_assert(AT(ticket) == TRAMPOLINE_TICKET && AT(cr0) == TRAMPOLINE_CR0 &&
		       AT(cr3) == TRAMPOLINE_CR3 && AT(to32) == TRAMPOLINE_TO32 &&
		       AT(to64) == TRAMPOLINE_TO64 && AT(gdt_limit) == TRAMPOLINE_GDT &&
		       AT(entry) == TRAMPOLINE_ENTRY,
	"trampoline.S");
#undef AT

extern const char trampoline_start[], trampoline_32[], trampoline_64[], trampoline_end[];

/* trampoline_enter: the kernel's side, 64-bit code at its linked address. */
void trampoline_enter(void);
#endif
