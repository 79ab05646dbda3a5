/*
 * Exercise 3.8 from inside, rule by rule (sched/mlfq.h), with threads that only look like some.
 * test_mlfq.py compares long random sequences with a model of its own.
 */
#include "lab3-threads/sched/mlfq.h"
#include "lab3-threads/tests/policies.h"

#define THREADS 8
#define NORMAL  THREAD_PRIORITY_DEFAULT

static struct thread thread[THREADS];

/* Threads with these priorities come, in this order. */
static void come(unsigned count, const unsigned *priorities)
{
	for (unsigned i = 0; i < count; i++) {
		policy_thread(&thread[i], i, priorities[i]);
		enqueue(&thread[i], SCHED_NEW);
	}
}
#define COME(...)                                                                                  \
	come(sizeof((unsigned[]){ __VA_ARGS__ }) / sizeof(unsigned), (unsigned[]){ __VA_ARGS__ })
#define BEGIN(...) (policy_take("mlfq"), COME(__VA_ARGS__))

/* Which one is picked; THREADS: none. */
static unsigned next(void)
{
	struct thread *picked = pick();

	KT_REQUIRE(!picked || (picked >= thread && picked < thread + THREADS));
	return picked ? picked->id : THREADS;
}

#define EXPECT_ORDER(...)                                                                          \
	do {                                                                                       \
		static const unsigned order[] = { __VA_ARGS__ };                                   \
		for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)                      \
			KT_EQ(next(), order[i]);                                                   \
		KT_EQ(next(), THREADS);                                                            \
	} while (0)

/* The next one uses its slice up; which one it is. */
static unsigned spend(void)
{
	unsigned which = next();

	KT_REQUIRE(which < THREADS);
	KT_TRUE(tick(&thread[which], mlfq_slice(thread[which].sched.level)));
	enqueue(&thread[which], SCHED_SPENT);
	return which;
}

/* Let the only thread run; how long its slice lasts in all, at so many nanoseconds a tick. */
static uint64_t slice_in_ticks(uint64_t ns)
{
	uint64_t total = 0;

	KT_REQUIRE(pick() == thread);
	do {
		total += ns;
		KT_REQUIRE(total < MLFQ_BOOST);
	} while (!tick(thread, ns));
	enqueue(thread, SCHED_SPENT);
	return total;
}

KTEST(mlfq_highest_first, "3.8", "the highest level that has a thread runs first")
{
	BEGIN(5, 31, 0, 16, 30, 1);
	EXPECT_ORDER(1, 4, 3, 0, 5, 2);
	enqueue(&thread[0], SCHED_NEW);
	enqueue(&thread[2], SCHED_NEW);
	KT_EQ(next(), 0);
	enqueue(&thread[3], SCHED_NEW);
	EXPECT_ORDER(3, 2);
	policy_done();
}

KTEST(mlfq_rotates, "3.8", "those of one level run in turn")
{
	BEGIN(NORMAL, NORMAL, NORMAL, NORMAL);
	for (unsigned i = 0; i < 12; i++) {
		unsigned which = next();

		KT_EQ(which, i % 4);
		enqueue(&thread[which], SCHED_GIVEN);
	}
	EXPECT_ORDER(0, 1, 2, 3);
	policy_done();
}

KTEST(mlfq_preempted_is_next, "3.8", "who was preempted runs before the others of its level")
{
	BEGIN(NORMAL, NORMAL, NORMAL);
	KT_EQ(next(), 0);
	KT_TRUE(!tick(&thread[0], MLFQ_SLICE));
	policy_thread(&thread[3], 3, NORMAL + 1);
	enqueue(&thread[3], SCHED_NEW);
	KT_TRUE(policy->urgent(&thread[3], &thread[0]));
	enqueue(&thread[0], SCHED_PREEMPTED);
	EXPECT_ORDER(3, 0, 1, 2);
	policy_done();
}

