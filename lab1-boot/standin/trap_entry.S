/*
 * The 32 gates of the trap stand-in: each pushes what the processor did not (an
 * error code of 0) and its number, and all go on to save the registers in
 * struct trap_frame's order. None returns. Source: Intel SDM volume 3, 6.13.
 */
	.section .text, "ax"
	.code64

/* The vectors for which the processor itself pushes an error code: 8, 10-14, 17, 21, 29, 30. */
#define HAS_ERROR_CODE 0x60227d00

	.altmacro
	.macro gate number
	.balign 16
	.if !((HAS_ERROR_CODE >> \number) & 1)
	pushq $0
	.endif
	pushq $\number
	jmp trap_common
	.endm

	.balign 16
	.globl trap_gates
	.type trap_gates, @function
trap_gates:
	.set n, 0
	.rept 32
	gate %n
	.set n, n + 1
	.endr
	.size trap_gates, . - trap_gates

	.type trap_common, @function
trap_common:
	cld
	pushq %rax
	pushq %rbx
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %rbp
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, %rdi
	call trap_end
	.size trap_common, . - trap_common

	.section .note.GNU-stack, "", @progbits
