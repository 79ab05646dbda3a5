/* What tests of traps share: registers that are all known, and handlers that spoil theirs. */
#pragma once
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab2-memory/pagetable/areas.h"
#include "lab3-threads/cpu/apic.h"
#include "lab4-interrupts/trap/entry.h"
#include "lab4-interrupts/trap/interrupt.h"

#define ENTRY_VECTOR 0xf8 /* and the next: nobody has them */

#define ENTRY_DOWN       (1ul << 10)
#define ENTRY_AC         (1ul << 18)
#define ENTRY_ARITHMETIC 0x8d5ul

#define ENTRY_REGISTERS 15
#define ENTRY_EACH(X)                                                                              \
	X(0, r15)                                                                                  \
	X(1, r14)                                                                                  \
	X(2, r13)                                                                                  \
	X(3, r12)                                                                                  \
	X(4, r11)                                                                                  \
	X(5, r10)                                                                                  \
	X(6, r9)                                                                                   \
	X(7, r8)                                                                                   \
	X(8, rbp)                                                                                  \
	X(9, rdi)                                                                                  \
	X(10, rsi)                                                                                 \
	X(11, rdx)                                                                                 \
	X(12, rcx)                                                                                 \
	X(13, rbx)                                                                                 \
	X(14, rax)
#define ENTRY_LOAD(number, name)  "movq entry_wanted + 8 * " #number ", %" #name "\n"
#define ENTRY_STORE(number, name) "movq %" #name ", entry_got + 8 * " #number "\n"

extern uint64_t entry_wanted[ENTRY_REGISTERS], entry_got[ENTRY_REGISTERS];

/* Every register that C may change; the others the compiler puts back. */
__attribute__((noinline, unused)) static void entry_scribble(void)
{
	asm volatile("movq $-1, %%rax; movq %%rax, %%rcx; movq %%rax, %%rdx; movq %%rax, %%rsi;"
		     "movq %%rax, %%rdi; movq %%rax, %%r8; movq %%rax, %%r9; movq %%rax, %%r10;"
		     "movq %%rax, %%r11; movq %%rax, %%rbx; movq %%rax, %%r12; movq %%rax, %%r13;"
		     "movq %%rax, %%r14; movq %%rax, %%r15; cmpq $1, %%rax"
		     :
		     :
		     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "rbx", "r12",
		     "r13", "r14", "r15", "cc", "memory");
}
