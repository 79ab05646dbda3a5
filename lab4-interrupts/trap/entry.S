/*
 * The way in and out of the kernel: 256 gates, and what lies behind them.
 *
 * A gate pushes what the processor did not (an error code of 0) and its own number. All
 * others' registers are then saved in struct trap_frame's order, C is called, and they are
 * loaded again: the code that was interrupted must not notice anything.
 *
 * GS base is this_cpu()'s in the kernel, and the program's own in user mode: SWAPGS exchanges
 * it for the other one, which waits in a model-specific register. There must be exactly one
 * on each way from user mode and to it, and none otherwise; and between the two of SYSCALL's
 * way the selector in CS tells nothing. Three kinds of ways:
 *
 *   trap_common   everything that comes only where CS and GS base agree: by CS.
 *   its IRETQ     may itself fault, when a program has given itself registers that cannot be
 *                 (sigreturn): in the kernel by CS, but with the program's GS base.
 *   trap_urgent   what comes anywhere, on a stack of its own: NMI, double fault, machine check.
 *                 On that stack GS base waits for it; what it was meanwhile is put back.
 *
 * Read more: Intel SDM volume 3, sections 6.12 to 6.15; volume 2, SWAPGS and IRET.
 */
#include "lab4-interrupts/trap/entry.h"

	.section .text, "ax"
	.code64

/* The vectors for which the processor itself pushes an error code: 8, 10-14, 17, 21, 29, 30. */
#define HAS_ERROR_CODE 0x60227d00

/* Those that have a stack of their own: 2, 8 and 18. */
#define IS_URGENT 0x40104

	.altmacro
	.macro exception number
	.balign GATE_BYTES
	.if !((HAS_ERROR_CODE >> \number) & 1)
	pushq $0
	.endif
	pushq $\number
	.if (IS_URGENT >> \number) & 1
	jmp trap_urgent
	.else
	jmp trap_common
	.endif
	.endm

	.macro interrupt number
	.balign GATE_BYTES
	pushq $0
	pushq $\number
	jmp trap_common
	.endm

	.balign GATE_BYTES
	.globl trap_gates
	.type trap_gates, @function
trap_gates:
	.set n, 0
	.rept 32
	exception %n
	.set n, n + 1
	.endr
	.rept 224
	interrupt %n
	.set n, n + 1
	.endr
	.size trap_gates, . - trap_gates

/* Exercise 4.1: push the registers in struct trap_frame's order (lab1-boot/cpu/trap.h). */
	.macro save
	# BEGIN SOLUTION 4.1
	.irp register, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	pushq %\register
	.endr
	# END SOLUTION 4.1 => nop
	.endm

/* Exercise 4.1: pop them, and take vector and error code away: what is left is IRETQ's. */
	.macro load
	# BEGIN SOLUTION 4.1
	.irp register, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
	popq %\register
	.endr
	addq $16, %rsp
	# END SOLUTION 4.1 => nop
	.endm

/*
 * clear_flags: C starts with none of the flags that a program may have set: string instructions go
 * upwards, and the kernel may not touch the program's memory (AC).
 */
	.macro clear_flags
	pushq $2
	popfq
	.endm

/*
 * link_frames: one more link in the chain of frame pointers, so that a backtrace in the handler
 * shows where it came in between. %rbx is the frame.
 */
	.macro link_frames
	pushq FRAME_RIP(%rbx)
	pushq %rbp
	movq %rsp, %rbp
	.endm

	.type trap_common, @function
trap_common:
	/* Exercise 4.1, the way in: on the stack lie what the processor and the gate have
	 * pushed, and interrupts are off. Save the other registers (`save`), see that C can
	 * run (`clear_flags`, GS base, the chain of frame pointers: `link_frames`, or its end
	 * if it was user mode), call trap(frame), and go back as trap_to_user does. When an
	 * IRETQ to user mode has faulted, which its address tells, trap_bad_return(frame) is
	 * called first; it returns the frame that counts. The stack pointer has to be a
	 * multiple of 16 at each call; a frame is one of 16 bytes. */
	# BEGIN SOLUTION 4.1
	save
	clear_flags
	movq %rsp, %rbx
	testb $3, FRAME_CS(%rbx)
	jnz .Lfrom_user
	leaq .Liretq(%rip), %rax
	cmpq %rax, FRAME_RIP(%rbx)
	je .Lbad_return
	link_frames
	jmp .Lcall

