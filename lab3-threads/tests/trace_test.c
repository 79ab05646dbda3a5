/*
 * The trace, as tests/test_trace.py sees it: threads that wake each other in a known
 * order, one that waits for a mutex, more events than a ring holds, and a panic.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"
#include "lab3-threads/trace/trace.h"

#define ROUNDS 3
#define MANY   4000 /* more than a ring holds */

static struct thread *ping, *pong;
static struct mutex mutex = MUTEX_INIT(mutex, "table");

/* Nobody else runs on their processor between the two, so no wake is lost. */
static void sleep(void)
{
	sched_prepare_sleep(0);
	sched_sleep();
}

static void run_ping(void *unused)
{
	(void)unused;
	sleep();
	for (int i = 0; i < ROUNDS; i++) {
		trace_mark("ping");
		sched_wake(pong);
		sleep();
	}
}

static void run_pong(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		sched_wake(ping);
		sleep();
		trace_mark("pong");
	}
	sched_wake(ping);
}

static void start_both(void)
{
	ping = thread_create("ping", run_ping, NULL);
	pong = thread_create("pong", run_pong, NULL);
	KT_REQUIRE(ping && pong);
	thread_set_affinity(ping, 1);
	thread_set_affinity(pong, 1);
	thread_start(ping);
	thread_start(pong);
}

KTEST(trace_ping_pong, "", "two threads wake each other by turns", .needs = "3.1 3.2 3.4")
{
	start_both();
	thread_join(pong);
	thread_join(ping);
}

static void run_waiter(void *unused)
{
	(void)unused;
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
}

/* The waiter comes while main has the mutex, and is woken when main gives it up. */
KTEST(trace_waits, "", "a thread waits for a mutex", .needs = "3.1 3.2 3.4 3.5")
{
	struct thread *waiter = thread_create("waiter", run_waiter, NULL);

	KT_REQUIRE(waiter);
	thread_set_affinity(waiter, 1);
	mutex_lock(&mutex);
	thread_start(waiter);
	sched_yield();
	mutex_unlock(&mutex);
	thread_join(waiter);
}

KTEST(trace_wraps, "", "more is traced than a ring holds")
{
	for (uintptr_t i = 0; i < MANY; i++)
		trace_mark(i == 0 ? "first" : i == MANY - 1 ? "last" : "\"quoted\"\n");
}

KTEST(trace_panics, "", "a panic has its trace", .panics = "the lid is off", .needs = "3.1 3.2 3.4")
{
	start_both();
	sched_yield();
	panic("the lid is off");
}

/* Its trace can only be read from outside. */
KPROBE(trace_hangs)
{
	start_both();
	sched_yield();
	trace_mark("it hangs");
	for (;;)
		CPU_PAUSE();
}
