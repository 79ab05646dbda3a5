/*
 * Wait queues: where threads sleep until something that they wait for may have
 * happened.
 *
 * A wake-up must never fall between the moment at which a thread has looked and the
 * one at which it sleeps. So who wants to sleep first puts itself into the queue and
 * records that it sleeps (waitqueue_prepare), looks (or lets go of the lock under
 * which it has looked), and only then gives up its processor (waitqueue_wait). A wake
 * in between only takes it out of the queue again: its sleep then ends at once.
 *
 * A waiter carries the function that wakes it, so that something else than a thread's
 * sleep can hang in a queue, too (poll and epoll, lab 4).
 *
 * Interrupt handlers wake threads, too: the queue's lock is taken with interrupts off.
 */
#pragma once
#include "lab1-boot/lib/list.h"
#include "lab1-boot/lock/spinlock.h"
#include <stdbool.h>

struct thread;

#define WAIT_INTERRUPTIBLE 1u /* thread_interrupt ends the sleep with -EINTR */

/* Key: [I] after waitqueue_init, [lock]. */
struct waitqueue {
	struct spinlock lock; /* its name is the queue's */
	struct list waiters;  /* [lock] in the order they came */
};

/* One that waits, on its own stack. All [lock] of the queue. */
struct waiter {
	struct list link;
	struct thread *thread;
	bool queued; /* nobody has woken it */
	/* Takes a wake-up; false: it did not want it, and it is another one's. Called with the
	 * queue's lock held; it may not sleep, nor change the queue. */
	bool (*wake)(struct waiter *waiter);
};

#define WAITQUEUE_INIT(queue, its_name)                                                            \
	{                                                                                          \
		.lock = SPINLOCK_INIT(its_name), .waiters = LIST_INIT((queue).waiters)             \
	}

/* waitqueue_init: nobody waits. The name stays the caller's; it is not copied. */
void waitqueue_init(struct waitqueue *queue, const char *name);

/*
 * waitqueue_prepare: put the calling thread behind the others and record that it sleeps (flags: 0
 * or WAIT_INTERRUPTIBLE). Until waitqueue_wait it may take spin locks, but not sleep. Takes the
 * queue's lock.
 */
void waitqueue_prepare(struct waitqueue *queue, struct waiter *waiter, unsigned flags);

/*
 * waitqueue_wait: sleep until it is woken, or not at all if it was since waitqueue_prepare. Returns
 * 0 if it was woken, or -EINTR if thread_interrupt was faster, and the sleep interruptible: it has
 * then taken nobody's wake-up. In both cases it is in no queue afterwards. May sleep. Takes the
 * queue's lock.
 */
int waitqueue_wait(struct waitqueue *queue, struct waiter *waiter);

/*
 * waitqueue_cancel: instead of waitqueue_wait, if there is no reason to sleep any more. True if a
 * wake-up has been taken since waitqueue_prepare. Never sleeps. Takes the queue's lock.
 */
bool waitqueue_cancel(struct waitqueue *queue, struct waiter *waiter);

/*
 * waitqueue_sleep: let go of guard, sleep, and take guard again: what was true under guard before
 * may be wrong by then, so callers look again in a loop. Caller holds guard and no other spin
 * lock. Returns as waitqueue_wait. May sleep.
 */
int waitqueue_sleep(struct waitqueue *queue, struct spinlock *guard, unsigned flags);

/* waitqueue_wake_one: wake the one that came first, of those that want it; false if none does.
 * Whoever is woken is out of the queue, the others stay in it. Never sleeps. Takes the queue's
 * lock. */
bool waitqueue_wake_one(struct waitqueue *queue);

/* waitqueue_wake_all: wake all that wait now and want it, those that came first before the others;
 * returns how many. Never sleeps. Takes the queue's lock. */
unsigned waitqueue_wake_all(struct waitqueue *queue);

/* waitqueue_empty: whether nobody waits, at this moment. Takes the queue's lock. */
bool waitqueue_empty(struct waitqueue *queue);

/* What waitqueue_prepare and waitqueue_wait are made of, for waiters with a wake function of their
 * own: */

/* waitqueue_join: put a waiter, whose wake function is set, behind the others. Never sleeps. Takes
 * the queue's lock. */
void waitqueue_join(struct waitqueue *queue, struct waiter *waiter);

/*
 * waitqueue_leave: take a waiter that has joined out of the queue, if nobody has woken it; whether
 * it was still there. Nobody looks at it any more afterwards. Never sleeps. Takes the queue's lock.
 */
bool waitqueue_leave(struct waitqueue *queue, struct waiter *waiter);
