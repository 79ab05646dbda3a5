/*
 * The fair policy in figures. The time is made up by the tests; what each thread has had of
 * it is compared with the share that its weight gives it.
 *
 * Nobody is off by more than a slice (Stoica and Abdel-Wahab's theorem), and by what a tick comes
 * too late.
 */
#include "lab3-threads/sched/fair.h"
#include "lab3-threads/tests/policies.h"

#define THREADS 12
#define TICK    200000ul /* nanoseconds at most */
#define BOUND   (FAIR_SLICE + TICK)
#define SECOND  1000000000ul
#define NORMAL  THREAD_PRIORITY_DEFAULT

static struct thread thread[THREADS];
static uint64_t had[THREADS];   /* nanoseconds */
static uint64_t ideal[THREADS]; /* the same with ideal sharing, times 1024 */
static bool here[THREADS];      /* it runs, or is ready */
static uint64_t now;

static void begin(void)
{
	policy_take("fair");
	for (unsigned i = 0; i < THREADS; i++)
		policy_thread(&thread[i], i, NORMAL);
}

static void come(unsigned i, enum sched_why why)
{
	here[i] = true;
	enqueue(&thread[i], why);
}

/* Those who are here should have had their shares of that time. */
static void share_out(uint64_t ns)
{
	uint64_t weight = 0;

	for (unsigned i = 0; i < THREADS; i++)
		if (here[i])
			weight += fair_weight(thread[i].priority);
	for (unsigned i = 0; i < THREADS; i++)
		if (here[i])
			ideal[i] += ns * 1024 * fair_weight(thread[i].priority) / weight;
}

/* From now on only what comes is compared. */
static void forget(void)
{
	memset(had, 0, sizeof(had));
	memset(ideal, 0, sizeof(ideal));
}

static uint64_t distance(unsigned i)
{
	int64_t off = (int64_t)(had[i] - ideal[i] / 1024);

	return (uint64_t)(off < 0 ? -off : off);
}

static void expect_within(uint64_t bound)
{
	for (unsigned i = 0; i < THREADS; i++)
		if (here[i] && distance(i) > bound) {
			KT_EQ(had[i], ideal[i] / 1024);
			KT_REQUIRE(!"as near to its share as that");
		}
}

/* The thread runs so long, unless its slice is over before. Whether it is. */
static bool run(struct thread *running, uint64_t most)
{
	for (uint64_t ns; most; most -= ns) {
		ns = 1 + kt_random() % TICK;
		ns = ns < most ? ns : most;
		now += ns;
		had[running - thread] += ns;
		share_out(ns);
		if (tick(running, ns))
			return true;
	}
	return false;
}

/* Whoever is to run does, and is back in the queue; which one it was. */
static unsigned step(void)
{
	struct thread *running = pick();

	KT_REQUIRE(running >= thread && running < thread + THREADS);
	enqueue(running,
		run(running, 1 + kt_random() % (2 * FAIR_SLICE)) ? SCHED_SPENT : SCHED_PREEMPTED);
	return (unsigned)(running - thread);
}

static void run_all(uint64_t ns, uint64_t bound)
{
	for (uint64_t until = now + ns; now < until;) {
		step();
		expect_within(bound);
	}
}

KTEST(fair_shares, "", "threads of all priorities have had their shares at every moment")
{
	begin();
	for (unsigned i = 0; i < THREADS; i++) {
		thread[i].priority = (unsigned)(kt_random() % THREAD_PRIORITIES);
		come(i, SCHED_NEW);
	}
	run_all(4 * SECOND, BOUND);
	policy_done();
}

KTEST(fair_empties, "", "who was put in comes out once, and nobody else")
{
	unsigned seen = 0;

	begin();
	KT_EQ(pick(), NULL);
	for (unsigned i = 0; i < THREADS; i++)
		come(i, SCHED_NEW);
	for (unsigned i = 0; i < THREADS; i += 3) {
		policy->dequeue(0, &thread[i]);
		seen |= 1u << i;
	}
	for (struct thread *next; (next = pick());) {
		KT_EQ(seen >> (next - thread) & 1, 0);
		seen |= 1u << (next - thread);
		policy->leave(0, next);
	}
	KT_EQ(seen, (1u << THREADS) - 1);
	policy_done();
}

KTEST(fair_newcomers, "", "a new thread takes its share from its first moment on, and no more")
{
	begin();
	come(0, SCHED_NEW);
	come(1, SCHED_NEW);
	run_all(2 * SECOND, BOUND);
	forget();
	come(2, SCHED_NEW);
	run_all(SECOND, 2 * BOUND);
	policy_done();
}

KTEST(fair_long_sleep, "", "a thread that slept for long has no right to all that time")
{
	uint64_t before;

	begin();
	come(0, SCHED_NEW);
	come(1, SCHED_NEW);
	run_all(SECOND, BOUND);
	while (pick() != thread)
		enqueue(&thread[1], SCHED_GIVEN);
	policy->leave(0, thread);
	here[0] = false;
	run_all(5 * SECOND, 2 * BOUND);

	before = had[0];
	come(0, SCHED_WOKEN);
	for (uint64_t until = now + 20 * FAIR_SLICE; now < until;)
		step();
	KT_TRUE(had[0] - before >= 10 * FAIR_SLICE - FAIR_LAG - BOUND);
	KT_TRUE(had[0] - before <= 10 * FAIR_SLICE + FAIR_LAG + BOUND);
	policy_done();
}

