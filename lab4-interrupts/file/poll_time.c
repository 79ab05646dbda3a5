/* Times and signal masks of poll and select: see poll_time.h. */
#include "lab4-interrupts/file/poll_time.h"
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/signal/signal.h"
#include "lab4-interrupts/time/clocks.h"
#include <linux/errno.h>

#define NS_PER_MS 1000000ul

uint64_t deadline_in_ms(int milliseconds)
{
	if (milliseconds <= 0)
		return milliseconds ? TIMER_NEVER : 0;
	return moment_in((uint64_t)milliseconds * NS_PER_MS);
}

typedef int decode(uint64_t from, uint64_t *nanoseconds);

static int deadline_from(uint64_t from, uint64_t *deadline, decode *how)
{
	uint64_t nanoseconds;
	int result;

	*deadline = TIMER_NEVER;
	if (!from)
		return 0;
	result = how(from, &nanoseconds);
	if (result == 0)
		*deadline = nanoseconds ? moment_in(nanoseconds) : 0;
	return result;
}

int deadline_from_timespec(uint64_t from, uint64_t *deadline)
{
	return deadline_from(from, deadline, timespec_from_user);
}

int deadline_from_timeval(uint64_t from, uint64_t *deadline)
{
	return deadline_from(from, deadline, timeval_from_user);
}

static uint64_t left_until(uint64_t deadline)
{
	uint64_t now = clock_ns();

	return deadline > now ? deadline - now : 0;
}

int64_t timespec_left(uint64_t to, uint64_t deadline, int64_t result)
{
	if (!to || deadline == TIMER_NEVER || timespec_to_user(to, left_until(deadline)) == 0)
		return result;
	return result == -ERESTARTNOHAND ? -EINTR : result;
}

int64_t timeval_left(uint64_t to, uint64_t deadline, int64_t result)
{
	if (!to || deadline == TIMER_NEVER || timeval_to_user(to, left_until(deadline)) == 0)
		return result;
	return result == -ERESTARTNOHAND ? -EINTR : result;
}

int poll_mask(uint64_t mask, uint64_t bytes)
{
	uint64_t set;

	if (!mask)
		return 0;
	if (bytes != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, mask, sizeof(set)) < 0)
		return -EFAULT;
	signal_mask_for_wait(set);
	if (signal_pending()) /* for which nobody has woken us, as long as it was blocked */
		task_notify(task_self(), TASK_SIGNAL);
	return 0;
}

void poll_mask_end(int64_t result)
{
	if (result != -EINTR && result != -ERESTARTNOHAND)
		signal_mask_restore();
	else /* signal_deliver does it, though another task may take the signal */
		__atomic_or_fetch(&task_self()->work, TASK_SIGNAL, __ATOMIC_RELAXED);
}
