/*
 * Exercise 3.2 from inside: creating, ending, joining and detaching, one after the other on one
 * processor. life_race_test.c does the same under many schedules, test_life.py at random.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/slab/slab.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

static void exit_with(void *result)
{
	thread_exit((uint64_t)result);
}

static void return_only(void *unused)
{
	(void)unused;
}

/* Until a thread has ended, and its processor has left it. */
static void wait_for_end(struct thread *thread)
{
	for (int i = 0;
		i < 10000 && __atomic_load_n(&thread->state, __ATOMIC_RELAXED) != THREAD_DEAD; i++)
		sched_yield();
	KT_REQUIRE(thread->state == THREAD_DEAD);
	sched_settle();
}

/* --- create and start ---------------------------------------------------------------- */

static struct thread *seen_self;
static void *seen_argument;

static void look(void *argument)
{
	seen_self = thread_self();
	seen_argument = argument;
	KT_TRUE(thread_on_its_stack());
}

KTEST(life_create, "3.2", "a thread runs once it is started, not before, and calls its function")
{
	struct thread *thread = thread_create("looks", look, &seen_self);

	KT_REQUIRE(thread);
	KT_STREQ(thread->name, "looks");
	KT_EQ(thread->state, THREAD_NEW);
	KT_EQ(thread->base, THREAD_PRIORITY_DEFAULT);
	for (int i = 0; i < 20; i++)
		sched_yield();
	KT_EQ(seen_self, NULL);
	thread_start(thread);
	thread_join(thread);
	KT_EQ(seen_self, thread);
	KT_EQ(seen_argument, &seen_self);
}

KTEST(life_names, "3.2",
	"a long name is cut, an empty one is one, and no two threads share a number")
{
	struct thread *a = thread_create("a name of more than sixteen", return_only, NULL);
	struct thread *b = thread_create("", return_only, NULL);

	KT_REQUIRE(a && b);
	KT_STREQ(a->name, "a name of more ");
	KT_STREQ(b->name, "");
	KT_TRUE(a->id != b->id && a->id != thread_self()->id && b->id != thread_self()->id);
	thread_detach(a);
	thread_detach(b);
}

KTEST(life_without_memory, "3.2",
	"whichever allocation fails, there is no thread then, and nothing is lost")
{
	uint64_t threads = thread_count(), objects = slab_used();
	struct thread *thread = NULL;
	unsigned count = 0;

	while (!thread) {
		inject_failure(++count);
		thread = thread_create("fails", return_only, NULL);
		if (thread)
			break;
		KT_TRUE(!inject_pending());
		KT_EQ(thread_count(), threads);
		KT_EQ(slab_used(), objects);
		KT_REQUIRE(count < 100);
	}
	inject_failure(0);
	KT_TRUE(count > 5); /* its structure, and a stack of four pages */
	thread_start(thread);
	thread_join(thread);
}

/* --- results and joining ------------------------------------------------------------- */

KTEST(life_join_after, "3.2", "who joins a thread that has ended gets its result at once")
{
	struct thread *thread = thread_spawn("ends", exit_with, (void *)0xfedcba9876543210);

	KT_REQUIRE(thread);
	wait_for_end(thread);
	KT_EQ(thread_join(thread), 0xfedcba9876543210);
}

static bool came_to_its_end;

static void take_some_time(void *result)
{
	for (int i = 0; i < 30; i++)
		sched_yield();
	came_to_its_end = true;
	thread_exit((uint64_t)result);
}

KTEST(life_join_before, "3.2", "who joins a thread that runs sleeps until it ends")
{
	struct thread *thread = thread_spawn("takes time", take_some_time, (void *)77);
	uint64_t switches = thread_self()->switches;

	KT_REQUIRE(thread);
	KT_EQ(thread_join(thread), 77);
	KT_TRUE(came_to_its_end);
	KT_TRUE(thread_self()->switches <=
		switches + 2); /* it was not given the processor to look */
}

KTEST(life_no_result, "3.2", "the result of a thread whose function returns is 0")
{
	for (int i = 0; i < 3; i++) {
		struct thread *thread = thread_spawn("returns", return_only, &came_to_its_end);

		KT_REQUIRE(thread);
		if (i)
			wait_for_end(thread);
		KT_EQ(thread_join(thread), 0);
	}
}

static struct thread *joined;
static unsigned got_it;

static void join_it(void *unused)
{
	(void)unused;
	KT_EQ(thread_join(joined), 1234);
	got_it++;
}

