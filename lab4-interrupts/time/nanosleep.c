/*
 * nanosleep, clock_nanosleep. One that is interrupted by a signal says what is left of its
 * time, and goes on until the same moment if the signal has no handler (restart_syscall): so
 * however often it is stopped and continued, it does not last longer.
 */
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/time/clocks.h"
#include "lab4-interrupts/time/realtime.h"
#include "lab4-interrupts/time/sleep.h"

/* Linux's places in restart_argument. */
enum { DEADLINE, LEFT };

static int64_t sleep_on(struct task *task);

/* left: where the program wants to know it, or 0. */
static int64_t sleep_for_program(uint64_t deadline, uint64_t left)
{
	struct task *task = task_self();
	uint64_t now;

	if (!sleep_until(deadline, WAIT_INTERRUPTIBLE))
		return 0;
	now = clock_ns();
	if (now >= deadline)
		return 0;
	if (left && timespec_to_user(left, deadline - now))
		return -EFAULT;
	task->restart = sleep_on;
	task->restart_argument[DEADLINE] = deadline;
	task->restart_argument[LEFT] = left;
	return -ERESTART_BLOCK;
}

static int64_t sleep_on(struct task *task)
{
	return sleep_for_program(task->restart_argument[DEADLINE], task->restart_argument[LEFT]);
}

SYSCALL(nanosleep, "timespec, address", uint64_t, time, uint64_t, left)
{
	uint64_t nanoseconds;
	int error = timespec_from_user(time, &nanoseconds);

	return error ? error : sleep_for_program(moment_in(nanoseconds), left);
}

/* Until a clock shows that: called again it has the same to do. */
static int64_t sleep_until_shown(int clock, uint64_t moment)
{
	int error = clock_is_realtime(clock) ? realtime_sleep_until(moment, WAIT_INTERRUPTIBLE)
					     : sleep_until(moment, WAIT_INTERRUPTIBLE);

	return error ? -ERESTARTNOHAND : 0;
}

/* The others can be read, but not slept by. */
static bool can_sleep_by(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME ||
	       clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM || clock == CLOCK_TAI;
}

SYSCALL(clock_nanosleep, "clock, sleep_flags, timespec, address", int, clock, int, flags, uint64_t,
	time, uint64_t, left)
{
	uint64_t nanoseconds, now;
	int error;

	if (clock_by_id(clock, &now))
		return -EINVAL;
	if (!can_sleep_by(clock))
		return -EOPNOTSUPP;
	error = timespec_from_user(time, &nanoseconds);
	if (error)
		return error;
	if (flags & TIMER_ABSTIME)
		return sleep_until_shown(clock, nanoseconds);
	return sleep_for_program(moment_in(nanoseconds), left);
}
