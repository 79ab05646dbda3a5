/*
 * The trace, as tests/test_trace.py sees it: threads that wake each other in a known
 * order, one that waits for a mutex, more events than a ring holds, and a panic.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"
#include "lab3-threads/trace/trace.h"

#define ROUNDS 3
#define MANY   4000 /* more than a ring holds */

static struct thread *ping, *pong;
static struct mutex mutex = MUTEX_INIT(mutex, "table");

static void start_pong(void)
{
	thread_start(pong);
}

static void wake_pong(void)
{
	sched_wake(pong);
}

static void wake_ping(void)
{
	sched_wake(ping);
}

/* Let the other one go on, and sleep until it does the same. */
static void after(void (*other_goes_on)(void))
{
	sched_prepare_sleep(0);
	other_goes_on();
	sched_sleep();
}

static void run_ping(void *unused)
{
	(void)unused;
	after(start_pong);
	for (int i = 0; i < ROUNDS; i++) {
		trace_mark("ping");
		after(wake_pong);
	}
}

static void run_pong(void *at_end)
{
	for (int i = 0; i < ROUNDS; i++) {
		after(wake_ping);
		trace_mark("pong");
	}
	if (at_end)
		((void (*)(void))at_end)();
	sched_wake(ping);
}

static void play(void (*at_end)(void))
{
	ping = thread_create("ping", run_ping, NULL);
	pong = thread_create("pong", run_pong, (void *)at_end);
	KT_REQUIRE(ping && pong);
	thread_set_affinity(ping, 1);
	thread_set_affinity(pong, 1);
	thread_start(ping);
	thread_join(pong);
	thread_join(ping);
}

KTEST(trace_ping_pong, "", "two threads wake each other by turns", .needs = "3.1 3.2 3.4")
{
	play(NULL);
}

static void run_waiter(void *unused)
{
	(void)unused;
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
}

static bool somebody_waits(void)
{
	bool waits;

	spin_lock(&mutex.guard);
	waits = !list_empty(&mutex.waiters);
	spin_unlock(&mutex.guard);
	return waits;
}

/* The waiter comes while main has the mutex, and is woken when main gives it up. */
KTEST(trace_waits, "", "a thread waits for a mutex", .needs = "3.1 3.2 3.4 3.5")
{
	struct thread *waiter = thread_create("waiter", run_waiter, NULL);

	KT_REQUIRE(waiter);
	thread_set_affinity(waiter, 1);
	mutex_lock(&mutex);
	thread_start(waiter);
	while (!somebody_waits())
		sched_yield();
	mutex_unlock(&mutex);
	thread_join(waiter);
}

KTEST(trace_wraps, "", "more is traced than a ring holds")
{
	for (uintptr_t i = 0; i < MANY; i++)
		trace_mark(i == 0 ? "first" : i == MANY - 1 ? "last" : "\"quoted\"\n");
}

static void do_panic(void)
{
	panic("the lid is off");
}

KTEST(trace_panics, "", "a panic has its trace", .panics = "the lid is off", .needs = "3.1 3.2 3.4")
{
	play(do_panic);
}

static void hang(void)
{
	trace_mark("it hangs");
	for (;;)
		CPU_PAUSE();
}

/* For a picture of a failure. */
KPROBE(trace_fails)
{
	play(NULL);
	KT_EQ(ROUNDS, 2);
}

/* Its trace can only be read from outside. */
KPROBE(trace_hangs)
{
	play(hang);
}

static uint64_t turns; /* [mutex] in which order the threads had the mutex */

static void take_turns(void *number)
{
	for (int i = 0; i < 8; i++) {
		mutex_lock(&mutex);
		turns = turns * 31 + (uintptr_t)number;
		mutex_unlock(&mutex);
	}
}

static void two_threads(void)
{
	struct thread *one = thread_spawn("one", take_turns, (void *)1);
	struct thread *two = thread_spawn("two", take_turns, (void *)2);

	KT_REQUIRE(one && two);
	thread_join(one);
	thread_join(two);
}

/* What comes of it is to be the same, traced or not. */
KPROBE(trace_schedules)
{
	explore(2, 20, two_threads);
	kt_reply_hex(&turns, sizeof(turns));
}
