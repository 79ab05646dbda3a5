/*
 * Exercise 3.1 under the scheduler, without exercise 3.2: threads that thread_alloc makes
 * and sched_start starts, and that leave by sched_exit.
 */
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/tests/coroutines.h"

#define THREADS 20
#define ROUNDS  200

/* Its second reference is what thread_left gives up, if that is written. */
static struct thread *start(const char *name, void (*run)(void *argument), void *argument)
{
	struct thread *thread = thread_alloc(name);

	KT_REQUIRE(thread);
	thread->argument = argument;
	thread->run = run;
	thread_get(thread);
	sched_start(thread);
	return thread;
}

static void give_up(struct thread *thread)
{
	while (__atomic_load_n(&thread->state, __ATOMIC_RELAXED) != THREAD_DEAD)
		sched_yield();
	sched_settle();
	for (uint32_t left = thread->references; left; left--)
		thread_put(thread);
}

static void *seen_argument;
static struct thread *seen_self;
static uint64_t seen_frame, seen_return[8];
static size_t seen_returns;
static bool seen_on_stack, seen_interrupts;

static void look_around(void *argument)
{
	seen_interrupts = irq_enabled();
	irq_save();
	seen_argument = argument;
	seen_self = thread_self();
	seen_frame = (uint64_t)__builtin_frame_address(0);
	seen_on_stack = thread_on_its_stack();
	seen_returns = backtrace_walk(backtrace_stack(seen_frame), seen_frame, seen_return, 8);
	sched_exit();
}

static void begin_one(void)
{
	struct thread *thread = start("looks around", look_around, &seen_frame);

	for (int i = 0; i < 1000 && !seen_self; i++)
		sched_yield();
	KT_EQ(seen_self, thread);
	give_up(thread);
}

KTEST(switch_begins_a_thread, "3.1",
	"a thread begins with its argument on its own stack, and a backtrace of it ends")
{
	begin_one();
	KT_EQ(seen_argument, &seen_frame);
	KT_TRUE(seen_on_stack);
	KT_EQ(seen_frame % 16, 0); /* behind a call's return address, and its own %rbp */
	KT_EQ(seen_returns, 1);
	KT_TRUE(seen_return[0] - (uint64_t)thread_begin < 256);
	KT_TRUE(!seen_interrupts);
}

KTEST(switch_interrupts, "",
	"a thread begins with interrupts on where lab 4 has said that they can come",
	.needs = "3.1")
{
	thread_interrupts = true;
	begin_one();
	KT_TRUE(seen_interrupts);
}

static uint64_t sum;

/* What is in registers and on the stack of each is its own. */
static void count_rounds(void *argument)
{
	volatile uint64_t mine = (uint64_t)argument;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		sum += mine;
		sched_yield();
		KT_EQ(mine, (uint64_t)argument);
		KT_TRUE(thread_on_its_stack());
	}
	sched_exit();
}

KTEST(switch_many_threads, "3.1", "20 threads give way to each other, 200 times each")
{
	struct thread *thread[THREADS];

	for (uint64_t i = 0; i < THREADS; i++)
		thread[i] = start("counts", count_rounds, (void *)(i + 1));
	while (sum < ROUNDS * THREADS * (THREADS + 1) / 2)
		sched_yield();
	for (int i = 0; i < THREADS; i++)
		give_up(thread[i]);
}