KTEST(life_several_join, "3.2", "all that wait for a thread are woken, and each gets its result")
{
	struct thread *joiner[5];

	KT_REQUIRE(joined = thread_create("joined", take_some_time, (void *)1234));
	for (int i = 0; i < 5; i++) {
		thread_get(joined);
		if (i < 4)
			KT_REQUIRE(joiner[i] = thread_spawn("joins", join_it, NULL));
	}
	thread_start(joined);
	KT_EQ(thread_join(joined), 1234);
	for (int i = 0; i < 4; i++)
		thread_join(joiner[i]);
	KT_REQUIRE(joiner[4] = thread_spawn("joins late", join_it, NULL));
	thread_join(joiner[4]);
	KT_EQ(got_it, 5);
}

/* --- who refers to it ---------------------------------------------------------------- */

KTEST(life_is_kept, "3.2", "a thread that has ended stays until its handle is given up, no longer")
{
	uint64_t before = thread_count();
	struct thread *thread = thread_spawn("is kept", exit_with, (void *)5);

	KT_REQUIRE(thread);
	wait_for_end(thread);
	KT_EQ(thread_count(), before + 1);
	KT_STREQ(thread->name, "is kept");
	KT_EQ(thread->references, 1);
	thread_join(thread);
	KT_EQ(thread_count(), before);
}

static bool may_end;

static void wait_to_end(void *unused)
{
	(void)unused;
	while (!may_end)
		sched_yield();
}

KTEST(life_detach_before, "3.2", "a detached thread goes on, and is freed when it has ended")
{
	uint64_t before = thread_count();
	struct thread *thread = thread_spawn("detached", wait_to_end, NULL);

	KT_REQUIRE(thread);
	thread_detach(thread);
	sched_yield();
	KT_EQ(thread_count(), before + 1);
	may_end = true;
	for (int i = 0; i < 20; i++)
		sched_yield();
	sched_settle();
	KT_EQ(thread_count(), before);
}

KTEST(life_detach_after, "3.2", "a thread that has ended is freed when it is detached")
{
	uint64_t before = thread_count();
	struct thread *thread = thread_spawn("ends", return_only, NULL);

	KT_REQUIRE(thread);
	wait_for_end(thread);
	KT_EQ(thread_count(), before + 1);
	thread_detach(thread);
	KT_EQ(thread_count(), before);
}

KTEST(life_detach_unstarted, "3.2", "so is one that was never started")
{
	uint64_t before = thread_count();
	struct thread *thread = thread_create("never", return_only, NULL);

	KT_REQUIRE(thread);
	thread_detach(thread);
	KT_EQ(thread_count(), before);
}

/* --- many ---------------------------------------------------------------------------- */

#define WAVE 300

KTEST(life_waves, "3.2", "thousands of threads, 300 at a time, need the memory of 300", .limit = 10)
{
	static struct thread *thread[WAVE];
	uint64_t pages = 0;

	for (uint64_t wave = 0; wave < 8; wave++) {
		for (uint64_t i = 0; i < WAVE; i++)
			KT_REQUIRE(thread[i] = thread_spawn("wave", exit_with, (void *)(wave ^ i)));
		for (uint64_t i = 0; i < WAVE; i++)
			KT_EQ(thread_join(thread[(i * 7) % WAVE]), wave ^ (i * 7) % WAVE);
		sched_settle();
		slab_drain();
		page_drain();
		if (wave == 0)
			pages = page_used_count();
		KT_TRUE(page_used_count() <= pages);
	}
}

/* Two children, and so on: the number of leaves. Every third child is joined by nobody. */
static unsigned detached_ran;

static void grow(void *argument)
{
	uint64_t depth = (uint64_t)argument, leaves = 0;
	struct thread *child[3];

	if (depth == 0)
		thread_exit(1);
	for (int i = 0; i < 3; i++)
		KT_REQUIRE(child[i] = thread_spawn("child", grow, (void *)(depth - 1)));
	thread_detach(child[2]);
	for (int i = 2; i-- > 0;)
		leaves += thread_join(child[i]);
	detached_ran++;
	thread_exit(leaves);
}

KTEST(life_tree, "3.2", "threads that create, join and detach threads: 364 of them", .limit = 5)
{
	uint64_t before = thread_count();
	struct thread *root = thread_spawn("root", grow, (void *)5);

	KT_REQUIRE(root);
	KT_EQ(thread_join(root), 32);
	for (int i = 0; i < 10000 && thread_count() > before; i++)
		sched_yield();
	KT_EQ(thread_count(), before);
	KT_EQ(detached_ran, 1 + 3 + 9 + 27 + 81);
}

static void pass_on(void *before)
{
	thread_exit(thread_join(before) + 1);
}

KTEST(life_chain, "3.2", "each of 200 threads joins the one before it")
{
	struct thread *last = thread_spawn("first", take_some_time, (void *)1000);

	for (int i = 0; i < 200; i++) {
		KT_REQUIRE(last);
		last = thread_spawn("next", pass_on, last);
	}
	KT_EQ(thread_join(last), 1200);
}
