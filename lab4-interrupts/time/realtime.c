/* The time of day: see realtime.h. It is the clock, moved; so only how far is kept. */
#include "lab4-interrupts/time/realtime.h"
#include "lab1-boot/console/kprintf.h"
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/time/rtc.h"
#include "lab4-interrupts/time/sleep.h"
#include <linux/errno.h>

static uint64_t ahead; /* [a] of clock_ns, in nanoseconds; modulo 2^64 */
static struct waitqueue was_set = WAITQUEUE_INIT(was_set, "time of day");

static uint64_t load(void)
{
	return __atomic_load_n(&ahead, __ATOMIC_RELAXED);
}

uint64_t realtime_ns(void)
{
	return clock_ns() + load();
}

void realtime_set(uint64_t nanoseconds)
{
	__atomic_store_n(&ahead, nanoseconds - clock_ns(), __ATOMIC_RELAXED);
	waitqueue_wake_all(&was_set);
}

uint64_t realtime_moment(uint64_t nanoseconds)
{
	uint64_t now = realtime_ns(), clock = now - load(), moment;

	if (nanoseconds <= now)
		return nanoseconds == TIMER_NEVER ? TIMER_NEVER : 0;
	moment = clock + (nanoseconds - now);
	return nanoseconds == TIMER_NEVER || moment < clock ? TIMER_NEVER : moment;
}

int realtime_sleep_until(uint64_t nanoseconds, unsigned flags)
{
	while (realtime_ns() < nanoseconds) {
		struct waiter waiter;
		int error;

		waitqueue_prepare(&was_set, &waiter, flags);
		error = waitqueue_wait_until(&was_set, &waiter, realtime_moment(nanoseconds));
		if (error == -EINTR)
			return error;
	}
	return 0;
}

void realtime_init(void)
{
	struct rtc_registers registers;
	uint64_t seconds;

	if (!rtc_read(&registers))
		kprintf("time: the CMOS clock does not answer\n");
	else if (!rtc_decode(&registers, &seconds))
		kprintf("time: the CMOS clock tells no time that makes sense\n");
	else
		realtime_set(seconds * NS_PER_SECOND);
}
