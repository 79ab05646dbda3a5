/*
 * From one stack to another.
 *
 * A function may change some registers and has to keep the others for its caller.
 * So a switch that is a function call needs to save those only which it has to keep:
 * all others the compiler has saved around the call, or does not need.
 *
 * Read more: System V psABI for AMD64, section 3.2.1 and figure 3.4.
 */
	.section .text, "ax"
	.code64

/* void thread_switch(uint64_t *save, uint64_t load) */
	.globl thread_switch
	.type thread_switch, @function
thread_switch:
	/* Exercise 3.1, first half: save the registers that a function keeps for its
	 * caller on this stack, and the stack pointer where %rdi points to; take
	 * the other stack, %rsi; and undo the same there. thread_prepare (frame.c)
	 * lays a new thread's first frame in the order that you choose here. */
	# BEGIN SOLUTION 3.1
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)

	movq %rsi, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	# END SOLUTION 3.1 => jmp thread_switch_todo
	ret
	.size thread_switch, . - thread_switch

	.section .note.GNU-stack, "", @progbits
