/* Counting semaphores: see semaphore.h. */
#include "lab3-threads/lock/semaphore.h"
#include "lab1-boot/debug/panic.h"
#include "lab3-threads/order/order.h"
#include "lab3-threads/sched/sched.h"

void semaphore_init(struct semaphore *semaphore, const char *name, unsigned count)
{
	spin_init(&semaphore->lock, "semaphore");
	semaphore->count = count;
	waitqueue_init(&semaphore->queue, name);
}

/* The unit is the waiter's, even if thread_interrupt was faster to wake it. */
static bool give(struct waiter *waiter)
{
	sched_wake(waiter->thread);
	return true;
}

bool semaphore_try(struct semaphore *semaphore)
{
	uint64_t irq;
	bool any;

	irq = spin_lock_irqsave(&semaphore->lock);
	any = semaphore->count > 0;
	semaphore->count -= any;
	spin_unlock_irqrestore(&semaphore->lock, irq);
	return any;
}

int semaphore_down(struct semaphore *semaphore, unsigned flags)
{
	struct waiter self;
	uint64_t irq;

	order_may_sleep((uint64_t)__builtin_return_address(0));
	assert(may_sleep());
	irq = spin_lock_irqsave(&semaphore->lock);
	if (semaphore->count > 0) {
		semaphore->count--;
		spin_unlock_irqrestore(&semaphore->lock, irq);
		return 0;
	}
	waitqueue_prepare(&semaphore->queue, &self, flags);
	self.wake = give; /* who wakes holds the lock: nobody has, so far */
	spin_unlock_irqrestore(&semaphore->lock, irq);
	return waitqueue_wait(&semaphore->queue, &self);
}

void semaphore_up(struct semaphore *semaphore)
{
	uint64_t irq = spin_lock_irqsave(&semaphore->lock);

	if (!waitqueue_wake_one(&semaphore->queue))
		semaphore->count++;
	spin_unlock_irqrestore(&semaphore->lock, irq);
}
