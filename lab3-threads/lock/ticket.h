/*
 * Ticket locks: the heart of a spin lock. As at a counter: draw a number, and wait until
 * it is called. So processors come in the order in which they asked.
 *
 * Read more: Mellor-Crummey and Scott, "Algorithms for scalable synchronization on
 * shared-memory multiprocessors", ACM TOCS 9(1), 1991, section 2.2; C11, section 7.17.3
 * (what acquire and release promise).
 */
#pragma once
#include "lab1-boot/lock/spinlock.h"

/*
 * ticket_lock: wait for the lock. What its holders before have written is seen afterwards. Returns
 * how often it had to look again.
 */
uint64_t ticket_lock(struct spinlock *lock);

/* ticket_unlock: let the next one in. What was written under the lock is seen by who comes. */
void ticket_unlock(struct spinlock *lock);

/* ticket_trylock: take the lock, as ticket_lock does, if nobody has it or waits for it; false if
 * not. Never waits. */
bool ticket_trylock(struct spinlock *lock);
