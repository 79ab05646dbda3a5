/*
 * Sleeping with an end: see sleep.h. The timer is one more that may end the sleep, beside
 * who wakes and who interrupts; the scheduler lets only one of them do so.
 */
#include "lab4-interrupts/time/sleep.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/list.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/sched/sched.h"
#include <linux/errno.h>

struct alarm {
	struct timer timer;
	struct thread *thread;
	bool rang; /* it has ended the sleep; read after timer_stop */
};

static void ring(struct timer *timer)
{
	struct alarm *alarm = list_entry(timer, struct alarm, timer);

	alarm->rang = sched_wake(alarm->thread);
}

/* With the present thread's sleep prepared. */
static int wait_for_alarm(struct waitqueue *queue, struct waiter *waiter, uint64_t deadline)
{
	struct alarm alarm = { .thread = thread_self() };
	int error;

	timer_init(&alarm.timer, ring);
	timer_start(&alarm.timer, deadline);
	error = waitqueue_wait(queue, waiter);
	timer_stop(&alarm.timer);
	return error == 0 && alarm.rang ? -ETIMEDOUT : error;
}

int waitqueue_wait_until(struct waitqueue *queue, struct waiter *waiter, uint64_t deadline)
{
	if (deadline == TIMER_NEVER)
		return waitqueue_wait(queue, waiter);
	if (deadline <= clock_ns())
		return waitqueue_cancel(queue, waiter) ? 0 : -ETIMEDOUT;
	return wait_for_alarm(queue, waiter, deadline);
}

int waitqueue_sleep_until(
	struct waitqueue *queue, struct spinlock *guard, unsigned flags, uint64_t deadline)
{
	struct waiter waiter;
	int error;

	assert(spin_held(guard));
	waitqueue_prepare(queue, &waiter, flags);
	spin_unlock(guard);
	error = waitqueue_wait_until(queue, &waiter, deadline);
	spin_lock(guard);
	return error;
}

int sleep_until(uint64_t deadline, unsigned flags)
{
	struct waitqueue nobody = WAITQUEUE_INIT(nobody, "sleep");
	struct waiter waiter;
	int error;

	waitqueue_prepare(&nobody, &waiter, flags);
	error = waitqueue_wait_until(&nobody, &waiter, deadline);
	return error == -ETIMEDOUT ? 0 : error;
}
