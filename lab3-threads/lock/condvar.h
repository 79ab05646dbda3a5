/*
 * Condition variables, as Mesa has them: a signal is a hint that the condition may
 * hold. Who was woken takes the mutex like everybody else, and finds the world as
 * others left it: so callers wait in a loop.
 *
 *   mutex_lock(&mutex);
 *   while (!condition)
 *           condvar_wait(&condvar, &mutex, 0);
 *
 * Read more: Lampson and Redell, "Experience with processes and monitors in Mesa",
 * CACM 23(2), 1980.
 */
#pragma once
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/lock/waitqueue.h"

struct condvar {
	struct waitqueue queue;
};

#define CONDVAR_INIT(condvar, its_name)                                                            \
	{                                                                                          \
		.queue = WAITQUEUE_INIT((condvar).queue, its_name)                                 \
	}

/* condvar_init: nobody waits. The name stays the caller's; it is not copied. */
void condvar_init(struct condvar *condvar, const char *name);

/*
 * condvar_wait: give the mutex up, sleep until a signal, and take the mutex again. No signal after
 * the mutex is free is missed. Caller holds the mutex. flags as for waitqueue_prepare; returns 0,
 * or -EINTR if an interrupt was faster, which has then taken nobody's signal; with the mutex held
 * in both cases. May sleep.
 */
int condvar_wait(struct condvar *condvar, struct mutex *mutex, unsigned flags);

/* condvar_signal: wake one that waits, if any. condvar_broadcast: wake all. Neither needs the mutex
 * to be held, nor sleeps. */
void condvar_signal(struct condvar *condvar);
void condvar_broadcast(struct condvar *condvar);
