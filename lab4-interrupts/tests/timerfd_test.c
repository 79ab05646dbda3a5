/*
 * A timerfd that is read on a processor whose clock is a little behind that of the one where it
 * expired: a copy of timerfd.c, without its system calls, and with a clock that is put back. Floor:
 * given code.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab4-interrupts/call/syscall.h"

#undef SYSCALL
#define SYSCALL(name, shown, ...)                                                                  \
	__attribute__((unused)) static int64_t name(SYSCALL_PARAMETERS(__VA_ARGS__))
#include "lab4-interrupts/file/timerfd.c"

#define MILLISECOND 1000000ul
#define MICROSECOND 1000ul

static struct alarm_file alarm;

static uint64_t too_early(void)
{
	return alarm.deadline - MICROSECOND;
}

static bool has_expired(void)
{
	uint64_t flags = spin_lock_irqsave(&alarm.lock);
	bool rests = alarm.rests;

	spin_unlock_irqrestore(&alarm.lock, flags);
	return rests;
}

KTEST(timerfd_clock_behind, "", "where the clock is behind, an expiration is counted once, too",
	.needs = "3.3 3.4 4.1 4.2")
{
	uint64_t old[2], first, flags;

	spin_init(&alarm.lock, "timerfd");
	timer_init(&alarm.timer, alarm_expired);
	waitqueue_init(&alarm.readers, "timerfd readers");
	first = clock_ns() + MILLISECOND;
	set(&alarm, first, 50 * MILLISECOND, old);
	while (!has_expired())
		CPU_PAUSE();

	flags = irq_save(); /* nobody else looks at the clock */
	clock_set_source(too_early);
	KT_EQ(take(&alarm, false), 1);
	clock_set_source(NULL);
	irq_restore(flags);
	KT_EQ(alarm.deadline, first + 50 * MILLISECOND);
	KT_EQ(take(&alarm, true), 1);
	KT_TRUE(clock_ns() >= first + 50 * MILLISECOND);
	timer_stop(&alarm.timer);
}
