/*
 * Exercise 3.2 under many schedules of several processors: a thread that ends while
 * others join it, detach it, or have just started it.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

#define SCHEDULES 150

static void exit_with(void *result)
{
	thread_exit((uint64_t)result);
}

static struct thread *spawn(void (*run)(void *argument), void *argument)
{
	struct thread *thread = thread_spawn("raced", run, argument);

	KT_REQUIRE(thread);
	return thread;
}

/* Until there are no more than so many; the explorer ends it if that never comes. */
static void wait_for_count(uint64_t count)
{
	while (thread_count() > count) {
		sched_yield();
		CPU_PAUSE();
	}
	KT_EQ(thread_count(), count);
}

static void join_two(void)
{
	uint64_t before = thread_count();
	struct thread *a = spawn(exit_with, (void *)17), *b = spawn(exit_with, (void *)18);

	KT_EQ(thread_join(a), 17);
	KT_EQ(thread_join(b), 18);
	wait_for_count(before);
}

KTEST(life_race_join, "3.2",
	"in every schedule a join gets the result, and the thread is gone then", .needs = "3.3",
	.limit = 10)
{
	explore(2, SCHEDULES, join_two);
}

static void detach_two(void)
{
	uint64_t before = thread_count();

	thread_detach(spawn(exit_with, NULL));
	thread_detach(spawn(exit_with, NULL));
	wait_for_count(before);
}

KTEST(life_race_detach, "3.2", "in every schedule a detached thread is freed, and only at its end",
	.needs = "3.3", .limit = 10)
{
	explore(2, SCHEDULES, detach_two);
}

static struct thread *joined;
static uint64_t written; /* before the thread ends: who has joined it may read it */

static void write_and_exit(void *result)
{
	written = (uint64_t)result;
	thread_exit((uint64_t)result + 1);
}

static void join_it(void *unused)
{
	(void)unused;
	KT_EQ(thread_join(joined), 43);
	KT_EQ(written, 42);
}

static void join_by_three(void)
{
	struct thread *a, *b;

	KT_REQUIRE(joined = thread_create("joined", write_and_exit, (void *)42));
	thread_get(joined);
	thread_get(joined);
	a = spawn(join_it, NULL);
	b = spawn(join_it, NULL);
	thread_start(joined);
	join_it(NULL);
	thread_join(a);
	thread_join(b);
}

KTEST(life_race_several, "3.2",
	"in every schedule all joiners wake up, and see what the thread wrote before its end",
	.needs = "3.3", .limit = 10)
{
	explore(3, SCHEDULES, join_by_three);
}

static void join_child(void *unused)
{
	(void)unused;
	thread_detach(spawn(exit_with, NULL));
	thread_exit(thread_join(spawn(exit_with, (void *)5)) + 1);
}

static void family(void)
{
	uint64_t before = thread_count();
	struct thread *a = spawn(join_child, NULL), *b = spawn(join_child, NULL);

	KT_EQ(thread_join(b), 6);
	KT_EQ(thread_join(a), 6);
	wait_for_count(before);
}

KTEST(life_race_family, "3.2", "in every schedule children end before, with or after their parents",
	.needs = "3.3", .limit = 20)
{
	explore(3, SCHEDULES, family);
}
