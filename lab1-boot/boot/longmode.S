/*
 * Into long mode: the first page tables, and the bits that turn them on.
 *
 * One set of 2048 entries of 2 MiB maps the first 4 GiB of physical memory. It
 * is reached by three ways at once, so that the step from one to the next can
 * be made while running:
 *
 *   PML4[0]   -> low PDPT  -> PD 0..3    virtual = physical, for the next lines
 *   PML4[256] -> low PDPT  -> PD 0..3    the direct map, never executable
 *   PML4[511] -> high PDPT[510] -> PD 0  the kernel at -2 GiB
 *
 * Read more: Intel SDM volume 3, section 4.5 (tables 4-15 to 4-18: the bits of
 * an entry) and section 10.8.5 (the order in which IA-32e mode is entered).
 */
#include "lab1-boot/boot/layout.h"

#define PHYS(symbol) ((symbol) - KERNEL_BASE)

/* A page-table entry: SDM volume 3, tables 4-15 to 4-18. */
#define PTE_PRESENT  (1 << 0)
#define PTE_WRITE    (1 << 1)
#define PTE_LARGE    (1 << 7) /* in a PD: a 2 MiB page, not a table */
#define PTE_NX_HIGH  (1 << 31) /* bit 63: in the entry's upper half */

#define CR0_WP	     (1 << 16) /* read-only holds for the kernel, too */
#define CR0_PG	     (1 << 31)
#define CR4_PAE	     (1 << 5)
#define MSR_EFER     0xc0000080
#define EFER_LME     (1 << 8)
#define EFER_NXE     (1 << 11)

	.section .bss.page_aligned, "aw", @nobits
	.balign 4096
	.globl boot_pml4
boot_pml4:
	.skip 4096
boot_pdpt_low:
	.skip 4096
boot_pdpt_high:
	.skip 4096
boot_pd: /* four tables in a row: 2048 entries for 4 GiB */
	.skip 4 * 4096

	.section .text.boot, "ax"
	.code32
/*
 * void longmode_enter(void): called in 32-bit mode with paging off, returns in
 * compatibility mode with paging on: one far jump away from 64-bit code. The
 * tables above are zero. May change %eax, %ebx, %ecx, %edx and %esi.
 */
	.globl longmode_enter
longmode_enter:
	/* Exercise 1.1, first half: fill the tables as drawn at the head of this
	 * file. Every entry is 8 bytes; the upper half of each stays 0, except that
	 * nothing may be executed through the direct map. */
	# BEGIN SOLUTION 1.1
	movl $PHYS(boot_pdpt_low) + PTE_PRESENT + PTE_WRITE, %eax
	movl %eax, PHYS(boot_pml4)
	movl %eax, PHYS(boot_pml4) + 256 * 8
	movl $PTE_NX_HIGH, PHYS(boot_pml4) + 256 * 8 + 4
	movl $PHYS(boot_pdpt_high) + PTE_PRESENT + PTE_WRITE, PHYS(boot_pml4) + 511 * 8

	movl $PHYS(boot_pd) + PTE_PRESENT + PTE_WRITE, %eax
	movl %eax, PHYS(boot_pdpt_high) + 510 * 8
	xorl %ecx, %ecx
1:	movl %eax, PHYS(boot_pdpt_low)(, %ecx, 8)
	addl $4096, %eax
	incl %ecx
	cmpl $4, %ecx
	jb 1b

	movl $PTE_PRESENT + PTE_WRITE + PTE_LARGE, %eax
	xorl %ecx, %ecx
2:	movl %eax, PHYS(boot_pd)(, %ecx, 8)
	addl $0x200000, %eax
	incl %ecx
	cmpl $2048, %ecx
	jb 2b
	# END SOLUTION 1.1 => jmp todo_1_1

	/* Exercise 1.1, second half: switch it on. Physical address extension, the
	 * tables' address, long mode and execute-disable in EFER, and last paging
	 * with write protection. The SDM's section 10.8.5 tells the order. */
	# BEGIN SOLUTION 1.1
	movl %cr4, %eax
	orl $CR4_PAE, %eax
	movl %eax, %cr4

	movl $PHYS(boot_pml4), %eax
	movl %eax, %cr3

	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME + EFER_NXE, %eax
	wrmsr

	movl %cr0, %eax
	orl $CR0_PG + CR0_WP, %eax
	movl %eax, %cr0
	# END SOLUTION 1.1 => jmp todo_1_1
	ret

/* Where an unwritten half leads: nothing can go on without it. */
	.globl todo_1_1
todo_1_1:
	movl $PHYS(message_todo), %esi
	jmp boot_refuse

	.section .rodata
message_todo:
	.asciz "\r\ntodo 1.1: longmode_enter (lab1-boot/boot/longmode.S)\r\n"

	.section .note.GNU-stack, "", @progbits
