/* Nanoseconds, and the structures in which programs have them: see clocks.h. */
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/time/clocks.h"
#include <linux/errno.h>

#define MICROSECONDS 1000000ul /* in a second */
#define FAR          (TIMER_NEVER - 1)

/* parts: how many there are in a second. */
static int decode(int64_t seconds, int64_t fraction, uint64_t parts, uint64_t *nanoseconds)
{
	uint64_t rest = (uint64_t)fraction * (NS_PER_SECOND / parts);

	if (seconds < 0 || fraction < 0 || (uint64_t)fraction >= parts)
		return -EINVAL;
	*nanoseconds = (uint64_t)seconds > FAR / NS_PER_SECOND - 1
			       ? FAR
			       : (uint64_t)seconds * NS_PER_SECOND + rest;
	return 0;
}

int timespec_decode(const struct timespec *time, uint64_t *nanoseconds)
{
	return decode(time->tv_sec, time->tv_nsec, NS_PER_SECOND, nanoseconds);
}

int timespec_from_user(uint64_t from, uint64_t *nanoseconds)
{
	struct timespec time;

	if (copy_from_user(&time, from, sizeof(time)))
		return -EFAULT;
	return timespec_decode(&time, nanoseconds);
}

int timespec_to_user(uint64_t to, uint64_t nanoseconds)
{
	struct timespec time = { .tv_sec = (int64_t)(nanoseconds / NS_PER_SECOND),
		.tv_nsec = (int64_t)(nanoseconds % NS_PER_SECOND) };

	return copy_to_user(to, &time, sizeof(time));
}

int timeval_from_user(uint64_t from, uint64_t *nanoseconds)
{
	struct timeval time;

	if (copy_from_user(&time, from, sizeof(time)))
		return -EFAULT;
	return decode(time.tv_sec, time.tv_usec, MICROSECONDS, nanoseconds);
}

int timeval_to_user(uint64_t to, uint64_t nanoseconds)
{
	struct timeval time = { .tv_sec = (int64_t)(nanoseconds / NS_PER_SECOND),
		.tv_usec = (int64_t)(nanoseconds % NS_PER_SECOND / 1000) };

	return copy_to_user(to, &time, sizeof(time));
}

uint64_t moment_in(uint64_t nanoseconds)
{
	uint64_t now = clock_ns();

	return nanoseconds < FAR - now ? now + nanoseconds : FAR;
}
