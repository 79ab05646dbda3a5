/*
 * Mutexes. Free, one is taken in passing. Owned by a thread that runs at this moment
 * on another processor, it will soon be free, and spinning costs less than sleeping;
 * otherwise the thread sleeps, and the owner hands the mutex over to the most urgent
 * sleeper, among equals to the first. Replaces lab 1's stand-in.
 *
 * Read more: Mesa's monitors: Lampson and Redell, "Experience with processes and
 * monitors in Mesa", CACM 23(2), 1980.
 */
#include "lab1-boot/lock/mutex.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab3-threads/lock/donation.h"
#include "lab3-threads/lock/sleeper.h"
#include "lab3-threads/order/order.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/trace/trace.h"

#define LOOKS_MAX 1000 /* at a running owner, before we sleep */
#define CALLER    ((uint64_t)__builtin_return_address(0))

void mutex_init(struct mutex *mutex, const char *name)
{
	*mutex = (struct mutex)MUTEX_INIT(*mutex, name);
}

bool mutex_held(const struct mutex *mutex)
{
	return __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) == thread_self();
}

/* The mutex is that thread's, or nobody's. Caller holds mutex->guard, and the donation lock if it
 * has waiters. */
static void set_owner(struct mutex *mutex, struct thread *thread)
{
	mutex->locked = thread;
	__atomic_store_n(&mutex->owner, thread, __ATOMIC_RELAXED);
}

/* Caller holds mutex->guard. */
static bool take(struct mutex *mutex)
{
	if (mutex->locked)
		return false;
	set_owner(mutex, thread_self());
	return true;
}

/* Join the waiters, and lend the owner our priority. Caller holds mutex->guard. */
static void queue_up(struct mutex *mutex, struct sleeper *self)
{
	donation_lock();
	sleeper_join(&mutex->waiters, self, true);
	donation_unlock();
	donation_wait(mutex);
}

/* The waiter with the highest priority, of equal ones the one that came first; NULL: nobody waits.
 * Caller holds mutex->guard. */
static struct sleeper *most_urgent(struct mutex *mutex)
{
	struct sleeper *best = NULL;

	if (list_empty(&mutex->waiters)) /* as nearly always: all mutexes share the lock below */
		return NULL;
	donation_lock();
	/* Exercise 3.5: what counts is thread->priority, which stands still meanwhile. */
	// BEGIN SOLUTION 3.5
	list_each (link, &mutex->waiters) {
		struct sleeper *sleeper = list_entry(link, struct sleeper, link);

		if (!best || sleeper->thread->priority > best->thread->priority)
			best = sleeper;
	}
	// END SOLUTION 3.5 => (void)mutex; todo("3.5");
	donation_unlock();
	return best;
}

/* Make a waiter the owner, and wake it. Caller holds mutex->guard, and has given it up. */
static void give_to(struct mutex *mutex, struct sleeper *next)
{
	donation_lock();
	set_owner(mutex, next->thread);
	sleeper_give(next);
	donation_unlock();
	donation_taken(mutex, next->thread);
}

/* Whether it pays to look again instead of sleeping. Caller holds mutex->guard, so that the owner
 * cannot end meanwhile. */
static bool soon_free(const struct mutex *mutex, unsigned looks)
{
	return looks < LOOKS_MAX && list_empty(&mutex->waiters) && sched_running(mutex->owner);
}

/* Wait for the mutex, which is not free. Caller holds mutex->guard. */
static void mutex_wait(struct mutex *mutex)
{
	/* Exercise 3.5: look again as long as soon_free says that it pays, letting go of the guard
	 * for a CPU_PAUSE() between two looks; take the mutex if it is free by then. Otherwise
	 * queue_up, and sleep (sleeper.h) until an owner has handed it over. The guard is held at
	 * the end. */
	// BEGIN SOLUTION 3.5
	struct sleeper self;

	for (unsigned looks = 0; soon_free(mutex, looks); looks++) {
		spin_unlock(&mutex->guard);
		CPU_PAUSE();
		spin_lock(&mutex->guard);
		if (take(mutex))
			return;
	}
	queue_up(mutex, &self);
	sleeper_wait(&self, &mutex->guard);
	// END SOLUTION 3.5 => todo("3.5"); (void)soon_free; (void)queue_up; (void)mutex;
}

void mutex_lock(struct mutex *mutex)
{
	order_may_sleep(CALLER);
	assert(may_sleep());
	order_acquire(mutex, mutex->name, CALLER, ORDER_MUTEX);
	spin_lock(&mutex->guard);
	if (!take(mutex)) {
		if (mutex_held(mutex))
			panic("mutex %s is taken twice", mutex->name);
		order_waits(mutex);
		trace_event(TRACE_WAIT, thread_self()->id, (uint64_t)mutex);
		mutex_wait(mutex);
		trace_event(TRACE_WAITED, thread_self()->id, (uint64_t)mutex);
	}
	mutex->acquired_at = CALLER;
	spin_unlock(&mutex->guard);
	order_acquired(mutex, ORDER_MUTEX, 0);
}

bool mutex_trylock(struct mutex *mutex)
{
	bool ours;

	spin_lock(&mutex->guard);
	ours = take(mutex);
	if (ours)
		mutex->acquired_at = CALLER;
	spin_unlock(&mutex->guard);
	if (ours) {
		order_try(mutex, mutex->name, CALLER, ORDER_MUTEX);
		order_acquired(mutex, ORDER_MUTEX, 0);
	}
	return ours;
}

void mutex_unlock(struct mutex *mutex)
{
	order_release(mutex, ORDER_MUTEX, CALLER, mutex->acquired_at);
	assert(mutex_held(mutex));
	spin_lock(&mutex->guard);
	donation_release(mutex);
	/* Exercise 3.5: hand the mutex to the most urgent waiter; without one it is free, and
	 * nobody's. */
	// BEGIN SOLUTION 3.5
	// STARTER 3.5
	// todo("3.5");
	// (void)most_urgent;
	// (void)give_to;
	// set_owner(mutex, NULL);
	struct sleeper *next = most_urgent(mutex);

	if (next)
		give_to(mutex, next);
	else
		set_owner(mutex, NULL);
	// END SOLUTION 3.5
	spin_unlock(&mutex->guard);
}
