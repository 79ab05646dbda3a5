/* Lending priorities along chains of mutexes: see donation.h. */
#include "lab3-threads/lock/donation.h"
#include "lab1-boot/ktest/todo.h"
#include "lab3-threads/lock/sleeper.h"
#include "lab3-threads/sched/sched.h"

static struct spinlock lock = SPINLOCK_INIT("donation");

void donation_lock(void)
{
	spin_lock(&lock);
}

void donation_unlock(void)
{
	spin_unlock(&lock);
}

/*
 * A mutex is in its owner's list `held` as long as somebody waits for it; its link in no list is as
 * list_init leaves it. All of the following: caller holds the donation lock.
 */

/* The highest priority among those that wait for a mutex; 0 if nobody does. */
static unsigned highest_waiter(const struct mutex *mutex)
{
	unsigned highest = 0;

	list_each (link, &mutex->waiters) {
		unsigned priority = list_entry(link, struct sleeper, link)->thread->priority;

		highest = priority > highest ? priority : highest;
	}
	return highest;
}

/* What a thread's priority should be: its own, or a higher one that is lent to it. */
static unsigned deserved(const struct thread *thread)
{
	/* Exercise 3.9: look at all mutexes of its list `held`. */
	// BEGIN SOLUTION 3.9
	unsigned priority = thread->base;

	list_each (link, &thread->held) {
		unsigned lent = highest_waiter(list_entry(link, struct mutex, held));

		priority = lent > priority ? lent : priority;
	}
	return priority;
	// END SOLUTION 3.9 => todo("3.9"); (void)highest_waiter; return thread->base;
}

/* A thread's priority may have to change, and with it that of whoever it waits for. */
static void renew(struct thread *thread)
{
	/* Exercise 3.9: go along the chain as long as something changes: a circle of threads that
	 * wait for each other must not keep this going for ever. */
	// BEGIN SOLUTION 3.9
	unsigned priority = deserved(thread);

	while (priority != thread->priority) {
		sched_set_priority(thread, priority);
		if (!thread->waiting_for)
			return;
		thread = thread->waiting_for->owner;
		priority = deserved(thread);
	}
	// END SOLUTION 3.9 => todo("3.9"); (void)deserved; sched_set_priority(thread,
	// thread->base);
}

void donation_wait(struct mutex *mutex)
{
	spin_lock(&lock);
	/* Exercise 3.9: note what this thread waits for, and that somebody waits for what the
	 * owner holds; then the owner's priority may have to change. */
	// BEGIN SOLUTION 3.9
	thread_self()->waiting_for = mutex;
	if (list_empty(&mutex->held))
		list_push_back(&mutex->owner->held, &mutex->held);
	renew(mutex->owner);
	// END SOLUTION 3.9 => todo("3.9"); (void)mutex;
	spin_unlock(&lock);
}

void donation_taken(struct mutex *mutex, struct thread *thread)
{
	spin_lock(&lock);
	/* Exercise 3.9: the thread waits no more; others may still wait for the mutex, now for
	 * this thread to give it up. */
	// BEGIN SOLUTION 3.9
	thread->waiting_for = NULL;
	if (!list_empty(&mutex->waiters))
		list_push_back(&thread->held, &mutex->held);
	renew(thread);
	// END SOLUTION 3.9 => todo("3.9"); (void)mutex; (void)thread;
	spin_unlock(&lock);
}

void donation_release(struct mutex *mutex)
{
	if (list_empty(&mutex->waiters)) /* they only change under the guard, too */
		return;
	spin_lock(&lock);
	/* Exercise 3.9: what was lent for this mutex is given back; what was lent for others
	 * stays. */
	// BEGIN SOLUTION 3.9
	list_remove(&mutex->held);
	list_init(&mutex->held);
	renew(thread_self());
	// END SOLUTION 3.9 => todo("3.9"); (void)mutex;
	spin_unlock(&lock);
}

void donation_set_base(struct thread *thread, unsigned priority)
{
	spin_lock(&lock);
	thread->base = priority;
	renew(thread);
	spin_unlock(&lock);
}
