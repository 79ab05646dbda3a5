/* Wait queues: see waitqueue.h. */
#include "lab3-threads/lock/waitqueue.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab3-threads/sched/sched.h"
#include <linux/errno.h>

void waitqueue_init(struct waitqueue *queue, const char *name)
{
	spin_init(&queue->lock, name);
	list_init(&queue->waiters);
}

/* What a sleeping thread's waiter does. */
static bool wake_thread(struct waiter *waiter)
{
	return sched_wake(waiter->thread);
}

/* Whether thread_interrupt has come since the last interruptible sleep; it has then been seen. */
static bool interrupted(void)
{
	return __atomic_exchange_n(&thread_self()->interrupted, false, __ATOMIC_ACQ_REL);
}

void waitqueue_prepare(struct waitqueue *queue, struct waiter *waiter, unsigned flags)
{
	*waiter = (struct waiter){ .thread = thread_self(), .wake = wake_thread };
	/* Exercise 3.4: put the waiter behind the others, and record with sched_prepare_sleep
	 * that this thread sleeps. No wake may come between the two. */
	// BEGIN SOLUTION 3.4
	spin_lock(&queue->lock);
	waiter->queued = true;
	list_push_back(&queue->waiters, &waiter->link);
	sched_prepare_sleep(flags);
	spin_unlock(&queue->lock);
	// END SOLUTION 3.4 => (void)queue; (void)flags; todo("3.4");
}

int waitqueue_wait(struct waitqueue *queue, struct waiter *waiter)
{
	/* Exercise 3.4: sleep, unless woken since waitqueue_prepare. Whoever wakes a waiter takes
	 * it out of the queue. An interrupted sleep ends with the waiter still in it: take it out,
	 * since it lies on this stack, and return -EINTR. A waker may still hold the queue's lock
	 * and look at the waiter: do not return before it has let go. */
	// BEGIN SOLUTION 3.4
	bool left_over;

	sched_sleep();
	spin_lock(&queue->lock);
	left_over = waiter->queued;
	if (left_over)
		list_remove(&waiter->link);
	waiter->queued = false;
	spin_unlock(&queue->lock);
	return left_over && interrupted() ? -EINTR : 0;
	// END SOLUTION 3.4 => (void)queue; (void)waiter; todo("3.4"); return 0;
}

int waitqueue_sleep(struct waitqueue *queue, struct spinlock *guard, unsigned flags)
{
	struct waiter waiter;
	int error;

	assert(spin_held(guard));
	waitqueue_prepare(queue, &waiter, flags);
	spin_unlock(guard);
	error = waitqueue_wait(queue, &waiter);
	spin_lock(guard);
	return error;
}

bool waitqueue_wake_one(struct waitqueue *queue)
{
	/* Exercise 3.4: take waiters out of the queue, the one that came first before the others,
	 * until one's wake function says that it wanted to be woken. */
	// BEGIN SOLUTION 3.4
	bool woken = false;

	spin_lock(&queue->lock);
	while (!woken && !list_empty(&queue->waiters)) {
		struct waiter *first = list_entry(queue->waiters.next, struct waiter, link);

		list_remove(&first->link);
		first->queued = false;
		woken = first->wake(first);
	}
	spin_unlock(&queue->lock);
	return woken;
	// END SOLUTION 3.4 => (void)queue; todo("3.4"); return false;
}

unsigned waitqueue_wake_all(struct waitqueue *queue)
{
	/* Exercise 3.4: the same for all that wait now. */
	// BEGIN SOLUTION 3.4
	unsigned woken = 0;

	spin_lock(&queue->lock);
	while (!list_empty(&queue->waiters)) {
		struct waiter *first = list_entry(queue->waiters.next, struct waiter, link);

		list_remove(&first->link);
		first->queued = false;
		woken += first->wake(first);
	}
	spin_unlock(&queue->lock);
	return woken;
	// END SOLUTION 3.4 => (void)queue; todo("3.4"); return 0;
}

bool waitqueue_empty(struct waitqueue *queue)
{
	bool empty;

	spin_lock(&queue->lock);
	empty = list_empty(&queue->waiters);
	spin_unlock(&queue->lock);
	return empty;
}