KTEST(mlfq_dequeue, "3.8", "who is taken out is not picked, and the others of its level are")
{
	BEGIN(NORMAL, NORMAL, NORMAL, 3, 20);
	policy->dequeue(0, &thread[1]);
	policy->dequeue(0, &thread[4]);
	EXPECT_ORDER(0, 2, 3);
	enqueue(&thread[4], SCHED_MOVED);
	policy->dequeue(0, &thread[4]);
	KT_EQ(pick(), NULL);
	policy_done();
}

KTEST(mlfq_falls, "3.8", "who uses up its slice falls one level, down to 0, and its slices grow")
{
	BEGIN(12);
	for (unsigned level = 12; level > 0; level--) {
		KT_EQ(thread->sched.level, level);
		KT_EQ(slice_in_ticks(MLFQ_SLICE / 2), mlfq_slice(level));
	}
	for (unsigned i = 0; i < 2; i++) {
		policy_take("mlfq"); /* or a boost comes */
		enqueue(thread, SCHED_MOVED);
		KT_EQ(slice_in_ticks(MLFQ_SLICE / 2), mlfq_slice(0));
		KT_EQ(thread->sched.level, 0);
		policy->dequeue(0, thread);
	}
	policy_done();
}

KTEST(mlfq_falls_behind, "3.8", "on the level below, it comes behind those that are there")
{
	BEGIN(10, 9, 9, 10);
	KT_EQ(spend(), 0);
	EXPECT_ORDER(3, 1, 2, 0);
	policy_done();
}

KTEST(mlfq_late_tick, "3.8", "however late the tick comes, the thread falls one level")
{
	BEGIN(10);
	KT_EQ(next(), 0);
	KT_TRUE(tick(thread, 5 * mlfq_slice(10)));
	enqueue(thread, SCHED_SPENT);
	KT_EQ(thread->sched.level, 9);
	KT_EQ(slice_in_ticks(MLFQ_SLICE), mlfq_slice(9));
	policy_done();
}

KTEST(mlfq_slice_in_parts, "3.8",
	"a slice can be used up in parts: who yields or is preempted goes on with the rest of it")
{
	static const enum sched_why whys[] = { SCHED_GIVEN, SCHED_PREEMPTED, SCHED_GIVEN };

	BEGIN(28); /* four times MLFQ_SLICE */
	for (unsigned i = 0; i < 3; i++) {
		KT_EQ(next(), 0);
		KT_TRUE(!tick(thread, MLFQ_SLICE));
		enqueue(thread, whys[i]);
	}
	policy->dequeue(0, thread);
	enqueue(thread, SCHED_MOVED);
	KT_EQ(next(), 0);
	KT_TRUE(!tick(thread, MLFQ_SLICE - 1));
	KT_TRUE(tick(thread, 1));
	policy_done();
}

KTEST(mlfq_sleeper_rises, "3.8",
	"who slept comes back on the level of its priority, with a whole slice")
{
	BEGIN(20);
	spend();
	spend();
	KT_EQ(next(), 0);
	KT_EQ(thread->sched.level, 18);
	KT_TRUE(!tick(thread, mlfq_slice(18) - 1));
	enqueue(thread, SCHED_WOKEN);
	KT_EQ(thread->sched.level, 20);
	KT_EQ(slice_in_ticks(MLFQ_SLICE), mlfq_slice(20));
	policy_done();
}

KTEST(mlfq_loan_to_queued, "3.8",
	"a loan moves one that waits to its level, with a whole slice, and back")
{
	BEGIN(5, NORMAL, 25);
	policy->dequeue(0, &thread[0]);
	thread[0].priority = 25;
	enqueue(&thread[0], SCHED_MOVED);
	KT_EQ(next(), 2);
	KT_EQ(next(), 0);
	KT_TRUE(!tick(&thread[0], mlfq_slice(25) - 1));
	enqueue(&thread[0], SCHED_PREEMPTED);
	policy->dequeue(0, &thread[0]);
	thread[0].priority = 5;
	enqueue(&thread[0], SCHED_MOVED);
	KT_EQ(next(), 1);
	KT_EQ(next(), 0);
	KT_TRUE(!tick(&thread[0], mlfq_slice(25)));
	policy_done();
}

