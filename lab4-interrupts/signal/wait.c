/* Waiting for signals. Read more: sigsuspend(2), sigwaitinfo(2), pause(2). */
#include "lab1-boot/debug/panic.h"
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/signal/state.h"
#include "lab4-interrupts/time/clocks.h"
#include "lab4-interrupts/time/sleep.h"

bool signal_pending(void)
{
	return __atomic_load_n(&task_self()->work, __ATOMIC_RELAXED) & (TASK_SIGNAL | TASK_END);
}

bool signal_told_to_end(void)
{
	unsigned work = __atomic_load_n(&task_self()->work, __ATOMIC_RELAXED);

	return (work & TASK_END) || ((work & TASK_SIGNAL) && signal_ends());
}

/* Whether something that is not blocked is really pending, or the task ends. */
static bool deliverable(void)
{
	struct signals *signals = signals_self();
	struct task_signals *self = task_signals_self();
	uint64_t irq = spin_lock_irqsave(&signals->lock);
	bool so = (signals->pending.set | self->pending.set) & ~self->blocked;

	so |= signals->stopped;
	spin_unlock_irqrestore(&signals->lock, irq);
	return so || (__atomic_load_n(&self->task->work, __ATOMIC_RELAXED) & TASK_END);
}

int signal_sleep(uint64_t deadline)
{
	struct waitqueue nobody; /* nobody wakes: a signal interrupts */
	struct waiter waiter;

	waitqueue_init(&nobody, "signal");
	waitqueue_prepare(&nobody, &waiter, WAIT_INTERRUPTIBLE);
	if (deliverable()) {
		waitqueue_cancel(&nobody, &waiter);
		return -EINTR;
	}
	return waitqueue_wait_until(&nobody, &waiter, deadline);
}

/* --- until any handler runs ---------------------------------------------------------- */

static int64_t wait_for_any(void)
{
	while (!deliverable())
		signal_sleep(TIMER_NEVER);
	return -ERESTARTNOHAND;
}

SYSCALL(pause, "")
{
	return wait_for_any();
}

void signal_mask_for_wait(uint64_t set)
{
	struct task_signals *self = task_signals_self();

	self->restore = self->blocked;
	self->restores = true;
	signal_block(set);
}

void signal_mask_restore(void)
{
	struct task_signals *self = task_signals_self();

	if (!self->restores)
		return;
	self->restores = false;
	signal_block(self->restore);
}

SYSCALL(rt_sigsuspend, "sigset, %lu", uint64_t, mask, uint64_t, bytes)
{
	uint64_t set;

	if (bytes != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, mask, sizeof(set)))
		return -EFAULT;
	signal_mask_for_wait(set);
	return wait_for_any();
}

/* --- until one of a set comes -------------------------------------------------------- */

/* What has come meanwhile and was not taken is another task's, if one does not block it. */
static void await(uint64_t set)
{
	struct signals *signals = signals_self();
	struct task_signals *self = task_signals_self();
	uint64_t irq = spin_lock_irqsave(&signals->lock), left;

	left = signals->pending.set & self->awaited & self->blocked & ~set;
	self->awaited = set;
	for (; left; left &= left - 1)
		signal_notice(signals, __builtin_ctzl(left) + 1, NULL);
	spin_unlock_irqrestore(&signals->lock, irq);
}

/* The number of one that was taken; -EAGAIN at the deadline; -EINTR if another one came. */
static int take_awaited(uint64_t set, uint64_t deadline, siginfo_t *info)
{
	int number, error = 0;

	await(set);
	while (!(number = signal_take(set, info)) && error != -ETIMEDOUT) {
		if (deliverable())
			break;
		error = signal_sleep(deadline);
	}
	await(0);
	if (number)
		return number;
	return error == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

SYSCALL(rt_sigtimedwait, "sigset, %p, timespec, %lu", uint64_t, wanted, uint64_t, told, uint64_t,
	timeout, uint64_t, bytes)
{
	uint64_t set, nanoseconds, deadline = TIMER_NEVER;
	siginfo_t info;
	int number;

	if (bytes != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, wanted, sizeof(set)))
		return -EFAULT;
	if (timeout) {
		int error = timespec_from_user(timeout, &nanoseconds);

		if (error)
			return error;
		deadline = moment_in(nanoseconds);
	}
	number = take_awaited(set & ~SIGNALS_SOVEREIGN, deadline, &info);
	if (number > 0 && told && copy_to_user(told, &info, sizeof(info)))
		return -EFAULT;
	return number;
}
