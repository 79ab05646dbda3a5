/*
 * Reader-writer locks that starve nobody: who comes while others wait, waits behind
 * them, and whoever lets go hands the lock to the first one; if that is a reader, to
 * all readers up to the first writer. Replaces lab 1's stand-in.
 *
 * So whoever has the lock may not ask for it again, not even for reading: a writer that
 * came in between would wait for him, and he behind it.
 *
 * Read more: Courtois, Heymans and Parnas, "Concurrent control with 'readers' and
 * 'writers'", CACM 14(10), 1971 (and which of the two their solutions starve).
 */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/lock/sleeper.h"
#include "lab3-threads/order/order.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/trace/trace.h"

#define CALLER ((uint64_t)__builtin_return_address(0))

void rwlock_init(struct rwlock *lock, const char *name)
{
	*lock = (struct rwlock)RWLOCK_INIT(*lock, name);
}

static void set_writer(struct rwlock *lock, struct thread *thread)
{
	lock->writing = thread;
	__atomic_store_n(&lock->owner, thread, __ATOMIC_RELAXED);
}

/* Sleep until the lock is handed over. Caller holds lock->guard. */
static void wait_for(struct rwlock *lock, bool writes)
{
	struct sleeper self;

	order_waits(lock);
	trace_event(TRACE_WAIT, thread_self()->id, (uint64_t)lock);
	sleeper_join(&lock->waiters, &self, writes);
	sleeper_wait(&self, &lock->guard);
	trace_event(TRACE_WAITED, thread_self()->id, (uint64_t)lock);
}

/* All of the following: caller holds lock->guard. */

/* Take it for reading, now or after waiting. */
static void enter_reading(struct rwlock *lock)
{
	/* Exercise 3.6: readers do not disturb each other. Whoever may not come in now uses
	 * wait_for, and finds the lock handed over to it afterwards: counted by pass_on. */
	// BEGIN SOLUTION 3.6
	if (lock->writing || !list_empty(&lock->waiters))
		wait_for(lock, false);
	else
		lock->readers++;
	// END SOLUTION 3.6 => (void)wait_for; todo("3.6"); lock->readers++;
}

/* Take it for writing, now or after waiting. */
static void enter_writing(struct rwlock *lock)
{
	/* Exercise 3.6: a writer is alone. */
	// BEGIN SOLUTION 3.6
	if (lock->writing || lock->readers)
		wait_for(lock, true);
	else
		set_writer(lock, thread_self());
	// END SOLUTION 3.6 => (void)wait_for; todo("3.6"); set_writer(lock, thread_self());
}

/* Somebody has left: hand the lock to those whose turn it is, if it can be theirs now. */
static void pass_on(struct rwlock *lock)
{
	/* Exercise 3.6: with sleeper_first and sleeper_give; the lock's state is changed here in
	 * their name. */
	// BEGIN SOLUTION 3.6
	struct sleeper *first = sleeper_first(&lock->waiters);

	if (lock->readers || lock->writing || !first)
		return;
	if (first->writes) {
		set_writer(lock, first->thread);
		sleeper_give(first);
		return;
	}
	for (; first && !first->writes; first = sleeper_first(&lock->waiters)) {
		lock->readers++;
		sleeper_give(first);
	}
	// END SOLUTION 3.6 => (void)lock; todo("3.6");
}

/* A reader that asks again is found by the lock-order checker only. */
static void check_not_ours(const struct rwlock *lock)
{
	if (rwlock_write_held(lock))
		panic("rwlock %s is taken twice", lock->name);
}

void rwlock_read(struct rwlock *lock)
{
	order_may_sleep(CALLER);
	assert(may_sleep());
	order_acquire(lock, lock->name, CALLER, ORDER_READ);
	check_not_ours(lock);
	spin_lock(&lock->guard);
	enter_reading(lock);
	spin_unlock(&lock->guard);
	order_acquired(lock, ORDER_READ, 0);
}

void rwlock_read_done(struct rwlock *lock)
{
	order_release(lock, ORDER_READ, CALLER, lock->acquired_at);
	spin_lock(&lock->guard);
	assert(lock->readers > 0);
	lock->readers--;
	pass_on(lock);
	spin_unlock(&lock->guard);
}

void rwlock_write(struct rwlock *lock)
{
	order_may_sleep(CALLER);
	assert(may_sleep());
	order_acquire(lock, lock->name, CALLER, ORDER_WRITE);
	check_not_ours(lock);
	spin_lock(&lock->guard);
	enter_writing(lock);
	lock->acquired_at = CALLER;
	spin_unlock(&lock->guard);
	order_acquired(lock, ORDER_WRITE, 0);
}

void rwlock_write_done(struct rwlock *lock)
{
	order_release(lock, ORDER_WRITE, CALLER, lock->acquired_at);
	assert(rwlock_write_held(lock));
	spin_lock(&lock->guard);
	set_writer(lock, NULL);
	pass_on(lock);
	spin_unlock(&lock->guard);
}

bool rwlock_write_held(const struct rwlock *lock)
{
	return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == thread_self();
}

bool rwlock_held(const struct rwlock *lock)
{
	struct rwlock *guarded = (struct rwlock *)lock; /* taking its guard changes nothing else */
	bool held;

	if (rwlock_write_held(lock))
		return true;
	spin_lock(&guarded->guard);
	held = lock->readers > 0;
	spin_unlock(&guarded->guard);
	return held;
}