KTEST(mlfq_loan_to_running, "3.8",
	"a loan to the running thread counts as soon as the policy is called")
{
	BEGIN(5, NORMAL);
	policy->dequeue(0, &thread[1]);
	KT_EQ(next(), 0);
	KT_TRUE(!tick(&thread[0], mlfq_slice(5) - 1));
	thread[0].priority = 25;
	enqueue(&thread[1], SCHED_WOKEN);
	KT_TRUE(!policy->urgent(&thread[1], &thread[0]));
	KT_TRUE(!tick(&thread[0], mlfq_slice(25) - 1)); /* a slice of the new level's */
	KT_EQ(thread[0].sched.level, 25);
	enqueue(&thread[0], SCHED_GIVEN);
	KT_EQ(next(), 0);
	thread[0].priority = 5;
	enqueue(&thread[0], SCHED_PREEMPTED);
	KT_EQ(thread[0].sched.level, 5);
	EXPECT_ORDER(1, 0);
	policy_done();
}

/* One more thread, the last one, runs until the next boost is so near. */
static struct thread *near_boost(uint64_t left)
{
	struct thread *other = &thread[THREADS - 1];

	policy_thread(other, THREADS - 1, MLFQ_TOP);
	enqueue(other, SCHED_NEW);
	KT_REQUIRE(pick() == other);
	KT_TRUE(tick(other, MLFQ_BOOST - left));
	enqueue(other, SCHED_SPENT);
	KT_EQ(other->sched.level, MLFQ_TOP - 1);
	KT_REQUIRE(pick() == other);
	return other;
}

KTEST(mlfq_boost, "3.8", "at a boost all rise to the highest level, those from higher ones first")
{
	policy_take("mlfq");
	struct thread *other = near_boost(2);

	COME(3, 20, 0, 3, MLFQ_TOP, 20);
	KT_TRUE(!tick(other, 1));
	KT_EQ(thread[0].sched.level, 3);
	KT_TRUE(!tick(other, 1));
	for (unsigned i = 0; i < 6; i++)
		KT_EQ(thread[i].sched.level, MLFQ_TOP);
	EXPECT_ORDER(4, 1, 5, 0, 3, 2);
	policy_done();
}

KTEST(mlfq_boost_gives_slices, "3.8", "at a boost everyone has a whole slice of the highest level")
{
	policy_take("mlfq");
	struct thread *other = near_boost(2 * MLFQ_SLICE);

	COME(MLFQ_TOP, 10);
	for (unsigned i = 0; i < 2; i++) { /* they have used a part of theirs */
		KT_EQ(next(), i);
		KT_TRUE(!tick(&thread[i], MLFQ_SLICE - 1));
	}
	enqueue(&thread[0], SCHED_GIVEN);
	enqueue(&thread[1], SCHED_GIVEN);
	KT_TRUE(!tick(other, 2));
	KT_TRUE(!tick(other, MLFQ_SLICE - 1));
	KT_TRUE(tick(other, 1));
	for (unsigned i = 0; i < 2; i++) {
		KT_EQ(next(), i);
		KT_TRUE(!tick(&thread[i], MLFQ_SLICE - 1));
		KT_TRUE(tick(&thread[i], 1));
	}
	policy_done();
}

KTEST(mlfq_boost_for_running, "3.8", "the running thread rises with the others, and goes on")
{
	policy_take("mlfq");
	struct thread *other = near_boost(1);

	COME(10);
	policy->dequeue(0, thread);
	KT_EQ(other->sched.level, MLFQ_TOP - 1);
	KT_TRUE(!tick(other, 10 * mlfq_slice(0))); /* however late */
	enqueue(other, SCHED_PREEMPTED);
	KT_EQ(other->sched.level, MLFQ_TOP);
	policy_done();
}

