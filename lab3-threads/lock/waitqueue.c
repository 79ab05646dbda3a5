/* Wait queues: see waitqueue.h. */
#include "lab3-threads/lock/waitqueue.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab3-threads/sched/sched.h"
#include <linux/errno.h>

_Static_assert(WAIT_INTERRUPTIBLE == SLEEP_INTERRUPTIBLE, "flags are handed on");

void waitqueue_init(struct waitqueue *queue, const char *name)
{
	spin_init(&queue->lock, name);
	list_init(&queue->waiters);
}

/* --- waiting ------------------------------------------------------------------------- */

void waitqueue_join(struct waitqueue *queue, struct waiter *waiter)
{
	/* Exercise 3.4 */
	// BEGIN SOLUTION 3.4
	uint64_t irq = spin_lock_irqsave(&queue->lock);

	list_push_back(&queue->waiters, &waiter->link);
	waiter->queued = true;
	spin_unlock_irqrestore(&queue->lock, irq);
	// END SOLUTION 3.4 => (void)queue; (void)waiter; todo("3.4");
}

bool waitqueue_leave(struct waitqueue *queue, struct waiter *waiter)
{
	/* Exercise 3.4: a waker may still hold the queue's lock, and look at the waiter: do not
	 * return before it has let go. */
	// BEGIN SOLUTION 3.4
	uint64_t irq = spin_lock_irqsave(&queue->lock);
	bool was_there = waiter->queued;

	if (was_there)
		list_remove(&waiter->link);
	waiter->queued = false;
	spin_unlock_irqrestore(&queue->lock, irq);
	return was_there;
	// END SOLUTION 3.4 => (void)queue; (void)waiter; todo("3.4"); return false;
}

/* What a sleeping thread's waiter does: it wants to be woken if nothing else has ended its sleep,
 * which it has recorded. */
static bool wake_thread(struct waiter *waiter)
{
	return sched_wake(waiter->thread);
}

void waitqueue_prepare(struct waitqueue *queue, struct waiter *waiter, unsigned flags)
{
	*waiter = (struct waiter){ .thread = thread_self(), .wake = wake_thread };
	/* Exercise 3.4: join, and record with sched_prepare_sleep that this thread sleeps: whoever
	 * wakes once this has returned has to find a thread that does. */
	// BEGIN SOLUTION 3.4
	sched_prepare_sleep(flags);
	waitqueue_join(queue, waiter);
	// END SOLUTION 3.4 => (void)queue; (void)flags; todo("3.4");
}

/* Whether thread_interrupt has ended the calling thread's sleep, or will end its next one: not any
 * more, then. */
static bool interrupted(void)
{
	struct thread *self = thread_self();

	return self->interruptible &&
	       __atomic_exchange_n(&self->interrupted, false, __ATOMIC_ACQ_REL);
}

int waitqueue_wait(struct waitqueue *queue, struct waiter *waiter)
{
	/* Exercise 3.4: sched_sleep returns when the sleep is over, whoever has ended it. The
	 * waiter lies on this stack, and must not stay in the queue. If a wake-up and an interrupt
	 * have met, the wake-up counts, and the interrupt is the next sleep's. */
	// BEGIN SOLUTION 3.4
	sched_sleep();
	return waitqueue_leave(queue, waiter) && interrupted() ? -EINTR : 0;
	// END SOLUTION 3.4 => (void)queue; (void)waiter; (void)interrupted; todo("3.4"); return 0;
}

bool waitqueue_cancel(struct waitqueue *queue, struct waiter *waiter)
{
	sched_wake(thread_self()); /* from now on it takes no wake-up */
	return !waitqueue_leave(queue, waiter);
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

/* --- waking -------------------------------------------------------------------------- */

// BEGIN SOLUTION 3.4
/* Caller holds the queue's lock: the waiter does not go away before that is let go of. */
static bool offer(struct waiter *waiter)
{
	if (!waiter->wake(waiter))
		return false;
	list_remove(&waiter->link);
	waiter->queued = false;
	return true;
}

// END SOLUTION 3.4 =>
bool waitqueue_wake_one(struct waitqueue *queue)
{
	/* Exercise 3.4: ask the waiters' wake functions, until one takes the wake-up. */
	// BEGIN SOLUTION 3.4
	uint64_t irq = spin_lock_irqsave(&queue->lock);
	struct list *link = queue->waiters.next;

	while (link != &queue->waiters && !offer(list_entry(link, struct waiter, link)))
		link = link->next;
	spin_unlock_irqrestore(&queue->lock, irq);
	return link != &queue->waiters;
	// END SOLUTION 3.4 => (void)queue; todo("3.4"); return false;
}

unsigned waitqueue_wake_all(struct waitqueue *queue)
{
	/* Exercise 3.4: the same, for all that wait now. */
	// BEGIN SOLUTION 3.4
	uint64_t irq = spin_lock_irqsave(&queue->lock);
	unsigned woken = 0;

	for (struct list *link = queue->waiters.next, *next; link != &queue->waiters; link = next) {
		next = link->next;
		woken += offer(list_entry(link, struct waiter, link));
	}
	spin_unlock_irqrestore(&queue->lock, irq);
	return woken;
	// END SOLUTION 3.4 => (void)queue; todo("3.4"); return 0;
}

bool waitqueue_empty(struct waitqueue *queue)
{
	uint64_t flags = spin_lock_irqsave(&queue->lock);
	bool empty = list_empty(&queue->waiters);

	spin_unlock_irqrestore(&queue->lock, flags);
	return empty;
}