KTEST(fair_overrun, "", "one that had far too much and slept has to wait, but not for ever")
{
	struct thread *running;
	uint64_t before;

	begin();
	come(0, SCHED_NEW);
	come(1, SCHED_NEW);
	while ((running = pick()) != thread)
		enqueue(running, SCHED_GIVEN);
	KT_TRUE(tick(running, SECOND));
	policy->leave(0, running);
	come(0, SCHED_WOKEN);
	before = had[0];
	for (uint64_t until = now + 20 * FAIR_SLICE; now < until;)
		step();
	KT_TRUE(had[0] - before >= 10 * FAIR_SLICE - FAIR_LAG - BOUND);
	KT_TRUE(had[0] - before <= 10 * FAIR_SLICE);
	policy_done();
}

KTEST(fair_weeks_alone, "", "one that ran alone for weeks, uninterrupted, is one of two afterwards")
{
	struct thread *running;

	begin();
	come(0, SCHED_NEW);
	running = pick();
	come(1, SCHED_WOKEN);
	KT_TRUE(tick(running, 30ul * 86400 * SECOND));
	come(0, SCHED_SPENT);
	for (uint64_t until = now + 2 * SECOND; now < until;)
		step();
	forget();
	run_all(SECOND, 2 * BOUND);
	policy_done();
}

KTEST(fair_short_sleeps, "", "who always sleeps just before its slice is over gets no more for it")
{
	begin();
	come(0, SCHED_NEW);
	come(1, SCHED_NEW);
	for (uint64_t until = now + SECOND; now < until;) {
		struct thread *running = pick();
		bool first = running == thread;

		KT_REQUIRE(running);
		if (run(running, first ? FAIR_SLICE - TICK : FAIR_SLICE)) {
			enqueue(running, SCHED_SPENT);
		} else if (first) {
			policy->leave(0, running);
			enqueue(running, SCHED_WOKEN);
		} else {
			enqueue(running, SCHED_PREEMPTED);
		}
	}
	expect_within(FAIR_LAG + BOUND);
	policy_done();
}

KTEST(fair_priority_changes, "", "a new priority counts at once, for who waits and for who runs")
{
	struct thread *running;

	begin();
	for (unsigned i = 0; i < 4; i++)
		come(i, SCHED_NEW);
	run_all(SECOND, BOUND);
	running = pick();
	running->priority = NORMAL + 8;
	tick(running, 1);
	enqueue(running, SCHED_PREEMPTED);
	forget();
	run_all(SECOND, 2 * BOUND);

	running = pick();
	enqueue(running, SCHED_PREEMPTED);
	running = &thread[running == thread];
	policy->dequeue(0, running);
	running->priority = NORMAL - 8;
	enqueue(running, SCHED_MOVED);
	forget();
	run_all(SECOND, 2 * BOUND);
	policy_done();
}

KTEST(fair_yields, "", "who yields lets the others run first, each time")
{
	begin();
	for (unsigned i = 0; i < 4; i++)
		come(i, SCHED_NEW);
	for (unsigned round = 0; round < 50; round++) {
		unsigned seen = 0;

		for (unsigned i = 0; i < 4; i++) {
			struct thread *running = pick();

			KT_REQUIRE(running);
			seen |= 1u << (running - thread);
			KT_TRUE(!tick(running, kt_random() % 1000));
			enqueue(running, SCHED_GIVEN);
		}
		KT_EQ(seen, 15);
	}
	policy_done();
}

KTEST(fair_urgent, "", "a thread that is owed something runs before one that has had its share")
{
	struct thread *running;

	begin();
	come(0, SCHED_NEW);
	running = pick();
	KT_TRUE(!tick(running, FAIR_SLICE / 2));
	thread[1].priority = NORMAL + 4; /* its slice is due sooner */
	come(1, SCHED_NEW);
	KT_TRUE(policy->urgent(&thread[1], running));
	thread[2].priority = NORMAL - 4;
	come(2, SCHED_NEW);
	KT_TRUE(!policy->urgent(&thread[2], running));
	policy_done();
}

KTEST(fair_spare, "", "another processor is given only a thread that may run there")
{
	begin();
	for (unsigned i = 0; i < 8; i++) {
		thread[i].affinity = (uint8_t)(1u << i);
		come(i, SCHED_NEW);
	}
	for (unsigned cpu = 0; cpu < 7; cpu++)
		KT_EQ(policy->spare(0, cpu), &thread[cpu]);
	policy->dequeue(0, &thread[7]);
	KT_EQ(policy->spare(0, 7), NULL);
	policy_done();
}

KTEST(fair_crowd, "", "each of a thousand threads has its share")
{
	static struct thread crowd[1000];
	static unsigned runs[1000];

	policy_take("fair");
	for (unsigned i = 0; i < 1000; i++) {
		policy_thread(&crowd[i], i, NORMAL);
		enqueue(&crowd[i], SCHED_NEW);
	}
	for (unsigned i = 0; i < 10000; i++) {
		struct thread *running = pick();

		KT_REQUIRE(running);
		runs[running->id]++;
		KT_TRUE(tick(running, FAIR_SLICE));
		enqueue(running, SCHED_SPENT);
	}
	for (unsigned i = 0; i < 1000; i++)
		KT_EQ(runs[i], 10);
	policy_done();
}
