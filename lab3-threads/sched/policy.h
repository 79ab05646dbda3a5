/*
 * A scheduling policy: which of the threads that are ready runs next.
 *
 * A policy is a table of functions and whatever per-processor data it declares for
 * itself; "sched=NAME" on the command line chooses one. All functions are called with
 * the lock of that processor's run queue held; they take no lock and do not sleep.
 * The thread that runs is not among those that are ready: pick takes it out. Idle threads
 * are no policy's business.
 */
#pragma once
#include "lab1-boot/lib/rows.h"
#include "lab3-threads/thread/thread.h"

/* Why a thread comes to a queue. The first three were running there until now. */
enum sched_why {
	SCHED_GIVEN,     /* it lets others run first: sched_yield */
	SCHED_PREEMPTED, /* a more urgent one is there; its slice is not used up */
	SCHED_SPENT,     /* its slice is used up: tick has said so */
	SCHED_NEW,       /* it was started */
	SCHED_WOKEN,     /* it slept */
	SCHED_MOVED,     /* it comes from another queue, or was taken out for a change */
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
	/*
	 * tick: the running thread has had so many nanoseconds more. True if it has to give way
	 * now, and then *why says how it goes back into the queue. Called at resched points,
	 * before the thread leaves its processor, and before another one comes to it: so no time
	 * is lost, and the newcomer is compared with what the running one has really had.
	 */
	bool (*tick)(unsigned cpu, struct thread *running, uint64_t ns, enum sched_why *why);
	/* left: how many nanoseconds of its turn the running one had left when tick was called
	 * last, if nobody else comes: no need to call tick sooner. */
	uint64_t (*left)(unsigned cpu, const struct thread *running);
	/* leave: the running thread sleeps, ends or has to go elsewhere. NULL: it is no matter. */
	void (*leave)(unsigned cpu, struct thread *running);
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

/* sched_policy_named: NULL if there is none. */
const struct sched_policy *sched_policy_named(const char *name, size_t length);

/*
 * sched_policy_begin: let a policy begin on that processor with a thread that runs already. False
 * if it does not give back the thread that it was given: a policy that is not written yet.
 */
bool sched_policy_begin(const struct sched_policy *policy, unsigned cpu, struct thread *running);
