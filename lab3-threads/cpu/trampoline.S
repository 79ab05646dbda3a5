/*
 * From real mode into the kernel, as entry.S and longmode.S do it for the boot processor:
 * see trampoline.h. Everything up to trampoline_end is copied to a page below 1 MiB; it
 * is data here, and runs only there.
 *
 *   trampoline_start   16-bit: is it wanted? Segments of 4 GiB, protected mode
 *   trampoline_32      32-bit: page tables, long mode
 *   trampoline_64      64-bit, at its physical address; away from there
 *   trampoline_enter   the kernel's own code: a stack, the per-processor data, C
 */
#include "lab3-threads/cpu/trampoline.h"

#define CR0_PE	    (1 << 0)
#define CR0_NW	    (1 << 29) /* with CD, what INIT leaves: no caches */
#define CR0_CD	    (1 << 30)
#define CR4_PAE	    (1 << 5)
#define MSR_EFER    0xc0000080
#define EFER_LME    (1 << 8)
#define EFER_NXE    (1 << 11)
#define MSR_GS_BASE 0xc0000101

	.section .rodata
	.balign 16
	.globl trampoline_start, trampoline_32, trampoline_64, trampoline_end
	.code16
trampoline_start:
	cli
	cld
	movw %cs, %bx
	movw %bx, %ds
	xorl %eax, %eax
	xchgl %eax, TRAMPOLINE_TICKET
	testl %eax, %eax
	jz 1f
	movzwl %bx, %ebx
	shll $4, %ebx /* this page's address, from here to the end */
	lgdtl TRAMPOLINE_GDT
	movl %cr0, %eax
	andl $~(CR0_CD | CR0_NW), %eax
	orl $CR0_PE, %eax
	movl %eax, %cr0
	ljmpl *TRAMPOLINE_TO32
1:	hlt /* not wanted, or not any more */
	jmp 1b

	.code32
trampoline_32:
	movl $TRAMPOLINE_DATA, %eax
	movl %eax, %ds
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl TRAMPOLINE_CR3(%ebx), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME | EFER_NXE, %eax
	wrmsr
	movl TRAMPOLINE_CR0(%ebx), %eax
	movl %eax, %cr0
	ljmpl *TRAMPOLINE_TO64(%ebx)

	.code64
trampoline_64:
	movl %ebx, %ebx
	jmp *TRAMPOLINE_ENTRY(%rbx)
trampoline_end:

	.section .text, "ax"
	.globl trampoline_enter
	.type trampoline_enter, @function
trampoline_enter:
	xorl %eax, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	movq start_stack, %rsp
	movq start_area, %rax
	subq $percpu_template, %rax
	movq %rax, %rdx
	shrq $32, %rdx
	movl $MSR_GS_BASE, %ecx
	wrmsr
	xorl %ebp, %ebp /* the end of the chains, as in boot/entry.S */
	pushq $0
	pushq $0
	call start_arrived
	.size trampoline_enter, . - trampoline_enter

	.section .note.GNU-stack, "", @progbits
