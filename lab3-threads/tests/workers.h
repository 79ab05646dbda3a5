/*
 * Workers: threads that do one thing at a time, when the test says so, and sleep in
 * between. For machines with one processor: after each thing the test waits until nobody
 * else can go on, so whoever is not done by then waits for a lock.
 */
#pragma once
#include "lab3-threads/sched/runqueue.h"
#include "lab3-threads/tests/crew.h"

#define WORKERS 8

/* Changed by the test while the worker sleeps, and by the worker. */
struct worker {
	struct thread *thread;
	void (*job)(unsigned self, unsigned argument); /* NULL: end */
	unsigned argument;
	bool busy; /* it has been told something, and is not done */
};

static struct worker worker[WORKERS];

static inline void worker_run(void *argument)
{
	struct worker *self = argument;

	for (;;) {
		sched_prepare_sleep(0);
		sched_sleep();
		if (!self->job)
			return;
		self->job((unsigned)(self - worker), self->argument);
		self->busy = false;
	}
}

/* Let the others run until all of them sleep. */
static inline void workers_settle(void)
{
	UNTIL(__atomic_load_n(&sched_active, __ATOMIC_SEQ_CST) == 1);
}

static inline void workers_begin(unsigned count)
{
	KT_REQUIRE(count <= WORKERS);
	for (unsigned i = 0; i < count; i++) {
		worker[i].thread = thread_spawn("worker", worker_run, &worker[i]);
		KT_REQUIRE(worker[i].thread);
	}
	workers_settle();
}

/* Tell one that is not busy what to do; it may wait for a lock at the end. */
static inline void worker_do(unsigned number, void (*job)(unsigned, unsigned), unsigned argument)
{
	struct worker *one = &worker[number];

	KT_REQUIRE(one->thread && !one->busy);
	one->job = job;
	one->argument = argument;
	one->busy = job;
	sched_wake(one->thread);
	workers_settle();
}

/* None may be busy. */
static inline void workers_end(void)
{
	for (unsigned i = 0; i < WORKERS && worker[i].thread; i++) {
		worker_do(i, NULL, 0);
		thread_join(worker[i].thread);
	}
}
