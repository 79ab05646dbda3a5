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

/* Caller holds the lock of the thread's queue. */
static bool may_run(const struct thread *thread, unsigned cpu)
{
	return thread->affinity >> cpu & 1 && sched_takes_part(cpu);
}

/* The processor where a thread should run: the last one, if no other is better. Caller holds the
 * lock of the thread's queue. */
static unsigned place(const struct thread *thread)
{
	unsigned last = thread->cpu, best = CPUS_MAX;

	if (runqueue_count() == 1)
		return last;
	if (may_run(thread, last) && idles(last))
		return last;
	for (unsigned cpu = 0; cpu < runqueue_count(); cpu++) {
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

void sched_ask(struct runqueue *queue)
{
	__atomic_store_n(&queue->resched, true, __ATOMIC_RELAXED);
}

/* Let go of the queue's lock, and let its processor, if it is told, look at what has changed: who
 * runs there gives way or has a limit from now on. */
static void unlock(struct runqueue *queue, unsigned cpu, bool tell)
{
	if (tell && cpu == this_cpu(cpu_number))
		sched_limit(queue);
	spin_unlock(&queue->lock);
	if (tell)
		sched_kick(cpu);
}

/* What was done to the thread under the old queue's lock must be seen by who takes the new one's,
 * perhaps before we do. Caller holds the old one. */
static void set_processor(struct thread *thread, unsigned cpu)
{
	__atomic_store_n(&thread->cpu, cpu, __ATOMIC_RELEASE);
}

/* From its queue to that of another processor, whose lock is held then in the place of its own. */
static struct runqueue *carry(struct runqueue *queue, struct thread *thread, unsigned to)
{
	set_processor(thread, to);
	spin_unlock(&queue->lock);
	queue = runqueue_of(to);
	spin_lock(&queue->lock);
	return queue;
}

/*
 * Who runs there may have done so alone, and for long: nobody has charged it then. That has to be
 * done before another one comes, whom a policy may compare with it. Whether its turn is over.
 */
static bool charge_running(struct runqueue *queue)
{
	enum sched_why why; /* told again at its resched point, if it still holds */

	return queue->current != queue->idle && sched_charge(queue, &why);
}

void sched_put(struct runqueue *queue, struct thread *thread, enum sched_why why)
{
	unsigned cpu = place(thread);
	bool first, ask;

	while (thread->cpu != cpu) {
		queue = carry(queue, thread, cpu);
		if (!may_run(thread, cpu)) /* no longer: it was between two queues */
			cpu = place(thread);
	}
	ask = charge_running(queue);
	sched_enqueue(queue, thread, why);
	first = queue->ready == 1; /* who ran alone there until now does not any more */
	ask = ask || queue->current == queue->idle || sched_policy->urgent(thread, queue->current);
	if (ask)
		sched_ask(queue);
	unlock(queue, cpu, ask || first);
}

/* --- stealing ------------------------------------------------------------------------ */

/*
 * Take one out of a queue that is to run on processor `to`; NULL if none may, or if the queue's own
 * processor is just busy with it: that one comes first. One that idles is about to run the first of
 * its own: a thread that idle processors took from each other would go round and never run.
 */
static struct thread *take(unsigned from, unsigned to, bool *busy)
{
	struct runqueue *queue = runqueue_of(from);
	struct thread *thread = NULL;

	if (!spin_trylock(&queue->lock)) {
		*busy = true;
		return NULL;
	}
	if (queue->ready > (queue->current == queue->idle))
		thread = sched_policy->spare(from, to);
	if (thread) {
		sched_dequeue(queue, thread);
		set_processor(thread, to);
	}
	spin_unlock(&queue->lock);
	return thread;
}

enum sched_found sched_steal(void)
{
	bool busy = false;
	unsigned me = this_cpu(cpu_number);
	unsigned all = runqueue_count();
	struct runqueue *mine = this_cpu_ptr(runqueue);
	struct thread *thread = NULL;

	for (unsigned i = 1; i < all && !thread; i++) {
		unsigned other = (me + i) % all;

		if (ready_on(other))
			thread = take(other, me, &busy);
	}
	if (!thread)
		return busy ? SCHED_BUSY : SCHED_NONE;
	spin_lock(&mine->lock);
	mine->stolen++;
	sched_put(mine, thread, SCHED_MOVED);
	return SCHED_FOUND;
}

void sched_offer(const struct thread *thread)
{
	for (unsigned cpu = 0; cpu < runqueue_count(); cpu++)
		if (may_run(thread, cpu) && idles(cpu)) {
			sched_kick(cpu);
			return;
		}
}

/* --- what can change while a thread waits -------------------------------------------- */

void sched_set_priority(struct thread *thread, unsigned priority)
{
	uint64_t flags;
	struct runqueue *queue = sched_queue_lock(thread, &flags);
	unsigned cpu = thread->cpu;
	bool queued = thread->queued, ask;

	if (queued)
		sched_dequeue(queue, thread);
	thread->priority = priority;
	if (queued)
		sched_enqueue(queue, thread, SCHED_MOVED);
	if (queue->current == thread)
		ask = queue->ready > 0;
	else
		ask = queued && queue->current != queue->idle &&
		      sched_policy->urgent(thread, queue->current);
	if (ask)
		sched_ask(queue);
	unlock(queue, cpu, ask);
	irq_restore(flags);
}

static bool any_takes_part(uint8_t processors)
{
	for (unsigned cpu = 0; cpu < runqueue_count(); cpu++)
		if (processors >> cpu & 1 && sched_takes_part(cpu))
			return true;
	return false;
}

void sched_set_affinity(struct thread *thread, uint8_t processors)
{
	uint64_t flags;
	struct runqueue *queue = sched_queue_lock(thread, &flags);
	unsigned cpu = thread->cpu;
	bool away = !(processors >> cpu & 1), runs = queue->current == thread;

	assert(any_takes_part(processors));
	thread->affinity = processors;
	if (away && runs)
		sched_ask(queue);
	if (away && thread->queued) {
		sched_dequeue(queue, thread);
		sched_put(queue, thread, SCHED_MOVED);
	} else {
		spin_unlock(&queue->lock);
	}
	if (away && runs)
		sched_kick(cpu);
	irq_restore(flags);
}
