/*
 * Sleepers: threads that sleep in a lock's queue until the lock is handed over to
 * them. Who lets go of a lock makes the next one its owner before that one even
 * wakes: so nobody who comes later can be faster, and nobody is woken in vain.
 *
 * thread_join sleeps so, too: what is handed over is the news that a thread has ended.
 */
#pragma once
#include "lab1-boot/lib/list.h"
#include "lab1-boot/lock/spinlock.h"
#include <stdbool.h>

struct thread;

/* On the stack of the one that sleeps. All [guard]. */
struct sleeper {
	struct list link;
	struct thread *thread;
	bool writes; /* reader-writer locks: what it came for */
	bool given;  /* the lock is handed over to it */
};

/* sleeper_join: put the calling thread behind the others in the queue. Caller holds guard. */
void sleeper_join(struct list *queue, struct sleeper *sleeper, bool writes);

/*
 * sleeper_wait: sleep until sleeper_give. Caller holds guard, which is let go of meanwhile, and
 * held again at the end. May sleep.
 */
void sleeper_wait(struct sleeper *sleeper, struct spinlock *guard);

/* sleeper_give: the lock is this one's: take it out of the queue and wake it. Caller holds guard.
 */
void sleeper_give(struct sleeper *sleeper);

/* sleeper_first: the one that came first; NULL if nobody sleeps. Caller holds guard. */
struct sleeper *sleeper_first(struct list *queue);
