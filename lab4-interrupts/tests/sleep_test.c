/*
 * Sleeping until a moment, and waiting with an end: what ends a wait first is what the answer
 * tells, and nobody's wake-up is lost.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/tests/crew.h"
#include "lab4-interrupts/time/realtime.h"
#include "lab4-interrupts/time/sleep.h"
#include <linux/errno.h>

#define MILLISECOND 1000000ul
#define LATE        (3 * MILLISECOND)
#define TURNS       (20 * MILLISECOND) /* that others may have before one that is awake */
#define SLEEPERS    32

static struct waitqueue queue = WAITQUEUE_INIT(queue, "test");
static struct spinlock guard = SPINLOCK_INIT("guard");

static void expect_within(uint64_t moment, uint64_t late)
{
	uint64_t now = clock_ns();

	if (now < moment || now > moment + late)
		KT_EQ(now, moment);
}

static void expect_now(uint64_t moment)
{
	expect_within(moment, LATE);
}

KTEST(sleep_until_moment, "4.2", "a sleep ends at its moment, and not before", .needs = "4.1")
{
	uint64_t moment = clock_ns();

	for (unsigned i = 0; i < 10; i++) {
		moment += 1 + kt_random() % (10 * MILLISECOND);
		KT_EQ(sleep_until(moment, 0), 0);
		expect_now(moment);
		moment = clock_ns();
	}
	KT_EQ(sleep_until(0, 0), 0);
	KT_EQ(sleep_until(moment - 1, WAIT_INTERRUPTIBLE), 0);
	expect_now(moment);
}

static uint64_t moment_of[SLEEPERS];
static unsigned woken; /* [a] */

static void sleep_once(void *number)
{
	uint64_t moment = moment_of[(uint64_t)number];

	KT_EQ(sleep_until(moment, 0), 0);
	expect_within(moment, TURNS);
	for (unsigned i = 0; i < SLEEPERS; i++) /* whoever comes earlier by far has been here */
		KT_TRUE(moment_of[i] + TURNS >= moment || moment_of[i] == 0);
	moment_of[(uint64_t)number] = 0;
	__atomic_add_fetch(&woken, 1, __ATOMIC_RELAXED);
}

KTEST(sleep_many, "4.2", "32 threads sleep at once, and each until its own moment", .needs = "4.1",
	.limit = 10)
{
	uint64_t first = clock_ns() + 50 * MILLISECOND;

	struct thread *thread[SLEEPERS];

	for (uint64_t i = 0; i < SLEEPERS; i++) {
		moment_of[i] = first + kt_random() % (100 * MILLISECOND);
		thread[i] = thread_spawn("sleeper", sleep_once, (void *)i);
		KT_REQUIRE(thread[i]);
	}
	for (unsigned i = 0; i < SLEEPERS; i++)
		thread_join(thread[i]);
	KT_EQ(woken, SLEEPERS);
}

KTEST(wait_times_out, "4.2", "a wait that nobody ends is over at its moment: -ETIMEDOUT",
	.needs = "4.1")
{
	uint64_t moment = clock_ns() + 5 * MILLISECOND;

	spin_lock(&guard);
	KT_EQ(waitqueue_sleep_until(&queue, &guard, 0, moment), -ETIMEDOUT);
	expect_now(moment);
	KT_TRUE(waitqueue_empty(&queue));
	KT_EQ(waitqueue_sleep_until(&queue, &guard, 0, moment), -ETIMEDOUT);
	KT_TRUE(spin_held(&guard));
	spin_unlock(&guard);
	KT_TRUE(!waitqueue_wake_one(&queue));
}

/* One that waits, and how it ends. */
static struct {
	uint64_t until;
	unsigned flags;
	int result;
	bool done;
} wait;

static void wait_in_queue(void *unused)
{
	(void)unused;
	spin_lock(&guard);
	wait.result = waitqueue_sleep_until(&queue, &guard, wait.flags, wait.until);
	spin_unlock(&guard);
	wait.done = true;
}

static struct thread *begin_wait(uint64_t until, unsigned flags)
{
	wait.until = until;
	wait.flags = flags;
	wait.done = false;
	crew_start(wait_in_queue, NULL);
	sleep_until(clock_ns() + MILLISECOND, 0);
	KT_TRUE(!waitqueue_empty(&queue) && !wait.done);
	return crew[crew_count - 1];
}

KTEST(wait_is_woken, "4.2", "one that is woken before its moment is told 0, and its timer is gone",
	.needs = "4.1")
{
	begin_wait(clock_ns() + 1000 * MILLISECOND, WAIT_INTERRUPTIBLE);
	KT_TRUE(waitqueue_wake_one(&queue));
	crew_join();
	KT_EQ(wait.result, 0);
	KT_TRUE(timers_next(0) != wait.until);
	begin_wait(TIMER_NEVER, 0);
	KT_TRUE(waitqueue_wake_one(&queue));
	crew_join();
	KT_EQ(wait.result, 0);
}

