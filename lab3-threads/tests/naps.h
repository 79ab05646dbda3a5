/*
 * Threads that sleep in a wait queue, for tests on one processor.
 */
#pragma once
#include "lab3-threads/tests/crew.h"

#define NAPS      8
#define NAP_TIMES 4 /* that one may sleep */

/* What the thread is to do, and what it has seen. */
struct nap {
	struct waitqueue *queue;
	unsigned flags;
	unsigned times;        /* 0: once */
	unsigned taken;        /* sleeps that have ended */
	int result[NAP_TIMES]; /* of each */
	bool over;
};

static struct nap naps[NAPS];
static struct thread *napper[NAPS];
static unsigned nap_count; /* threads that were started together */

static inline int nap_once(struct waitqueue *queue, unsigned flags)
{
	struct waiter waiter;

	waitqueue_prepare(queue, &waiter, flags);
	return waitqueue_wait(queue, &waiter);
}

static inline void nap(void *argument)
{
	struct nap *self = argument;

	do {
		self->result[self->taken] = nap_once(self->queue, self->flags);
		self->taken++;
	} while (self->taken < self->times);
	self->over = true;
}

static inline bool asleep(const struct thread *thread)
{
	return __atomic_load_n(&thread->state, __ATOMIC_RELAXED) == THREAD_SLEEPING;
}

/* Let all of them run until each sleeps or has ended. */
static inline void naps_settle(void)
{
	for (unsigned i = 0; i < nap_count; i++)
		UNTIL(naps[i].over || asleep(napper[i]));
}

/* Let so many go to sleep, one after the other. naps[i].times is kept. crew_join ends them. */
static inline void nap_start(struct waitqueue *queue, unsigned flags, unsigned count)
{
	nap_count = 0;
	for (unsigned i = 0; i < count; i++) {
		naps[i] = (struct nap){ .queue = queue, .flags = flags, .times = naps[i].times };
		napper[i] = crew_start(nap, &naps[i]);
		nap_count++;
		naps_settle();
	}
}

static inline unsigned naps_over(void)
{
	unsigned over = 0;

	for (unsigned i = 0; i < nap_count; i++)
		over += naps[i].over;
	return over;
}
