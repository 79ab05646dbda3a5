/*
 * Clocks by their numbers, and the calls that read and set them. All show nanoseconds, and
 * what Linux calls coarse is as exact here.
 *
 * A negative number is a clock of another process or task: its complement's upper bits are
 * the number of that, 0 for the caller; bit 2 says which of the two (pthread_getcpuclockid(3),
 * clock_getcpuclockid(3)).
 */
#include "lab4-interrupts/time/clocks.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/sched/sched.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/process/task.h"
#include "lab4-interrupts/time/realtime.h"

#define CPU_CLOCK_TASK 4 /* in a negative number: of a task, not of a process */
#define CPU_CLOCK_KIND 3 /* the lowest two bits: which times are counted */
#define CPU_CLOCK_NONE 3

/* The time of day can be set to what is no longer ago than the boot, and fits for thirty years. */
#define REALTIME_MAX ((uint64_t)INT64_MAX - 30ul * 365 * 86400 * NS_PER_SECOND)

static int task_time(int id, uint64_t *nanoseconds)
{
	struct task *task = id ? task_find(id) : task_self();

	if (!task)
		return -EINVAL;
	*nanoseconds = sched_ran(&task->thread);
	if (id)
		task_put(task);
	return 0;
}

static int process_time(int id, uint64_t *nanoseconds)
{
	struct process *process = id ? process_find(id) : process_self();

	if (!process)
		return -EINVAL;
	*nanoseconds = process_user_ns(process);
	if (id)
		process_put(process);
	return 0;
}

static int cpu_clock(int clock, uint64_t *nanoseconds)
{
	int id = ~(clock >> 3);

	if ((clock & CPU_CLOCK_KIND) == CPU_CLOCK_NONE)
		return -EINVAL;
	return (clock & CPU_CLOCK_TASK ? task_time : process_time)(id, nanoseconds);
}

bool clock_is_realtime(int id)
{
	return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE || id == CLOCK_REALTIME_ALARM ||
	       id == CLOCK_TAI;
}

static bool is_monotonic(int id)
{
	return id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_RAW || id == CLOCK_MONOTONIC_COARSE ||
	       id == CLOCK_BOOTTIME || id == CLOCK_BOOTTIME_ALARM;
}

int clock_by_id(int id, uint64_t *nanoseconds)
{
	if (is_monotonic(id))
		*nanoseconds = clock_ns();
	else if (clock_is_realtime(id))
		*nanoseconds = realtime_ns();
	else if (id == CLOCK_PROCESS_CPUTIME_ID)
		return process_time(0, nanoseconds);
	else if (id == CLOCK_THREAD_CPUTIME_ID)
		return task_time(0, nanoseconds);
	else
		return id < 0 ? cpu_clock(id, nanoseconds) : -EINVAL;
	return 0;
}

uint64_t clock_moment(int id, uint64_t nanoseconds)
{
	return clock_is_realtime(id) ? realtime_moment(nanoseconds) : nanoseconds;
}

/* --- the calls ----------------------------------------------------------------------- */

SYSCALL(clock_gettime, "clock, timespec^", int, clock, uint64_t, to)
{
	uint64_t now;
	int error = clock_by_id(clock, &now);

	return error ? error : timespec_to_user(to, now);
}

SYSCALL(clock_getres, "clock, timespec^", int, clock, uint64_t, to)
{
	uint64_t now;
	int error = clock_by_id(clock, &now);

	return error || !to ? error : timespec_to_user(to, 1);
}

static int set_realtime(uint64_t nanoseconds)
{
	if (nanoseconds < clock_ns() || nanoseconds > REALTIME_MAX)
		return -EINVAL;
	realtime_set(nanoseconds);
	return 0;
}

SYSCALL(clock_settime, "clock, timespec", int, clock, uint64_t, from)
{
	uint64_t nanoseconds;
	int error;

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	error = timespec_from_user(from, &nanoseconds);
	return error ? error : set_realtime(nanoseconds);
}

/* Nobody keeps a time zone in the kernel any more: it is 0, and setting it does nothing. */
SYSCALL(gettimeofday, "timeval^, address", uint64_t, to, uint64_t, zone)
{
	if (to && timeval_to_user(to, realtime_ns()))
		return -EFAULT;
	return zone ? clear_user(zone, sizeof(struct timezone)) : 0;
}

SYSCALL(settimeofday, "timeval, address", uint64_t, from, uint64_t, zone)
{
	struct timezone unused;
	uint64_t nanoseconds = 0;
	int error = from ? timeval_from_user(from, &nanoseconds) : 0;

	if (!error && zone)
		error = copy_from_user(&unused, zone, sizeof(unused));
	return error || !from ? error : set_realtime(nanoseconds);
}

SYSCALL(time, "address", uint64_t, to)
{
	int64_t seconds = (int64_t)(realtime_ns() / NS_PER_SECOND);

	if (to && copy_to_user(to, &seconds, sizeof(seconds)))
		return -EFAULT;
	return seconds;
}