KTEST(wait_is_interrupted, "4.2",
	"one that is interrupted before its moment is told -EINTR, if it may be; else it waits on",
	.needs = "4.1")
{
	struct thread *thread = begin_wait(clock_ns() + 1000 * MILLISECOND, WAIT_INTERRUPTIBLE);
	uint64_t moment;

	thread_interrupt(thread);
	crew_join();
	KT_EQ(wait.result, -EINTR);
	KT_TRUE(timers_next(0) != wait.until);

	moment = clock_ns() + 20 * MILLISECOND;
	thread = begin_wait(moment, 0);
	thread_interrupt(thread);
	sleep_until(clock_ns() + MILLISECOND, 0);
	KT_TRUE(!wait.done);
	crew_join();
	KT_EQ(wait.result, -ETIMEDOUT);
	expect_now(moment);
}

/* Sleeps, and counts how often; somebody wakes it at about the moment at which it would time out.
 */
static unsigned timeouts, wakes;

static void wait_often(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < 200; i++) {
		int result;

		spin_lock(&guard);
		result = waitqueue_sleep_until(&queue, &guard, 0, clock_ns() + 300000);
		spin_unlock(&guard);
		KT_TRUE(result == 0 || result == -ETIMEDOUT);
		(result ? &timeouts : &wakes)[0]++;
	}
	wait.done = true;
}

KTEST(wait_counts_wakes, "4.2",
	"of wakes and timeouts that meet each ends one wait, and none is lost", .needs = "4.1",
	.limit = 10)
{
	unsigned given = 0;

	wait.done = false;
	crew_start(wait_often, NULL);
	while (!wait.done) {
		sleep_until(clock_ns() + 200000 + kt_random() % 200000, 0);
		given += waitqueue_wake_one(&queue);
	}
	crew_join();
	KT_EQ(wakes, given);
	KT_EQ(wakes + timeouts, 200);
	KT_TRUE(wakes > 0 && timeouts > 0);
}

KTEST(sleep_is_no_deadlock, "4.2",
	"that everybody sleeps is no deadlock as long as a timer is to come", .needs = "4.1")
{
	moment_of[0] = clock_ns() + 4 * MILLISECOND;
	crew_start(sleep_once, (void *)0ul);
	sleep_until(clock_ns() + 8 * MILLISECOND, 0);
	crew_join();
}

static void sleep_for_ever(void *unused)
{
	(void)unused;
	KT_EQ(sleep_until(TIMER_NEVER, 0), 0);
}

KTEST(sleep_for_ever_is_deadlock, "4.2",
	"when timers have come and were stopped, that everybody sleeps is a deadlock again",
	.needs = "4.1", .panics = "deadlock: every thread sleeps")
{
	struct timer timer;

	timer_init(&timer, NULL);
	timer_start(&timer, clock_ns() + 1000 * MILLISECOND);
	timer_start(&timer, clock_ns() + 2000 * MILLISECOND);
	KT_REQUIRE(timer_stop(&timer));
	sleep_until(clock_ns() + MILLISECOND, 0);
	crew_start(sleep_for_ever, NULL);
	crew_join();
}

/* --- the time of day ----------------------------------------------------------------- */

static int realtime_result;
static uint64_t realtime_end;

static void sleep_by_day(void *until)
{
	realtime_result = realtime_sleep_until(*(uint64_t *)until, WAIT_INTERRUPTIBLE);
	realtime_end = clock_ns();
}

KTEST(realtime_moves, "", "the time of day goes with the clock, and from where it is set to")
{
	uint64_t before = realtime_ns(), clock = clock_ns();

	clock_wait(3 * MILLISECOND);
	KT_TRUE(realtime_ns() - before >= 3 * MILLISECOND);
	KT_TRUE(realtime_ns() - before <= clock_ns() - clock + MILLISECOND);
	realtime_set(1000);
	KT_TRUE(realtime_ns() >= 1000 && realtime_ns() < 1000 + MILLISECOND);
	KT_EQ(realtime_moment(TIMER_NEVER), TIMER_NEVER);
	KT_EQ(realtime_moment(999), 0);
	before = clock_ns();
	KT_TRUE(realtime_moment(MILLISECOND + realtime_ns()) >= before + MILLISECOND);
	KT_TRUE(realtime_moment(MILLISECOND + realtime_ns()) <= clock_ns() + MILLISECOND);
}

KTEST(realtime_sleeps, "4.2",
	"who sleeps until some time of day wakes when it is that late, even if the clock was set",
	.needs = "4.1")
{
	uint64_t until = realtime_ns() + 1000 * MILLISECOND, clock;

	crew_start(sleep_by_day, &until);
	sleep_until(clock_ns() + MILLISECOND, 0);
	clock = clock_ns();
	realtime_set(until + 1);
	crew_join();
	KT_EQ(realtime_result, 0);
	KT_TRUE(realtime_end < clock + 10 * MILLISECOND);

	until = realtime_ns() + 10 * MILLISECOND;
	clock = clock_ns();
	crew_start(sleep_by_day, &until);
	sleep_until(clock_ns() + MILLISECOND, 0);
	realtime_set(realtime_ns() - 20 * MILLISECOND);
	crew_join();
	KT_EQ(realtime_result, 0);
	KT_TRUE(realtime_end >= clock + 29 * MILLISECOND);
}
