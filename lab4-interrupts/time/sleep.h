/*
 * Sleeping until a moment, and waiting no longer than until then.
 *
 * Moments are clock_ns's; TIMER_NEVER waits without an end. flags: 0 or WAIT_INTERRUPTIBLE.
 */
#pragma once
#include "lab3-threads/lock/waitqueue.h"
#include "lab4-interrupts/time/timer.h"

/* sleep_until: 0 when the moment has come; -EINTR. May sleep. */
int sleep_until(uint64_t deadline, unsigned flags);

/* waitqueue_wait_until, waitqueue_sleep_until: as waitqueue_wait and waitqueue_sleep; -ETIMEDOUT
 * when the moment has come first, and no wake-up was taken. May sleep. */
int waitqueue_wait_until(struct waitqueue *queue, struct waiter *waiter, uint64_t deadline);
int waitqueue_sleep_until(
	struct waitqueue *queue, struct spinlock *guard, unsigned flags, uint64_t deadline);
