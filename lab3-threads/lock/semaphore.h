/*
 * Counting semaphores: so many of something; who finds none left waits for one.
 *
 * A unit that is given back while threads wait goes to the first of them at once, and
 * is never seen by who comes later: nobody starves.
 *
 * Read more: Dijkstra, "Cooperating sequential processes", EWD 123, 1965.
 */
#pragma once
#include "lab3-threads/lock/waitqueue.h"

/* Key: [lock]. While somebody waits, count is 0. */
struct semaphore {
	struct spinlock lock;
	unsigned count; /* [lock] */
	struct waitqueue queue;
};

#define SEMAPHORE_INIT(semaphore, its_name, its_count)                                             \
	{                                                                                          \
		.lock = SPINLOCK_INIT("semaphore"), .count = (its_count),                          \
		.queue = WAITQUEUE_INIT((semaphore).queue, its_name)                               \
	}

/* semaphore_init: with so many units. The name stays the caller's; it is not copied. */
void semaphore_init(struct semaphore *semaphore, const char *name, unsigned count);

/* semaphore_down: take a unit, waiting for one. flags as for waitqueue_prepare; 0 or -EINTR, with
 * which nothing was taken. Who gave the unit may still be at work in semaphore_up: that it has come
 * is no sign that the semaphore may be freed (a completion's is). May sleep. */
int semaphore_down(struct semaphore *semaphore, unsigned flags);

/* semaphore_try: take one if there is one; false if not. Never sleeps. */
bool semaphore_try(struct semaphore *semaphore);

/* semaphore_up: give a unit, also one that was never taken. Never sleeps. */
void semaphore_up(struct semaphore *semaphore);
