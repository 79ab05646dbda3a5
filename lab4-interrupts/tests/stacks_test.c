/*
 * Kernel stacks that wait for the next thread are given back when memory is short. Floor: given
 * code.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab2-memory/page/page.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

#define THREADS 64
#define STACKS  (THREADS * (THREAD_STACK / PAGE_SIZE)) /* pages */

static void nothing(void *unused)
{
	(void)unused;
}

static uint64_t free_pages(void)
{
	while (page_reclaim(UINT64_MAX))
		;
	page_drain();
	return page_free_count();
}

/* All of them at once: each needs a stack of its own. */
static void burst(void)
{
	static struct thread *thread[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		thread[i] = thread_spawn("one of many", nothing, NULL);
		KT_REQUIRE(thread[i]);
	}
	for (unsigned i = 0; i < THREADS; i++)
		thread_join(thread[i]);
	sched_settle();
}

KTEST(stacks_come_back, "", "after many threads, their stacks are memory again for who needs it",
	.needs = "3.1 3.2 3.3 4.1")
{
	uint64_t before = free_pages();

	for (int i = 0; i < 2; i++) {
		burst();
		KT_TRUE(page_free_count() + STACKS <= before);
		KT_TRUE(free_pages() + STACKS / 16 >= before); /* some slabs may stay */
	}
}