.Lbad_return:
	/* As if the program had faulted with what it wanted to have. */
	swapgs
	movq %rbx, %rdi
	call trap_bad_return
	movq %rax, %rbx
	movq %rbx, %rsp
	xorl %ebp, %ebp
	jmp .Lcall

.Lfrom_user:
	swapgs
	xorl %ebp, %ebp /* the chain ends */
.Lcall:
	movq %rbx, %rdi
	call trap
	movq %rbx, %rsp
	jmp .Lleave
	# END SOLUTION 4.1 => jmp trap_todo
	.size trap_common, . - trap_common

/* _Noreturn void trap_to_user(struct trap_frame *frame) */
	.globl trap_to_user
	.type trap_to_user, @function
trap_to_user:
	/* Exercise 4.1, the way out: load the frame's registers (`load`), and return to where
	 * it says. It is user mode here; but trap_common's frames may be of either kind. */
	# BEGIN SOLUTION 4.1
	movq %rdi, %rsp
.Lleave:
	testb $3, FRAME_CS(%rsp)
	jnz .Lto_user
	load
	iretq
.Lto_user:
	swapgs
	load
.Liretq:
	iretq
	# END SOLUTION 4.1 => ud2
	.size trap_to_user, . - trap_to_user

	.type trap_urgent, @function
trap_urgent:
	/* Exercise 4.1, what comes anywhere: GS base may be the kernel's or the program's. The
	 * word above the frame (FRAME_BYTES) is this processor's own: load it, and put back
	 * afterwards what was there, both with MSR_GS_BASE. Call trap_on_own_stack(frame), and
	 * return to where it happened, in whatever mode that was. */
	# BEGIN SOLUTION 4.1
	save
	clear_flags
	movq %rsp, %rbx
	movl $MSR_GS_BASE, %ecx
	rdmsr
	movl %eax, %r12d /* as it was: two halves */
	movl %edx, %r13d
	movl FRAME_BYTES(%rbx), %eax /* the first word on this stack: idt.c */
	movl FRAME_BYTES+4(%rbx), %edx
	wrmsr
	link_frames
	movq %rbx, %rdi
	call trap_on_own_stack
	movq %rbx, %rsp
	movl $MSR_GS_BASE, %ecx
	movl %r12d, %eax
	movl %r13d, %edx
	wrmsr
	load
	iretq
	# END SOLUTION 4.1 => jmp trap_todo
	.size trap_urgent, . - trap_urgent

/*
 * bool trap_returns(void): one INT instruction. Where the exercise is not written, trap_todo comes
 * back from it another way.
 */
	.globl trap_returns
	.type trap_returns, @function
trap_returns:
	pushq %rbp
	movq %rsp, %rbp
	.irp register, rbx, r12, r13, r14, r15
	pushq %\register
	.endr
	movq %rsp, trying(%rip)
	int $VECTOR_TRIED
	movl $1, %eax
.Ltried:
	movq $0, trying(%rip)
	.irp register, r15, r14, r13, r12, rbx, rbp
	popq %\register
	.endr
	ret
	.size trap_returns, . - trap_returns

/* Where a trap goes whose way is not written: the vector, the error code and %rip are pushed. */
	.type trap_todo, @function
trap_todo:
	movq %rsp, %rsi
	movq trying(%rip), %rdi
	andq $-16, %rsp
	call trap_is_todo
	movq trying(%rip), %rsp
	xorl %eax, %eax
	jmp .Ltried
	.size trap_todo, . - trap_todo

	.section .bss, "aw", @nobits
	.balign 8
trying:
	.skip 8

	.section .note.GNU-stack, "", @progbits
