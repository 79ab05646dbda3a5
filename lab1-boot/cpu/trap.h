/*
 * What the processor leaves on the stack when an exception or interrupt comes.
 *
 * The frame is the same at every stage. Lab 1 has a stand-in that panics
 * (standin/trap.c); lab 4 teaches to return. Source: Intel SDM volume 3,
 * sections 6.12 to 6.15.
 */
#pragma once
#include <stdint.h>

#define TRAP_EXCEPTIONS   32
#define TRAP_DOUBLE_FAULT 8
#define TRAP_PAGE_FAULT   14

/* As pushed: by the entry code from r15 down to vector, by the processor from error on. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector;
	uint64_t error; /* 0 where the processor pushes none */
	uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct trap_frame) == 22 * 8, "standin/trap_entry.S");

/* trap_init: make the table, and load it on the boot processor. Once; gdt_init must have run. */
void trap_init(void);

/* trap_cpu_init: load it on a further processor; gdt_init must have run there. */
void trap_cpu_init(void);

/* trap_name: "page fault", ...; "exception" for a reserved number. */
const char *trap_name(unsigned vector);

/* trap_panic: the end, with everything that helps to find out why. address: what CR2 was when the
 * trap came. */
_Noreturn void trap_panic(const struct trap_frame *frame, uint64_t address);
