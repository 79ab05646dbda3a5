/*
 * Run queues: what the files of sched/ share. Nobody else looks inside.
 *
 * What belongs to a thread's queue ([queue] in thread.h) is guarded by the lock of the
 * queue of thread->cpu, whether the thread runs there, waits there or sleeps. A thread
 * changes queues in two steps: who takes it away sets thread->cpu under the lock of the
 * old queue, and puts it in under that of the new one. Between the two it is READY and in no
 * queue: whoever locks it then may change it, but only that one takes it further.
 */
#pragma once
#include "lab3-threads/sched/policy.h"
#include "lab3-threads/sched/sched.h"

/* Key: [I] after the processor has entered, [a] atomic, [lock]. */
struct runqueue {
	struct spinlock lock;   /* taken with interrupts off: a handler wakes threads, too */
	struct thread *idle;    /* [I] */
	struct thread *current; /* [lock] who runs there; [a] for a guess */
	unsigned ready;         /* [a] how many the policy has; changed under the lock */
	bool resched;           /* [a] the running one is to give way at its next resched point */
	bool taking_part;       /* [a] the processor has entered */
	uint64_t began;         /* [I] when it entered, by the clock */
	uint64_t stolen;        /* [lock] threads that came from other queues */
};

PERCPU_DECLARE(struct runqueue, runqueue);

static inline struct runqueue *runqueue_of(unsigned cpu)
{
	return percpu_at(percpu_areas[cpu], runqueue);
}

/* How many there are; more may come while others look. */
static inline unsigned runqueue_count(void)
{
	return __atomic_load_n(&percpu_count, __ATOMIC_ACQUIRE);
}

/* The policy that was chosen. */
extern const struct sched_policy *sched_policy;

/* How many threads can run or are running, idle ones apart; in the upper half, how much is pending
 * (sched_pending): one word, for who looks at both has to see one moment. [a] */
extern uint64_t sched_active;

/*
 * sched_queue_lock: turn interrupts off, lock the queue that the thread belongs to, and return it.
 * *flags is for irq_restore, when the lock is let go of.
 */
struct runqueue *sched_queue_lock(struct thread *thread, uint64_t *flags);

/* sched_enqueue: caller holds queue->lock, the thread's own. */
void sched_enqueue(struct runqueue *queue, struct thread *thread, enum sched_why why);

/* sched_dequeue: take a queued thread out. Caller holds queue->lock. */
void sched_dequeue(struct runqueue *queue, struct thread *thread);

/*
 * sched_charge: count the time that the running thread has had since this was last done, and let
 * the policy know of it: whether the thread has to give way, and as what (*why). Any processor's
 * queue; caller holds queue->lock.
 */
bool sched_charge(struct runqueue *queue, enum sched_why *why);

/* sched_total: nanoseconds that the thread has run, until now. Caller holds queue->lock. */
uint64_t sched_total(const struct runqueue *queue, const struct thread *thread);

/* place.c: */

/*
 * sched_put: let a thread that is READY and in no queue run where it does best. Caller holds
 * queue->lock, the thread's own; it is free afterwards. Takes another queue's, if need be.
 */
void sched_put(struct runqueue *queue, struct thread *thread, enum sched_why why);

/*
 * sched_steal: take a waiting thread over from another processor's queue to this one's. Interrupts
 * are off. Takes run queues' locks, one after the other. SCHED_BUSY: none was found, but not every
 * queue could be looked into: look again before waiting.
 */
enum sched_found { SCHED_NONE, SCHED_BUSY, SCHED_FOUND };
enum sched_found sched_steal(void);

/* sched_offer: a thread waits in its queue: let a processor look that idles and may run it, if
 * there is one. Caller holds the lock of the thread's queue. */
void sched_offer(const struct thread *thread);

/*
 * sched_ask: let the thread that runs there give way at its next resched point. Caller holds
 * queue->lock, and calls sched_kick when it is free.
 */
void sched_ask(struct runqueue *queue);

/* slice.c: */

/*
 * sched_limit: somebody may have become ready, or the turn of the running thread has begun: see to
 * it that it ends. Caller holds queue->lock, which is this processor's.
 */
void sched_limit(struct runqueue *queue);

/* sched_too_early: this is a resched point where the running thread holds spin locks: see to it
 * that another one comes soon, if others are ready. */
void sched_too_early(void);

/* idle.c: */

/* sched_kick: let that processor look at its queue soon. */
void sched_kick(unsigned cpu);

/* sched_idle: what a processor does that has nothing to do. */
_Noreturn void sched_idle(void);
