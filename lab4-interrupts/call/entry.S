/*
 * The way into the kernel by SYSCALL, and the way back.
 *
 * SYSCALL does little: the address behind it goes to rcx, the flags to r11, those flags that
 * MSR_FMASK names are cleared (interrupts, single-stepping, direction, ...), and the kernel's
 * segments are loaded. The stack pointer is still the user's, which may be anything, and GS is the
 * user's, too: until both are the kernel's nothing may be pushed, and nothing may interrupt.
 *
 * All registers go into a struct trap_frame at the top of the task's kernel stack: the stack is
 * empty when user mode runs, so this is where a trap would put them.
 *
 * SYSRET is the fast way back, but a trap for kernels: should the address in rcx not be canonical,
 * Intel's processors fault in the kernel, after the user's stack pointer has been loaded: the
 * user would choose where the kernel writes. So it is taken only for a return address in the lower
 * half, and only where nobody has changed what SYSRET takes from rcx and r11. Everything else
 * goes by IRETQ.
 *
 * Read more: Intel SDM volume 2, SYSCALL and SYSRET; Beulich, "SYSRET 64-bit operating system
 * privilege escalation vulnerability on Intel CPU hardware" (CVE-2012-0217).
 */
	.section .text, "ax"
	.code64

#define USER_DATA (0x18 | 3) /* GDT_USER_DATA, GDT_USER_CODE (lab1-boot/cpu/gdt.h) */
#define USER_CODE (0x20 | 3)

#define TRAP_SYSCALL 256

/* Offsets in struct trap_frame; syscall.c asserts them. */
#define FRAME_R11    32
#define FRAME_RCX    96
#define FRAME_RIP    136
#define FRAME_RFLAGS 152
#define FRAME_RSP    160
#define FRAME_ABOVE  (FRAME_RSP - 120) /* from behind rax to the saved stack pointer */

#define RFLAGS_TF 0x100
#define RFLAGS_RF 0x10000

#define USER_BITS 47 /* an address of so many bits is the user's, and canonical */

	.globl syscall_entry
	.type syscall_entry, @function
syscall_entry:
	/* Exercise 4.4, first half: take the kernel's GS and stack (syscall_stack; for the
	 * user's stack pointer there is syscall_user_rsp), push a whole struct trap_frame,
	 * with TRAP_SYSCALL as its vector and the call's number as its error, and call
	 * syscall_handle(frame) with interrupts on; it returns with interrupts off. Then the
	 * registers come back from the frame, which may have been changed: by SYSRET where
	 * that is safe and does what the frame says, else by trap_to_user(frame). */
	# BEGIN SOLUTION 4.4
	swapgs
	movq %rsp, %gs:syscall_user_rsp
	movq %gs:syscall_stack, %rsp
	pushq $USER_DATA
	pushq %gs:syscall_user_rsp
	pushq %r11
	pushq $USER_CODE
	pushq %rcx
	pushq %rax
	pushq $TRAP_SYSCALL
	.irp register, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	pushq %\register
	.endr
	sti
	xorl %ebp, %ebp /* backtraces end here */
	movq %rsp, %rdi
	call syscall_handle

	movq FRAME_RIP(%rsp), %rax
	cmpq %rax, FRAME_RCX(%rsp)
	jne slow
	movq FRAME_RFLAGS(%rsp), %rcx
	cmpq %rcx, FRAME_R11(%rsp)
	jne slow
	/* SYSRET with the trap flag would trap one instruction too early; it clears the resume flag. */
	testl $(RFLAGS_TF | RFLAGS_RF), %ecx
	jnz slow
	shrq $USER_BITS, %rax
	jnz slow

	.irp register, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
	popq %\register
	.endr
	movq FRAME_ABOVE(%rsp), %rsp
	swapgs
	sysretq

slow:
	movq %rsp, %rdi
	jmp trap_to_user
	# END SOLUTION 4.4 => jmp syscall_unwritten
	.size syscall_entry, . - syscall_entry

/* For a syscall_entry that is not written: say so, on a stack of the kernel's. */
	.type syscall_unwritten, @function
syscall_unwritten:
	swapgs
	movq %gs:syscall_stack, %rsp
	sti
	xorl %ebp, %ebp
	call syscall_todo
	.size syscall_unwritten, . - syscall_unwritten

	.section .note.GNU-stack, "", @progbits
