/*
 * Priority donation: who waits for a mutex lends its priority to the owner.
 *
 * Without it a thread of low priority that owns a mutex may be kept from running by
 * one of middle priority, and with it whoever waits for the mutex, however urgent
 * (priority inversion). A thread's priority is the highest of its own and of all that
 * wait for mutexes it owns. An owner may wait itself: the loan goes on along the chain.
 *
 * One lock guards it all: who waits for what, the waiters of every mutex, and the
 * owner of a mutex that has waiters. It is taken inside a mutex's guard.
 *
 * Reader-writer locks lend nothing: a writer waits for many readers, and nobody lists them.
 *
 * Read more: Sha, Rajkumar and Lehoczky, "Priority inheritance protocols", IEEE
 * Transactions on Computers 39(9), 1990.
 */
#pragma once
#include "lab1-boot/lock/mutex.h"

struct thread;

/* Caller of all three holds mutex->guard. They take the donation lock and run queues' locks. */

/* donation_wait: the calling thread, which is among the mutex's waiters, now waits for its owner.
 */
void donation_wait(struct mutex *mutex);

/* donation_taken: thread is the owner from now on. It has left the waiters, if it was one. */
void donation_taken(struct mutex *mutex, struct thread *thread);

/* donation_release: the calling thread, the owner, gives the mutex up. */
void donation_release(struct mutex *mutex);

/* donation_set_base: a thread's own priority changes; what it is lent stays. Takes the donation
 * lock and run queues' locks. */
void donation_set_base(struct thread *thread, unsigned priority);

/* The donation lock, for who changes a mutex's waiters. */
void donation_lock(void);
void donation_unlock(void);
