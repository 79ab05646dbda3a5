/*
 * The end of a turn: that the running thread comes to a resched point then is lab 4's business
 * (struct sched_slice_ops). Here it is told when that has to be, and only as long as others are
 * ready: who runs alone needs no end, and no timer.
 */
#include "lab1-boot/debug/panic.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/sched/runqueue.h"

/* Who has been asked to give way, or could not at the end of his turn, has so long. Nanoseconds. */
#define PROMPTLY 100000

static const struct sched_slice_ops *slice_ops;

void sched_set_slice_ops(const struct sched_slice_ops *ops)
{
	assert(!slice_ops && ops->shared);
	slice_ops = ops;
}

void sched_limit(struct runqueue *queue)
{
	struct thread *running = queue->current;

	if (!slice_ops || running == queue->idle || !queue->ready)
		return;
	if (__atomic_load_n(&queue->resched, __ATOMIC_RELAXED))
		slice_ops->shared(clock_ns() + PROMPTLY);
	else
		slice_ops->shared(running->since + sched_policy->left(running->cpu, running));
}

void sched_too_early(void)
{
	uint64_t flags;

	if (!slice_ops)
		return;
	flags = irq_save();
	if (__atomic_load_n(&this_cpu_ptr(runqueue)->ready, __ATOMIC_RELAXED))
		slice_ops->shared(clock_ns() + PROMPTLY);
	irq_restore(flags);
}
