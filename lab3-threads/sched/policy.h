/*
 * A scheduling policy: which of the threads that are ready runs next.
 *
 * A policy is a table of functions and whatever per-processor data it declares for
 * itself; "sched=NAME" on the command line chooses one. All functions are called with
 * the lock of that processor's run queue held; they take no lock and do not sleep.
 * The thread that runs is in no policy's hands: pick takes it out.
 */
#pragma once
#include "lab1-boot/lib/rows.h"
#include "lab3-threads/thread/thread.h"

/* Why a thread comes to a queue. */
enum sched_why {
	SCHED_NEW,   /* it was started */
	SCHED_WOKEN, /* it slept, and gave its processor up of itself */
	SCHED_GIVEN, /* it gave way, its slice not used up */
	SCHED_SPENT, /* its slice was used up */
	SCHED_MOVED, /* it comes from another queue, or its priority changed */
};

struct sched_policy {
	const char *name;
	/* init: nobody is ready on that processor. Once for each, before anything else. */
	void (*init)(unsigned cpu);
	/* enqueue: the thread is ready. */
	void (*enqueue)(unsigned cpu, struct thread *thread, enum sched_why why);
	/* dequeue: take out one that was enqueued. */
	void (*dequeue)(unsigned cpu, struct thread *thread);
	/* pick: take out the one that is to run now; NULL if none is ready. */
	struct thread *(*pick)(unsigned cpu);
	/* tick: the running thread has had so many nanoseconds more; true if it has to give way.
	 * *why then says how it goes back into the queue. */
	bool (*tick)(unsigned cpu, struct thread *running, uint64_t ns, enum sched_why *why);
	/* urgent: whether one that has just been enqueued should run before the running one. */
	bool (*urgent)(const struct thread *thread, const struct thread *running);
	/* spare: one that another processor may take (a bit in its affinity), without taking it
	 * out; NULL if there is none. */
	struct thread *(*spare)(unsigned cpu, unsigned other);
};
ROWS_DECLARE(sched_policy, struct sched_policy);

/* SCHED_POLICY(name, ops...): in the policy's own file. The default is "fair". */
#define SCHED_POLICY(its_name, ...)                                                                \
	ROW(sched_policy, "." #its_name, sched_policy_##its_name) = { .name = #its_name,           \
		__VA_ARGS__ }
