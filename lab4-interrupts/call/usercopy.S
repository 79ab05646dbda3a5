/*
 * The only instructions with which the kernel touches a program's memory.
 *
 * Each of them may fault, and then has a row: where it is, and where to go on if the page cannot
 * be had (usercopy_fault). `rep movsq` and its kind leave in rcx how much is still to do, and in
 * rsi and rdi where they stopped, so nothing is lost by a fault.
 *
 * STAC lets the kernel reach user pages, CLAC forbids it again. Both are in place only around
 * those instructions, and not executed where there is no SMAP: there they do not exist.
 */
	.section .text, "ax"
	.code64

	.macro user_begin
	cmpb $0, usercopy_smap(%rip)
	je .Lbegin\@
	stac
.Lbegin\@:
	.endm

	.macro user_end
	cmpb $0, usercopy_smap(%rip)
	je .Lend\@
	clac
.Lend\@:
	.endm

/* The instruction at `at` gives up at `go`. */
	.macro user_row at, go
	.pushsection .rows.usercopy.1, "a", @progbits
	.balign 8
	.quad \at, \go
	.popsection
	.endm

/*
 * size_t usercopy_copy(void *to, const void *from, size_t bytes): copy; returns how many of the last
 * bytes could not be reached.
 */
	.globl usercopy_copy
	.type usercopy_copy, @function
usercopy_copy:
	/* Exercise 4.4, second half: one of both addresses is a user's, below USER_END as
	 * all that is copied. Eight bytes at a time as long as that goes, but if one of the eight
	 * cannot be reached, those before it are copied still. Between user_begin and user_end
	 * nothing else is done; user_row makes a row. */
	# BEGIN SOLUTION 4.4
	movq %rdx, %rcx
	shrq $3, %rcx
	andl $7, %edx
	user_begin
copy_words:
	rep movsq
	movl %edx, %ecx
copy_bytes:
	rep movsb
copy_end:
	user_end
	movq %rcx, %rax
	ret
copy_rest: /* of rcx words and edx bytes, at most seven can be reached */
	leaq (%rdx, %rcx, 8), %rcx
	jmp copy_bytes
	user_row copy_words, copy_rest
	user_row copy_bytes, copy_end
	# END SOLUTION 4.4 => jmp usercopy_todo
	.size usercopy_copy, . - usercopy_copy

/* size_t usercopy_clear(void *to, size_t bytes): the same, for zeros. */
	.globl usercopy_clear
	.type usercopy_clear, @function
usercopy_clear:
	/* Exercise 4.4: as usercopy_copy. */
	# BEGIN SOLUTION 4.4
	movq %rsi, %rcx
	shrq $3, %rcx
	andl $7, %esi
	xorl %eax, %eax
	user_begin
clear_words:
	rep stosq
	movl %esi, %ecx
clear_bytes:
	rep stosb
clear_end:
	user_end
	movq %rcx, %rax
	ret
clear_rest:
	leaq (%rsi, %rcx, 8), %rcx
	jmp clear_bytes
	user_row clear_words, clear_rest
	user_row clear_bytes, clear_end
	# END SOLUTION 4.4 => movq %rsi, %rdx; jmp usercopy_todo
	.size usercopy_clear, . - usercopy_clear

/*
 * size_t usercopy_string(char *to, const char *from, size_t bytes, int *fault): copy up to a 0, which
 * is copied, too; returns how many of the bytes are left: the 0 counts as not copied, so
 * bytes - result is the string's length; 0: there was no 0 in them. *fault is set to 1 if a byte
 * could not be reached.
 */
	.globl usercopy_string
	.type usercopy_string, @function
usercopy_string:
	user_begin
	testq %rdx, %rdx
	jz string_end
string_byte:
	movb (%rsi), %al
	movb %al, (%rdi)
	testb %al, %al
	jz string_end
	incq %rsi
	incq %rdi
	decq %rdx
	jnz string_byte
string_end:
	user_end
	movq %rdx, %rax
	ret
string_fault:
	user_end
	movl $1, (%rcx)
	movq %rdx, %rax
	ret
	user_row string_byte, string_fault
	.size usercopy_string, . - usercopy_string

/*
 * int usercopy_exchange(uint32_t *at, uint32_t *expected, uint32_t value): as user_exchange, at a
 * user's address; 0: replaced, 1: it was other, 2: it cannot be reached.
 */
	.globl usercopy_exchange
	.type usercopy_exchange, @function
usercopy_exchange:
	movl (%rsi), %eax
	xorl %ecx, %ecx
	user_begin
exchange:
	lock cmpxchgl %edx, (%rdi)
	setnz %cl
exchange_end:
	user_end
	movl %eax, (%rsi)
	movl %ecx, %eax
	ret
exchange_fault:
	movl $2, %ecx
	jmp exchange_end
	user_row exchange, exchange_fault
	.size usercopy_exchange, . - usercopy_exchange

	.section .note.GNU-stack, "", @progbits
