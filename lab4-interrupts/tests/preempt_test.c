/*
 * Preemption (exercise 4.2): threads that compute and never give way share a processor, in the
 * shares that the policy promises; and where nobody else waits, no interrupt comes.
 */
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/lock/preempt.h"
#include "lab3-threads/sched/fair.h"
#include "lab3-threads/sched/sched.h"
#include "lab4-interrupts/time/sleep.h"
#include <linux/errno.h>

#define MILLISECOND 1000000ul
#define BUSY        32

static struct {
	struct thread *thread;
	uint64_t turns, last; /* how often it saw that others had run; when it saw the clock last */
} busy[BUSY];
static unsigned last_seen; /* who ran last */
static bool stop;
static unsigned home; /* the processor where they run */

static bool stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

/* No resched point, no lock, no call: only what the compiler makes of this. */
static void compute(void *argument)
{
	unsigned self = (unsigned)(uint64_t)argument;

	while (!stopped()) {
		if (__atomic_load_n(&last_seen, __ATOMIC_RELAXED) != self) {
			__atomic_store_n(&last_seen, self, __ATOMIC_RELAXED);
			busy[self].turns++;
		}
		CPU_PAUSE();
	}
}

static void begin_one(uint64_t i)
{
	busy[i].thread = thread_create("busy", compute, (void *)i);
	KT_REQUIRE(busy[i].thread);
	thread_set_affinity(busy[i].thread, (uint8_t)(1u << home));
	thread_start(busy[i].thread);
}

static void begin(unsigned count)
{
	last_seen = BUSY;
	for (unsigned i = 0; i < count; i++)
		begin_one(i);
}

static void end(unsigned count)
{
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < count; i++)
		thread_join(busy[i].thread);
}

static void nap(uint64_t nanoseconds)
{
	KT_EQ(sleep_until(clock_ns() + nanoseconds, 0), 0);
}

/* Each has had its share of that time, off by two slices at most. */
static void expect_shares(unsigned count, const uint64_t *before, uint64_t total)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t ran = sched_ran(busy[i].thread) - before[i], share = total / count;

		if (ran + 2 * FAIR_SLICE < share || ran > share + 2 * FAIR_SLICE)
			KT_EQ(ran, share);
	}
}

static void share(unsigned count, uint64_t time)
{
	uint64_t before[BUSY], began;

	begin(count);
	nap(5 * MILLISECOND);
	began = clock_ns();
	for (unsigned i = 0; i < count; i++)
		before[i] = sched_ran(busy[i].thread);
	nap(time);
	expect_shares(count, before, clock_ns() - began);
	end(count);
}

KTEST(preempt_two, "4.2",
	"two threads that never give way share a processor, and a third one wakes in time beside "
	"them",
	.needs = "4.1")
{
	share(2, 120 * MILLISECOND);
	KT_TRUE(busy[0].turns >= 10 && busy[1].turns >= 10);
}

KTEST(preempt_many, "4.2", "32 threads that never give way share a processor", .needs = "4.1",
	.limit = 10)
{
	share(BUSY, 700 * MILLISECOND);
	for (unsigned i = 0; i < BUSY; i++)
		KT_TRUE(busy[i].turns >= 3);
}

KTEST(preempt_the_starter, "4.2", "who starts a thread and then computes is preempted as well",
	.needs = "4.1")
{
	uint64_t began = clock_ns();

	begin(1);
	while (!__atomic_load_n(&busy[0].turns, __ATOMIC_RELAXED) &&
		clock_ns() - began < 100 * MILLISECOND)
		CPU_PAUSE();
	KT_TRUE(busy[0].turns > 0);
	end(1);
}

/* How many interrupts there are in so much of computing by the present thread. */
static uint64_t interrupts_in(uint64_t nanoseconds)
{
	uint64_t before = timers_interrupts(0), until = clock_ns() + nanoseconds;

	while (clock_ns() < until)
		CPU_PAUSE();
	return timers_interrupts(0) - before;
}

KTEST(tickless_alone, "4.2", "a thread that runs alone is not interrupted", .needs = "4.1")
{
	nap(20 * MILLISECOND);
	KT_EQ(interrupts_in(500 * MILLISECOND), 0);
}

