/*
 * Exercise 3.1 from inside: thread_switch between stacks that thread_prepare has laid.
 * test_switch.py has long random sequences, judged by the host.
 */
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/tests/coroutines.h"

#define BYTES 8192
#define MANY  48
#define DEPTH 8

static uint64_t stacks[MANY][BYTES / 8] __attribute__((aligned(16)));
static struct coroutine routine[MANY];

static void make(unsigned number, void (*run)(void))
{
	coroutine_test_garbage(stacks[number], BYTES);
	coroutine_make(&routine[number], stacks[number], BYTES, run);
}

static void come_back(void)
{
	for (;;)
		coroutine_switch(&coroutine_test);
}

/* Switch with values of our own in all registers, and see them again. */
static void check_registers(struct coroutine *to)
{
	uint64_t before[KEPT], after[KEPT];

	coroutine_test_garbage(before, sizeof(before));
	memcpy(after, before, sizeof(before));
	coroutine_switch_with(to, after);
	KT_EQ(after[RBX], before[RBX]);
	KT_EQ(after[RBP], before[RBP]);
	KT_EQ(after[R12], before[R12]);
	KT_EQ(after[R13], before[R13]);
	KT_EQ(after[R14], before[R14]);
	KT_EQ(after[R15], before[R15]);
}

static void check_registers_for_ever(void)
{
	for (;;)
		check_registers(&coroutine_test);
}

KTEST(switch_keeps_registers, "3.1",
	"rbx, rbp and r12 to r15 are after a switch what they were before it")
{
	make(0, check_registers_for_ever);
	for (int i = 0; i < 20; i++)
		check_registers(&routine[0]);
}

KTEST(switch_entry, "3.1", "a new stack begins where a call would: the stack pointer is 16 n + 8")
{
	for (unsigned i = 0; i < 8; i++) {
		size_t bytes = BYTES - 16 * i; /* the end of the stack is not always a page's */

		coroutine_test_garbage(stacks[i], BYTES);
		coroutine_make(&routine[i], stacks[i], bytes, come_back);
		coroutine_switch(&routine[i]);
		KT_EQ(routine[i].entry_rsp % 16, 8);
		KT_TRUE(routine[i].entry_rsp >= (uint64_t)routine[i].stack + bytes - 128);
		KT_TRUE(routine[i].entry_rsp <= (uint64_t)routine[i].stack + bytes - 8);
	}
}

KTEST(switch_entry_ends_chain, "3.1",
	"the chain of frames ends there: frame pointer and return address are 0")
{
	for (unsigned i = 0; i < 4; i++) {
		make(i, come_back);
		coroutine_switch(&routine[i]);
		KT_EQ(routine[i].entry_rbp, 0);
		KT_EQ(routine[i].entry_return, 0);
	}
}

static size_t walked;

/* coroutine_entered is found, which returns nowhere, and nothing behind it. */
static void walk_and_come_back(void)
{
	uint64_t frame = (uint64_t)__builtin_frame_address(0), addresses[8];
	struct stack_bounds bounds = { (uint64_t)coroutine_now->stack,
		(uint64_t)coroutine_now->top };

	walked = backtrace_walk(bounds, frame, addresses, 8);
	come_back();
}

KTEST(switch_entry_backtrace, "3.1", "a backtrace of a new stack comes to its end")
{
	make(0, walk_and_come_back);
	coroutine_switch(&routine[0]);
	KT_EQ(walked, 1);
}

KTEST(switch_prepare_writes_top, "3.1",
	"thread_prepare writes at the top of the stack, not below and not behind it")
{
	static uint64_t memory[512] __attribute__((aligned(16)));
	static uint64_t copy[512];
	uint64_t *stack = memory + 64, *end = memory + 448, rsp;

	coroutine_test_garbage(memory, sizeof(memory));
	memcpy(copy, memory, sizeof(memory));
	rsp = thread_prepare(stack, (size_t)(end - stack) * 8);
	KT_REQUIRE(rsp >= (uint64_t)(end - 16) && rsp < (uint64_t)end && rsp % 8 == 0);
	for (size_t i = 0; i < 512; i++)
		if (memory + i < (uint64_t *)rsp || memory + i >= end)
			KT_EQ(memory[i], copy[i]);
}

static uint64_t saved[3], main_rsp;

static void look_at_saved(void)
{
	main_rsp = saved[1];
	thread_switch(&coroutine_now->rsp, saved[1]);
}

KTEST(switch_saves_pointer, "3.1",
	"the stack pointer is saved where it is to be, and nowhere else, before the other is taken")
{
	uint64_t here = (uint64_t)__builtin_frame_address(0);

	coroutine_test_garbage(saved, sizeof(saved));
	uint64_t below = saved[0], behind = saved[2];
	make(0, look_at_saved);
	coroutine_now = &routine[0];
	thread_switch(&saved[1], routine[0].rsp);
	coroutine_now = &coroutine_test;
	KT_EQ(saved[0], below);
	KT_EQ(saved[2], behind);
	KT_TRUE(main_rsp < here && here - main_rsp < 1024);
	KT_TRUE(routine[0].rsp < routine[0].entry_rsp &&
		routine[0].entry_rsp - routine[0].rsp < 1024);
}

static unsigned rounds;

static struct coroutine *any(void)
{
	uint64_t number = kt_random() % (MANY + 1);

	return number == MANY ? &coroutine_test : &routine[number];
}

/* To anybody but ourselves. */
static void switch_to_any(void)
{
	struct coroutine *to;

	do
		to = any();
	while (to == coroutine_now);
	rounds++;
	coroutine_switch(to);
}

/* What lies on a stack stays there, while others run and while it grows and shrinks. */
static void descend(uint64_t depth)
{
	uint64_t left[4], copy[4];

	coroutine_test_garbage(left, sizeof(left));
	asm volatile("" : "+m"(left));
	memcpy(copy, left, sizeof(left));
	switch_to_any();
	if (depth)
		descend(depth - 1);
	switch_to_any();
	for (int i = 0; i < 4; i++)
		KT_EQ(left[i], copy[i]);
}

static void descend_for_ever(void)
{
	for (;;)
		descend(kt_random() % DEPTH);
}

KTEST(switch_many, "3.1", "48 stacks of any depth keep what lies on them, in thousands of switches")
{
	for (unsigned i = 0; i < MANY; i++)
		make(i, descend_for_ever);
	while (rounds < 10000)
		descend(kt_random() % DEPTH);
	for (unsigned i = 0; i < MANY; i++)
		KT_TRUE(routine[i].entry_rsp != 0);
}
