/* From one virtual processor's stack to another's: see virtual.h. */
	.section .text, "ax"
	.code64

/* void explore_switch(uint64_t *save, uint64_t load) */
	.globl explore_switch
	.type explore_switch, @function
explore_switch:
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
	ret
	.size explore_switch, . - explore_switch

	.section .note.GNU-stack, "", @progbits