KTEST(tickless_again, "4.2", "a thread that runs alone again is soon not interrupted any more",
	.needs = "4.1")
{
	begin(2);
	nap(20 * MILLISECOND);
	end(2);
	interrupts_in(20 * MILLISECOND);
	KT_EQ(interrupts_in(500 * MILLISECOND), 0);
}

KTEST(tickless_idle, "4.2",
	"a processor that idles is interrupted when a timer is due, and else not", .needs = "4.1")
{
	uint64_t before = timers_interrupts(0);

	nap(1000 * MILLISECOND);
	KT_TRUE(timers_interrupts(0) - before >= 1 && timers_interrupts(0) - before <= 3);
}

KTEST(ticks_are_few, "4.2", "threads that share a processor are interrupted about once a slice",
	.needs = "4.1")
{
	uint64_t before, time;

	begin(3);
	nap(5 * MILLISECOND);
	before = timers_interrupts(0);
	time = clock_ns();
	nap(300 * MILLISECOND);
	time = clock_ns() - time;
	KT_TRUE(timers_interrupts(0) - before >= time / FAIR_SLICE / 2);
	KT_TRUE(timers_interrupts(0) - before <= 3 * time / FAIR_SLICE);
	end(3);
}

KTEST(preempt_not_under_locks, "4.2",
	"who holds a spin lock keeps its processor, and gives way soon after it is free",
	.needs = "4.1")
{
	static struct spinlock lock = SPINLOCK_INIT("test");
	uint64_t switches, began;

	begin(1);
	nap(MILLISECOND);
	spin_lock(&lock);
	switches = thread_self()->switches;
	interrupts_in(30 * MILLISECOND);
	KT_EQ(thread_self()->switches, switches);
	spin_unlock(&lock);
	began = clock_ns();
	while (thread_self()->switches == switches && clock_ns() - began < 20 * MILLISECOND)
		CPU_PAUSE();
	KT_TRUE(thread_self()->switches > switches);
	end(1);
}

/* One that has just had more than its share waits for the end of a slice, and no longer. */
KTEST(preempt_urgent, "4.2",
	"one that is more urgent runs soon, most times at once, though the other one has no end",
	.needs = "4.1")
{
	unsigned at_once = 0;

	begin(1);
	thread_set_priority(thread_self(), THREAD_PRIORITIES - 1);
	for (unsigned i = 0; i < 20; i++) {
		uint64_t moment = clock_ns() + 2 * MILLISECOND + kt_random() % MILLISECOND, late;

		KT_EQ(sleep_until(moment, 0), 0);
		late = clock_ns() - moment;
		KT_TRUE(late < FAIR_SLICE + 2 * MILLISECOND);
		at_once += late < MILLISECOND;
	}
	KT_TRUE(at_once >= 8);
	thread_set_priority(thread_self(), THREAD_PRIORITY_DEFAULT);
	end(1);
}

/* Who has to give way is offered to a processor that idles, which has looked for work before. */
KPROBE(preempt_offers)
{
	uint64_t ran[2], all = 100 * MILLISECOND;

	KT_REQUIRE(percpu_count > 1);
	thread_set_affinity(thread_self(), 1);
	begin(1);
	nap(5 * MILLISECOND);
	thread_set_affinity(busy[0].thread, 3);
	begin_one(1);
	nap(20 * MILLISECOND);
	for (unsigned i = 0; i < 2; i++)
		ran[i] = sched_ran(busy[i].thread);
	nap(all);
	for (unsigned i = 0; i < 2; i++)
		KT_TRUE(sched_ran(busy[i].thread) - ran[i] > all * 8 / 10);
	end(2);
}

/* On another processor: for test_preempt.py. Who runs alone there does not any more when a second
 * one comes, which nobody but an interrupt can tell it. */
KPROBE(preempt_elsewhere)
{
	uint64_t began;

	KT_REQUIRE(percpu_count > 1);
	home = 1;
	begin(1);
	clock_wait(20 * MILLISECOND);
	KT_TRUE(busy[0].turns == 1);
	begin_one(1);
	began = clock_ns();
	while (!__atomic_load_n(&busy[1].turns, __ATOMIC_RELAXED) &&
		clock_ns() - began < 200 * MILLISECOND)
		CPU_PAUSE();
	KT_TRUE(busy[1].turns > 0);
	clock_wait(60 * MILLISECOND);
	KT_TRUE(busy[0].turns > 3 && busy[1].turns > 3);
	end(2);
}
