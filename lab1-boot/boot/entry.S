/*
 * The first instructions: from the boot loader's hands to kmain.
 *
 * Two loaders can bring us here, QEMU's -kernel (the PVH protocol) and GRUB 2
 * (multiboot2). Both leave the processor in 32-bit protected mode with paging
 * off, interrupts off and a physical pointer to their information in %ebx, so
 * one entry serves both; %eax tells them apart. From here the order is:
 *
 *   boot_entry       a stack, and a look whether this processor will do
 *   longmode_enter   page tables and control registers (longmode.S, exercise 1.1)
 *   boot_entry64     64-bit code, still at its physical address
 *   boot_high        the same code at its linked address; then kmain
 *
 * Until boot_high, a symbol's address is its physical one: PHYS(symbol).
 *
 * Read more: Multiboot2 specification, sections 3.1 and 3.3; Xen's
 * docs/misc/pvh (HVM direct boot ABI); Intel SDM volume 3, section 10.8.5.
 */
#include "lab1-boot/boot/layout.h"

#define PHYS(symbol)	  ((symbol) - KERNEL_BASE)

#define MULTIBOOT2_MAGIC  0xe85250d6
#define MULTIBOOT2_I386	  0
#define MULTIBOOT2_LENGTH (multiboot2_end - multiboot2_header)

#define CPUID_EXTENDED	  0x80000001
#define CPUID_EDX_NX	  (1 << 20)
#define CPUID_EDX_LM	  (1 << 29)
#define MSR_GS_BASE	  0xc0000101

#define COM1		  0x3f8

/* What GRUB looks for in the first 32 KiB of the file. */
	.section .multiboot2, "a"
	.balign 8
multiboot2_header:
	.long MULTIBOOT2_MAGIC
	.long MULTIBOOT2_I386
	.long MULTIBOOT2_LENGTH
	.long -(MULTIBOOT2_MAGIC + MULTIBOOT2_I386 + MULTIBOOT2_LENGTH)

	.balign 8
	.word 3, 0 /* entry address: physical, whatever the ELF header says */
	.long 12
	.long PHYS(boot_entry)

	.balign 8
	.word 5, 1 /* framebuffer, optional: 1024 x 768, 32 bits a pixel */
	.long 20
	.long 1024, 768, 32

	.balign 8
	.word 0, 0 /* end */
	.long 8
multiboot2_end:

/* What QEMU's -kernel looks for: an ELF note of type 18 that names the 32-bit entry. */
	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 4, 18
	.asciz "Xen"
	.long PHYS(boot_entry)

	.section .text.boot, "ax"
	.code32
	.globl boot_entry
boot_entry:
	cli
	cld
	movl $PHYS(boot_stack_top), %esp
	movl %eax, %ebp /* the loader's magic number and information live in registers that */
	movl %ebx, %edi /* nothing before kmain changes */

	movl $0x80000000, %eax
	cpuid
	cmpl $CPUID_EXTENDED, %eax
	jb no_long_mode
	movl $CPUID_EXTENDED, %eax
	cpuid
	testl $CPUID_EDX_LM, %edx
	jz no_long_mode
	testl $CPUID_EDX_NX, %edx
	jz no_execute_disable

	call longmode_enter
	lgdt PHYS(boot_gdt_pointer)
	ljmp $8, $PHYS(boot_entry64)

no_long_mode:
	movl $PHYS(message_no_long_mode), %esi
	jmp boot_refuse
no_execute_disable:
	movl $PHYS(message_no_nx), %esi

/*
 * boot_refuse: print the text at %esi on COM1 and stop. It needs nothing that
 * is set up later, and gives up on a port that is not there.
 */
	.globl boot_refuse
boot_refuse:
	movw $COM1 + 3, %dx
	movb $0x80, %al /* divisor latch */
	outb %al, %dx
	movw $COM1, %dx
	movb $1, %al /* 115200 baud */
	outb %al, %dx
	movw $COM1 + 1, %dx
	movb $0, %al
	outb %al, %dx
	movw $COM1 + 3, %dx
	movb $3, %al /* 8 bits, no parity, one stop bit */
	outb %al, %dx
1:	lodsb
	testb %al, %al
	jz 4f
	movb %al, %ah
	movl $100000, %ecx
2:	movw $COM1 + 5, %dx
	inb %dx, %al
	testb $0x20, %al /* transmitter empty? */
	jnz 3f
	loop 2b
3:	movb %ah, %al
	movw $COM1, %dx
	outb %al, %dx
	jmp 1b
4:	hlt
	jmp 4b

	.section .rodata
message_no_long_mode:
	.asciz "\r\ncub: this processor has no 64-bit mode (long mode), which Cub needs\r\n"
message_no_nx:
	.asciz "\r\ncub: this processor has no execute-disable (NX) bit, which Cub needs\r\n"

/* Enough of a GDT to run 64-bit code; cpu/gdt.c makes the lasting one. */
	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00209a0000000000 /* 8: code, 64-bit */
	.quad 0x0000920000000000 /* 16: data */
boot_gdt_pointer:
	.word . - boot_gdt - 1
	.quad PHYS(boot_gdt)

	.section .text.boot, "ax"
	.code64
boot_entry64:
	movl $16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax /* not the loader's selectors: a return to user mode would clear their bases */
	movl %eax, %fs
	movl %eax, %gs
	movq $boot_high, %rax
	jmp *%rax

boot_high:
	movq $boot_stack_top, %rsp

	/* The identity map has done its work. Without it a null pointer faults. */
	movq $0, boot_pml4
	movq %cr3, %rax
	movq %rax, %cr3

	/* Per-processor data: the boot processor's copy, and %gs pointing at it (cpu/percpu.h). */
	movl %edi, %ebx /* the information's address: movsb needs %rdi */
	movq $percpu_template, %rsi
	movq $percpu_template_end, %rcx
	subq %rsi, %rcx
	movq $percpu_boot, %rdi
	rep movsb
	movq $percpu_boot, %rax
	subq $percpu_template, %rax
	movq %rax, %rdx
	shrq $32, %rdx
	movl $MSR_GS_BASE, %ecx
	wrmsr

	movl %ebp, %edi /* kmain(magic, information) */
	movl %ebx, %esi
	xorl %ebp, %ebp /* the end of every chain of frames */
	pushq $0 /* and of every chain of return addresses; */
	pushq $0 /* twice, since the psABI wants the stack at a multiple of 16 before a call */
	call kmain
1:	hlt
	jmp 1b

	.section .note.GNU-stack, "", @progbits
