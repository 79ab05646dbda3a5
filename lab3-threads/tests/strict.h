/*
 * The plainest policy: the most urgent thread that is ready runs, and among equals the one
 * that has been ready for longest. With it the order in which threads run can be told
 * beforehand. For one processor.
 */
#pragma once
#include "lab1-boot/ktest/ktest.h"
#include "lab3-threads/sched/runqueue.h"

static struct list strict_ready[THREAD_PRIORITIES];

static void strict_init(unsigned cpu)
{
	KT_REQUIRE(cpu == 0);
	for (unsigned i = 0; i < THREAD_PRIORITIES; i++)
		list_init(&strict_ready[i]);
}

static void strict_enqueue(unsigned cpu, struct thread *thread, enum sched_why why)
{
	struct list *ready = &strict_ready[thread->priority];

	(void)cpu;
	if (why == SCHED_PREEMPTED)
		list_insert_after(ready, &thread->sched.link);
	else
		list_push_back(ready, &thread->sched.link);
}

static void strict_dequeue(unsigned cpu, struct thread *thread)
{
	(void)cpu;
	list_remove(&thread->sched.link);
}

static struct thread *strict_pick(unsigned cpu)
{
	for (unsigned i = THREAD_PRIORITIES; i-- > 0;) {
		struct list *first = strict_ready[i].next;

		if (first == &strict_ready[i])
			continue;
		list_remove(first);
		return list_entry(first, struct thread, sched.link);
	}
	(void)cpu;
	return NULL;
}

static bool strict_tick(unsigned cpu, struct thread *running, uint64_t ns, enum sched_why *why)
{
	(void)cpu, (void)running, (void)ns, (void)why;
	return false;
}

static bool strict_urgent(const struct thread *thread, const struct thread *running)
{
	return thread->priority > running->priority;
}

static const struct sched_policy strict = {
	.name = "strict",
	.init = strict_init,
	.enqueue = strict_enqueue,
	.dequeue = strict_dequeue,
	.pick = strict_pick,
	.tick = strict_tick,
	.urgent = strict_urgent,
};

/* From now on it decides. Nobody but the caller is ready or runs. */
static inline void strict_begin(void)
{
	KT_REQUIRE(percpu_count == 1 && this_cpu_ptr(runqueue)->ready == 0);
	KT_REQUIRE(sched_policy_begin(&strict, 0, thread_self()));
	sched_policy = &strict;
}