KTEST(mlfq_after_boost, "3.8",
	"from above its priority a thread falls to its priority, after one slice")
{
	policy_take("mlfq");
	struct thread *other = near_boost(1);

	COME(3, MLFQ_TOP, 0, MLFQ_TOP - 1);
	KT_TRUE(!tick(other, 1));
	for (unsigned i = 0; i < 4; i++)
		spend();
	KT_EQ(thread[0].sched.level, 3);
	KT_EQ(thread[1].sched.level, MLFQ_TOP - 1);
	KT_EQ(thread[2].sched.level, 0);
	KT_EQ(thread[3].sched.level, MLFQ_TOP - 1);
	policy_done();
}

KTEST(mlfq_next_boost, "3.8", "one boost comes a full period after the other")
{
	policy_take("mlfq");
	for (unsigned round = 0; round < 3; round++) {
		struct thread *other = near_boost(1);

		COME(3);
		KT_TRUE(!tick(other, 1));
		KT_EQ(thread->sched.level, MLFQ_TOP);
		policy->dequeue(0, thread);
	}
	policy_done();
}

/* The longest time that the last thread waits while all compute as long as they may. */
static uint64_t longest_wait(unsigned count, uint64_t quantum, uint64_t until)
{
	uint64_t longest = 0, waits = 0;

	for (uint64_t now = 0; now < until;) {
		unsigned which = next();
		bool spent = false;

		KT_REQUIRE(which < count);
		longest = waits > longest ? waits : longest;
		waits = which == count - 1 ? 0 : waits;
		while (!spent && now < until) {
			now += quantum;
			waits += which == count - 1 ? 0 : quantum;
			spent = tick(&thread[which], quantum);
		}
		enqueue(&thread[which], spent ? SCHED_SPENT : SCHED_PREEMPTED);
	}
	return longest > waits ? longest : waits;
}

KTEST(mlfq_starves_nobody, "3.8",
	"below seven threads of the highest priority that compute, one of the lowest waits no "
	"longer than from boost to boost")
{
	uint64_t quantum = MLFQ_SLICE / 5;

	BEGIN(MLFQ_TOP, MLFQ_TOP, MLFQ_TOP, MLFQ_TOP, MLFQ_TOP, MLFQ_TOP, MLFQ_TOP, 0);
	KT_TRUE(longest_wait(8, quantum, 10 * MLFQ_BOOST) <=
		MLFQ_BOOST + 8 * (mlfq_slice(MLFQ_TOP) + quantum));
	policy_done();
}

KTEST(mlfq_processors, "3.8", "each processor has levels and a boost of its own")
{
	static char area[64 * 1024] __attribute__((aligned(64)));
	size_t bytes = (size_t)(percpu_template_end - percpu_template);
	enum sched_why why;

	KT_REQUIRE(bytes <= sizeof(area) && percpu_count == 1);
	memcpy(area, percpu_template, bytes);
	percpu_areas[1] = area;
	BEGIN(3);
	policy->init(1);
	policy_thread(&thread[1], 1, NORMAL);
	policy_thread(&thread[2], 2, NORMAL);
	policy->enqueue(1, &thread[1], SCHED_NEW);
	policy->enqueue(1, &thread[2], SCHED_NEW);
	policy->dequeue(1, &thread[1]);
	KT_EQ(policy->pick(1), &thread[2]);
	near_boost(1);
	KT_TRUE(!policy->tick(1, &thread[2], 1, &why));
	KT_EQ(thread[2].sched.level, NORMAL);
	KT_EQ(thread[0].sched.level, 3);
	KT_EQ(policy->pick(1), NULL);
	EXPECT_ORDER(0);
	percpu_areas[1] = NULL;
	policy_done();
}

KTEST(mlfq_spare, "", "another processor is given the next of those that may run there",
	.needs = "3.8")
{
	BEGIN(9, 20, 20, 5);
	thread[1].affinity = thread[2].affinity = 1;
	KT_EQ(policy->spare(0, 0), &thread[1]);
	KT_EQ(policy->spare(0, 1), &thread[0]);
	policy->dequeue(0, &thread[0]);
	KT_EQ(policy->spare(0, 1), &thread[3]);
	policy->dequeue(0, &thread[3]);
	KT_EQ(policy->spare(0, 1), NULL);
	policy_done();
}
