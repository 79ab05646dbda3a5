/*
 * A policy by itself: its functions are called directly, with threads that only look like
 * some. It works on the data of processor 0; nothing is scheduled there meanwhile.
 */
#pragma once
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/sched/runqueue.h"

static const struct sched_policy *policy; /* under test */

/* Begin, with nobody in the queue. */
static inline void policy_take(const char *name)
{
	policy = sched_policy_named(name, strlen(name));
	KT_REQUIRE(policy);
	policy->init(0);
}

/* The machine's own policy goes on. */
static inline void policy_done(void)
{
	KT_REQUIRE(sched_policy_begin(sched_policy, 0, thread_self()));
}

/* A thread that never runs. */
static inline void policy_thread(struct thread *thread, unsigned id, unsigned priority)
{
	*thread = (struct thread){ .id = id,
		.affinity = 0xff,
		.state = THREAD_READY,
		.base = priority,
		.priority = priority };
}

static inline void enqueue(struct thread *thread, enum sched_why why)
{
	policy->enqueue(0, thread, why);
}

static inline struct thread *pick(void)
{
	return policy->pick(0);
}

/* The running thread has had time; true if it has to give way: its slice is used up, then. */
static inline bool tick(struct thread *running, uint64_t ns)
{
	enum sched_why why = SCHED_PREEMPTED;
	bool give = policy->tick(0, running, ns, &why);

	KT_EQ(why, give ? SCHED_SPENT : SCHED_PREEMPTED);
	return give;
}
