/* The end of a turn: what policies tell of how long a thread may go on. */
#include "lab3-threads/tests/policies.h"

/* Its turn is over when it has run for as long as was told, and not before. In virtual time some
 * nanoseconds are lost by rounding. */
static void expect_left(struct thread *running)
{
	uint64_t left = policy->left(0, running), lost = 8;

	while (left > 2 * lost) {
		uint64_t part = left > 100000 ? 1 + kt_random() % (left / 2) : left - lost;

		KT_TRUE(!tick(running, part));
		KT_TRUE(policy->left(0, running) + part <= left + lost);
		KT_TRUE(policy->left(0, running) + part + lost >= left);
		left = policy->left(0, running);
	}
	KT_TRUE(tick(running, left + lost));
}

static void turns(const char *name)
{
	static struct thread thread[THREAD_PRIORITIES];

	policy_take(name);
	for (unsigned i = 0; i < THREAD_PRIORITIES; i++) {
		policy_thread(&thread[i], i, i);
		enqueue(&thread[i], SCHED_NEW);
	}
	for (unsigned i = 0; i < 100; i++) {
		struct thread *running = pick();

		KT_REQUIRE(running);
		expect_left(running);
		enqueue(running, SCHED_SPENT);
	}
	policy_done();
}

KTEST(fair_tells_what_is_left, "", "a turn of the fair policy lasts as long as was told",
	.limit = 5)
{
	turns("fair");
}

/* It can last longer: a boost begins a new one. */
KTEST(mlfq_tells_what_is_left, "", "a turn of mlfq lasts as long as was told, on each level",
	.needs = "3.8")
{
	static struct thread thread;

	policy_take("mlfq");
	for (unsigned priority = 0; priority < THREAD_PRIORITIES; priority += 3) {
		policy_thread(&thread, 1, priority);
		policy->init(0);
		enqueue(&thread, SCHED_NEW);
		KT_REQUIRE(pick() == &thread);
		expect_left(&thread);
	}
	policy_done();
}
