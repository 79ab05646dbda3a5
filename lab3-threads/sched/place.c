/*
 * Where threads run: a woken one goes to a processor that is idle if there is one,
 * and an idle processor takes waiting ones from the others. So nobody idles while
 * another has work in waiting.
 *
 * Read more: Blumofe and Leiserson, "Scheduling multithreaded computations by work
 * stealing", JACM 46(5), 1999.
 */
#include "lab1-boot/debug/panic.h"
#include "lab3-threads/sched/runqueue.h"

/* What other processors may read of a queue without its lock: good for a guess. */
static unsigned ready_on(unsigned cpu)
{
	return __atomic_load_n(&runqueue_of(cpu)->ready, __ATOMIC_RELAXED);
}

static bool idles(unsigned cpu)
{
	struct runqueue *queue = runqueue_of(cpu);

	return ready_on(cpu) == 0 &&
	       __atomic_load_n(&queue->current, __ATOMIC_RELAXED) == queue->idle;
}

static bool may_run(const struct thread *thread, unsigned cpu)
{
	return thread->affinity >> cpu & 1 &&
	       __atomic_load_n(&runqueue_of(cpu)->taking_part, __ATOMIC_ACQUIRE);
}

unsigned sched_place(const struct thread *thread)
{
	unsigned last = thread->cpu, best = CPUS_MAX;

	if (may_run(thread, last) && idles(last))
		return last;
	for (unsigned cpu = 0; cpu < percpu_count; cpu++) {
		if (!may_run(thread, cpu))
			continue;
		if (idles(cpu))
			return cpu;
		if (best == CPUS_MAX || ready_on(cpu) < ready_on(best))
			best = cpu;
	}
	assert(best < CPUS_MAX);
	return may_run(thread, last) && ready_on(last) <= ready_on(best) ? last : best;
}

void sched_put(struct thread *thread, enum sched_why why)
{
	unsigned cpu = sched_place(thread);
	struct runqueue *queue = runqueue_of(cpu);

	spin_lock(&queue->lock);
	__atomic_store_n(&thread->cpu, cpu, __ATOMIC_RELAXED);
	sched_enqueue(queue, cpu, thread, why);
	if (queue->current == queue->idle || sched_policy->urgent(thread, queue->current))
		__atomic_store_n(&queue->resched, true, __ATOMIC_RELAXED);
	spin_unlock(&queue->lock);
	sched_kick(cpu);
}

/* Take one out of a queue that is to run on processor `to`; NULL if none may. */
static struct thread *take(unsigned from, unsigned to)
{
	struct runqueue *queue = runqueue_of(from);
	struct thread *thread = NULL;

	spin_lock(&queue->lock);
	if (queue->ready)
		thread = sched_policy->spare(from, to);
	if (thread) {
		sched_dequeue(queue, thread);
		__atomic_store_n(&thread->cpu, to, __ATOMIC_RELAXED);
	}
	spin_unlock(&queue->lock);
	return thread;
}

bool sched_steal(void)
{
	unsigned me = this_cpu(cpu_number);
	struct runqueue *mine = this_cpu_ptr(runqueue);
	struct thread *thread = NULL;

	for (unsigned i = 1; i < percpu_count && !thread; i++) {
		unsigned other = (me + i) % percpu_count;

		if (ready_on(other))
			thread = take(other, me);
	}
	if (!thread)
		return false;
	spin_lock(&mine->lock);
	sched_enqueue(mine, me, thread, SCHED_MOVED);
	mine->stolen++;
	spin_unlock(&mine->lock);
	return true;
}
