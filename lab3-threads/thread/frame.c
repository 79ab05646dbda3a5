/*
 * The first frame of a thread: what thread_switch finds on a stack that nobody ever
 * left.
 */
#include "lab1-boot/ktest/todo.h"
#include "lab3-threads/thread/thread.h"

/* Where a thread_switch that is not written goes. */
void thread_switch_todo(void);

void thread_switch_todo(void)
{
	todo_report("3.1", "thread_switch", "lab3-threads/thread/switch.S", 0);
}

uint64_t thread_prepare(void *stack, size_t bytes)
{
	/* Exercise 3.1, second half: what thread_switch takes from a stack must lie on
	 * the new one, so that its `ret` goes to thread_begin. There the stack pointer has to be
	 * what the psABI promises a function at its entry, and the chain of frames has to
	 * end: a frame pointer of 0, and a return address of 0. The stack, whose size is a
	 * multiple of 16, holds garbage; nothing but its top is written. */
	// BEGIN SOLUTION 3.1
	uint64_t *top = (uint64_t *)((char *)stack + bytes);

	*--top = 0; /* thread_begin's return address, at 16 n + 8 */
	*--top = (uint64_t)thread_begin;
	for (int i = 0; i < 6; i++)
		*--top = 0;
	return (uint64_t)top;
	// END SOLUTION 3.1 => (void)stack; (void)bytes; todo("3.1"); return 0;
}
