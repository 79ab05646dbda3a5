/*
 * Run queues: what sched.c, place.c and idle.c share. Nobody else looks inside.
 */
#pragma once
#include "lab3-threads/sched/policy.h"
#include "lab3-threads/sched/sched.h"

/* Key: [I] after sched_prepare_cpu, [a] atomic, [lock]. */
struct runqueue {
	struct spinlock lock;
	struct thread *idle;    /* [I] */
	struct thread *current; /* [lock] who runs there */
	unsigned ready;         /* [a] how many the policy has; changed under the lock */
	bool resched;           /* [a] the running one is to give way at its next resched point */
	bool taking_part;       /* [a] the processor has entered */
	uint64_t stolen;        /* [lock] threads that came from other queues */
};

PERCPU_DECLARE(struct runqueue, runqueue);

static inline struct runqueue *runqueue_of(unsigned cpu)
{
	return percpu_at(percpu_areas[cpu], runqueue);
}

/* The policy that was chosen. */
extern const struct sched_policy *sched_policy;

/* How many threads can run or are running, idle ones apart. [a] */
extern unsigned sched_active;

/* sched_queue_lock: lock the queue that the thread belongs to, and return it. */
struct runqueue *sched_queue_lock(struct thread *thread);

/* sched_enqueue: caller holds queue->lock, which is that of cpu; thread->cpu is cpu. */
void sched_enqueue(struct runqueue *queue, unsigned cpu, struct thread *thread, enum sched_why why);

/* sched_dequeue: take a queued thread out. Caller holds queue->lock. */
void sched_dequeue(struct runqueue *queue, struct thread *thread);

/* place.c: */

/* sched_place: the processor where a woken thread should run. Takes no lock: a guess. */
unsigned sched_place(const struct thread *thread);

/* sched_put: enqueue a thread that is in no queue on the processor that place chose, and tell that
 * processor. Takes that queue's lock. */
void sched_put(struct thread *thread, enum sched_why why);

/* sched_steal: take a waiting thread over from another processor's queue to this one's; false if
 * there is none. Takes run queues' locks, one after the other. */
bool sched_steal(void);

/* idle.c: */

/* sched_kick: let that processor look at its queue soon. */
void sched_kick(unsigned cpu);

/* sched_idle: what a processor does that has nothing to do. */
_Noreturn void sched_idle(void);
