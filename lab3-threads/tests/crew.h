/*
 * Threads that a test starts, waits for, and joins.
 */
#pragma once
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab3-threads/lock/waitqueue.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

#define CREW_MAX  16
#define LOOKS_MAX 20000 /* in UNTIL: more, and it will never be */

static struct thread *crew[CREW_MAX]; /* only the boot thread looks here */
static unsigned crew_count;

static inline struct thread *crew_start(void (*run)(void *argument), void *argument)
{
	KT_REQUIRE(crew_count < CREW_MAX);
	crew[crew_count] = thread_spawn("crew", run, argument);
	KT_REQUIRE(crew[crew_count]);
	return crew[crew_count++];
}

/* The last of them, and all. */
static inline void crew_join_last(void)
{
	thread_join(crew[--crew_count]);
}

static inline void crew_join(void)
{
	while (crew_count)
		crew_join_last();
}

/* How many wait in a queue, at this moment. */
static inline unsigned waiting(struct waitqueue *queue)
{
	unsigned waiters = 0;

	spin_lock(&queue->lock);
	list_each (link, &queue->waiters)
		waiters++;
	spin_unlock(&queue->lock);
	return waiters;
}

/* Let the others run until it is so. */
#define UNTIL(condition)                                                                           \
	for (unsigned looks = 0; !(condition); looks++) {                                          \
		if (looks == LOOKS_MAX)                                                            \
			kt_stop("UNTIL(" #condition ")", __FILE__, __LINE__);                      \
		sched_yield();                                                                     \
		CPU_PAUSE();                                                                       \
	}
