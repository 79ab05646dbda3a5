/*
 * Kernel stacks: the cache, and what a debug build finds. No exercise.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/pagetable/kernel_map.h"
#include "lab2-memory/pagetable/pagetable.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/tests/fall.h"
#include "lab3-threads/thread/stack.h"
#include "lab3-threads/thread/thread.h"

static void *made(void)
{
	void *stack = stack_alloc();

	KT_REQUIRE(stack);
	return stack;
}

KTEST(stack_cache, "", "a stack that comes back is the next to go out, and takes no more memory")
{
	void *first = made(), *second = made();
	uint64_t pages = page_used_count();

	for (int i = 0; i < 100; i++) {
		stack_free(first);
		stack_free(second);
		KT_EQ(stack_alloc(), second);
		KT_EQ(stack_alloc(), first);
	}
	KT_EQ(page_used_count(), pages);
	stack_free(first);
	stack_free(second);
}

KTEST(stack_drained, "", "a drain gives all that are kept back")
{
	uint64_t before;
	void *stack[20];

	stack_drain();
	page_drain();
	before = page_used_count();
	for (int i = 0; i < 20; i++)
		stack[i] = made();
	KT_TRUE(page_used_count() >= before + 20 * THREAD_STACK / PAGE_SIZE);
	for (int i = 0; i < 20; i++)
		stack_free(stack[i]);
	stack_drain();
	KT_TRUE(page_used_count() <= before + 2); /* a slab of areas, maybe, and a page table */
}

KTEST(stack_without_memory, "", "without memory there is none, unless one is kept")
{
	void *stack;

	stack_drain();
	inject_failure(1);
	KT_EQ(stack_alloc(), NULL);
	stack = made();
	stack_free(stack);
	inject_failure(1);
	KT_EQ(stack_alloc(), stack);
	inject_failure(0);
	stack_free(stack);
}

static bool is_mapped(uint64_t address)
{
	struct mapping mapping;

	return pagetable_query(&kernel_pagetable, address, &mapping);
}

KTEST(stack_has_a_hole, "", "a stack is mapped to its ends, and neither below nor behind them")
{
	uint64_t stack[4];

	for (int i = 0; i < 4; i++)
		stack[i] = (uint64_t)made();
	for (int i = 0; i < 4; i++) {
		for (uint64_t at = 0; at < THREAD_STACK; at += PAGE_SIZE)
			KT_TRUE(is_mapped(stack[i] + at));
		KT_TRUE(!is_mapped(stack[i] - 1));
		KT_TRUE(!is_mapped(stack[i] + THREAD_STACK));
		KT_EQ(stack[i] % PAGE_SIZE, 0);
	}
	for (int i = 0; i < 4; i++)
		stack_free((void *)stack[i]);
}

KTEST(stack_used_after_free, "", "who writes on a stack that is free is found out",
	.panics = "stack use after free: 0x7 was written")
{
	uint64_t *stack = made();

	stack_free(stack);
	stack[1000] = 7;
	stack_alloc();
}

KTEST(stack_freed_twice, "", "so is who frees one twice",
	.panics = "its lowest word was overwritten")
{
	void *stack = made();

	stack_free(stack);
	stack_free(stack);
}

static void free_my_own(void *unused)
{
	(void)unused;
	stack_free(thread_self()->stack);
}

KTEST(stack_under_our_feet, "", "nobody can free the stack that he stands on", .needs = "3.1 3.2",
	.panics = "assertion failed: here - ")
{
	thread_join(thread_spawn("saws", free_my_own, NULL));
}

static void reach_the_end(void *unused)
{
	(void)unused;
	*(uint64_t *)thread_self()->stack = 1;
	sched_yield();
}

KTEST(stack_end_reached, "",
	"a thread that has used the last word of its stack is found at a switch",
	.needs = "3.1 3.2", .panics = "its lowest word was overwritten with 0x1")
{
	thread_join(thread_spawn("is deep", reach_the_end, NULL));
}

/* Pushing onto the hole faults, and so does pushing that fault's frame. */
KTEST(stack_overflow, "", "a thread that runs off its stack ends in a panic that can be read",
	.needs = "3.1 3.2", .panics = "stack overflow: double fault")
{
	thread_join(thread_spawn("falls", fall_for_ever, NULL));
}
