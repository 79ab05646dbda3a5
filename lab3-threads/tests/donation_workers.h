/*
 * Workers that own mutexes and wait for some. Mutexes are of different classes: they are
 * taken in the order of their numbers, as the lock-order checker wants it.
 */
#pragma once
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/tests/workers.h"

#define MUTEXES 8

#define TESTED(i) MUTEX_INIT(mutex[i], "tested " #i)
static struct mutex mutex[MUTEXES] = { TESTED(0), TESTED(1), TESTED(2), TESTED(3), TESTED(4),
	TESTED(5), TESTED(6), TESTED(7) };
#undef TESTED

static void do_lock(unsigned self, unsigned number)
{
	(void)self;
	mutex_lock(&mutex[number]);
}

static void do_unlock(unsigned self, unsigned number)
{
	(void)self;
	mutex_unlock(&mutex[number]);
}

static inline void let_lock(unsigned number, unsigned which)
{
	worker_do(number, do_lock, which);
}

static inline void let_unlock(unsigned number, unsigned which)
{
	worker_do(number, do_unlock, which);
}

static inline void set_base(unsigned number, unsigned priority)
{
	thread_set_priority(worker[number].thread, priority);
	workers_settle();
}

static inline bool owns(unsigned number, unsigned which)
{
	return __atomic_load_n(&mutex[which].owner, __ATOMIC_RELAXED) == worker[number].thread;
}
