/*
 * Timers by themselves (exercise 4.2): when they are called, and how often; what start and stop
 * do. The time is virtual, and interrupts come from the machine's own timer.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/list.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/time/timer.h"
#include "lab4-interrupts/trap/interrupt.h"

#define MICROSECOND 1000ul
#define MILLISECOND 1000000ul
#define LATE        (4 * MILLISECOND) /* for 64 timers that are due at once, in a slow kernel */
#define TIMERS      64

/* A timer that notes what happens to it. */
struct noted {
	struct timer timer;
	uint64_t called; /* when last */
	unsigned calls;
	uint64_t again; /* restart after so many nanoseconds */
};

static struct noted noted[TIMERS];
static unsigned order[TIMERS], called_in_all;

static void note(struct timer *timer)
{
	struct noted *one = list_entry(timer, struct noted, timer);

	KT_TRUE(in_interrupt() && !irq_enabled() && !timer_started(timer));
	one->called = clock_ns();
	one->calls++;
	if (called_in_all < TIMERS)
		order[called_in_all] = (unsigned)(one - noted);
	called_in_all++;
	if (one->again)
		timer_start(timer, timer->deadline + one->again);
}

static void begin(void)
{
	for (unsigned i = 0; i < TIMERS; i++)
		timer_init(&noted[i].timer, note);
}

static void wait_until(uint64_t moment)
{
	while (clock_ns() < moment)
		CPU_PAUSE();
}

static void expect_on_time(unsigned i, uint64_t deadline)
{
	KT_EQ(noted[i].calls, 1);
	if (noted[i].called < deadline || noted[i].called > deadline + LATE)
		KT_EQ(noted[i].called, deadline);
}

KTEST(timer_comes, "4.2", "a timer is called once, at its moment and not before", .needs = "4.1")
{
	uint64_t deadline = clock_ns() + 2 * MILLISECOND;

	begin();
	timer_start(&noted[0].timer, deadline);
	KT_TRUE(timer_started(&noted[0].timer));
	wait_until(deadline + MILLISECOND);
	expect_on_time(0, deadline);
	KT_TRUE(!timer_stop(&noted[0].timer));
}

/* For processors that compare the time-stamp counter, which QEMU's does not (test_entry.py: Bochs).
 */
KPROBE(timer_by_deadline)
{
	KT_REQUIRE(strcmp(timers_device_name(), "APIC, TSC deadline") == 0);
	begin();
	for (unsigned i = 0; i < 8; i++) {
		uint64_t deadline = clock_ns() + (i + 1) * 100 * MICROSECOND;

		timer_start(&noted[i].timer, deadline);
		wait_until(deadline + MILLISECOND);
		expect_on_time(i, deadline);
	}
	timer_start(&noted[8].timer, 1); /* long past */
	wait_until(clock_ns() + MILLISECOND);
	KT_EQ(noted[8].calls, 1);
	timer_start(&noted[9].timer, TIMER_NEVER);
	wait_until(clock_ns() + MILLISECOND);
	KT_EQ(noted[9].calls, 0);
}

KTEST(timers_in_order, "4.2",
	"timers started in any order are called in the order of their moments", .needs = "4.1")
{
	uint64_t first = clock_ns() + 20 * MILLISECOND, deadline[TIMERS];

	begin();
	for (unsigned i = 0; i < TIMERS; i++) {
		deadline[i] = first + kt_random() % (20 * MILLISECOND);
		timer_start(&noted[i].timer, deadline[i]);
	}
	wait_until(first + 25 * MILLISECOND);
	KT_EQ(called_in_all, TIMERS);
	for (unsigned i = 0; i < TIMERS; i++)
		expect_on_time(i, deadline[i]);
	for (unsigned i = 1; i < called_in_all; i++)
		KT_TRUE(deadline[order[i - 1]] <= deadline[order[i]]);
}

KTEST(timers_of_one_moment, "4.2", "64 timers of one moment are each called once", .needs = "4.1")
{
	uint64_t deadline = clock_ns() + 20 * MILLISECOND;

	begin();
	for (unsigned i = 0; i < TIMERS; i++)
		timer_start(&noted[i].timer, deadline);
	wait_until(deadline + LATE);
	for (unsigned i = 0; i < TIMERS; i++)
		expect_on_time(i, deadline);
}

KTEST(timer_passed, "4.2",
	"one that is started for a moment that has passed is called soon, and once", .needs = "4.1")
{
	uint64_t now = clock_ns();

	begin();
	timer_start(&noted[0].timer, 0);
	timer_start(&noted[1].timer, now);
	wait_until(now + LATE);
	KT_EQ(noted[0].calls, 1);
	KT_EQ(noted[1].calls, 1);
	KT_TRUE(noted[0].called < now + LATE && noted[1].called < now + LATE);
}

KTEST(timer_never, "4.2", "TIMER_NEVER does not come, and takes back what was started",
	.needs = "4.1")
{
	uint64_t now = clock_ns();

	begin();
	timer_start(&noted[0].timer, TIMER_NEVER);
	KT_TRUE(!timer_started(&noted[0].timer));
	KT_TRUE(!timer_stop(&noted[0].timer));
	timer_start(&noted[1].timer, now + MILLISECOND);
	timer_start(&noted[1].timer, TIMER_NEVER);
	timer_start(&noted[2].timer, now + 2 * MILLISECOND);
	wait_until(now + 3 * MILLISECOND);
	expect_on_time(2, now + 2 * MILLISECOND);
	KT_EQ(called_in_all, 1);
}

KTEST(timer_far_off, "4.2",
	"moments that are years away do not come now, whatever the device can count",
	.needs = "4.1")
{
	uint64_t now = clock_ns();

	begin();
	timer_start(&noted[0].timer, TIMER_NEVER - 1);
	timer_start(&noted[1].timer, now + (1ul << 62));
	timer_start(&noted[2].timer, now + (1ul << 40));
	timer_start(&noted[3].timer, now + MILLISECOND);
	wait_until(now + 2 * MILLISECOND);
	expect_on_time(3, now + MILLISECOND);
	KT_EQ(called_in_all, 1);
	for (unsigned i = 0; i < 3; i++)
		KT_TRUE(timer_stop(&noted[i].timer));
}

KTEST(timer_moved, "4.2", "a timer that is started again has the new moment only, sooner or later",
	.needs = "4.1")
{
	uint64_t now = clock_ns();

	begin();
	timer_start(&noted[0].timer, now + 2 * MILLISECOND);
	timer_start(&noted[1].timer, now + 4 * MILLISECOND);
	timer_start(&noted[0].timer, now + 5 * MILLISECOND);
	timer_start(&noted[1].timer, now + MILLISECOND);
	wait_until(now + 8 * MILLISECOND);
	expect_on_time(0, now + 5 * MILLISECOND);
	expect_on_time(1, now + MILLISECOND);
}

KTEST(timer_stopped, "4.2",
	"of 64 timers those that are stopped are not called, and all others are", .needs = "4.1")
{
	uint64_t first = clock_ns() + 20 * MILLISECOND, deadline[TIMERS];

	begin();
	for (unsigned i = 0; i < TIMERS; i++) {
		deadline[i] = first + kt_random() % (5 * MILLISECOND);
		timer_start(&noted[i].timer, deadline[i]);
	}
	for (unsigned i = 0; i < TIMERS; i += 2) {
		KT_TRUE(timer_stop(&noted[i].timer));
		KT_TRUE(!timer_stop(&noted[i].timer));
	}
	wait_until(first + 10 * MILLISECOND);
	for (unsigned i = 1; i < TIMERS; i += 2)
		expect_on_time(i, deadline[i]);
	KT_EQ(called_in_all, TIMERS / 2);
}

KTEST(timer_periodic, "4.2", "a timer may start itself again, each time a while after its moment",
	.needs = "4.1")
{
	uint64_t now = clock_ns(), first = now + MILLISECOND;

	begin();
	noted[0].again = 500 * MICROSECOND;
	timer_start(&noted[0].timer, first);
	wait_until(first + 10 * MILLISECOND - 100 * MICROSECOND);
	KT_TRUE(timer_stop(&noted[0].timer));
	KT_EQ(noted[0].calls, 20);
	wait_until(clock_ns() + 2 * MILLISECOND);
	KT_EQ(noted[0].calls, 20);
}

/* Starts itself for a moment that has passed. */
static void at_once(struct timer *timer)
{
	note(timer);
	timer_start(timer, 1);
}

KTEST(timer_greedy, "4.2",
	"one that starts itself for the past again and again leaves time for others",
	.needs = "4.1")
{
	uint64_t now = clock_ns();

	begin();
	timer_init(&noted[0].timer, at_once);
	timer_start(&noted[0].timer, now);
	timer_start(&noted[1].timer, now + MILLISECOND);
	wait_until(now + MILLISECOND + LATE);
	timer_stop(&noted[0].timer);
	expect_on_time(1, now + MILLISECOND);
	KT_TRUE(noted[0].calls > 10);
}

/* The other one's function is used for what one timer does to another. */
static void stop_next(struct timer *timer)
{
	note(timer);
	KT_TRUE(timer_stop(&list_entry(timer, struct noted, timer)[1].timer));
}

KTEST(timer_stops_another, "4.2", "a timer's function may stop and start others", .needs = "4.1")
{
	uint64_t now = clock_ns();

	begin();
	timer_init(&noted[0].timer, stop_next);
	timer_start(&noted[0].timer, now + MILLISECOND);
	timer_start(&noted[1].timer, now + MILLISECOND + 1);
	timer_start(&noted[2].timer, now + MILLISECOND + 2);
	wait_until(now + 3 * MILLISECOND);
	KT_EQ(noted[1].calls, 0);
	expect_on_time(2, now + MILLISECOND + 2);
}

KTEST(timer_interrupts_are_needed, "4.2",
	"there is one interrupt for a timer, none for what is far off, and none without timers",
	.needs = "4.1")
{
	uint64_t now = clock_ns(), before = timers_interrupts(0);

	begin();
	wait_until(now + 20 * MILLISECOND);
	KT_EQ(timers_interrupts(0), before);
	timer_start(&noted[0].timer, now + 30 * MILLISECOND);
	timer_start(&noted[1].timer, now + 40 * MILLISECOND);
	timer_start(&noted[2].timer, now + 500 * MILLISECOND);
	wait_until(now + 90 * MILLISECOND);
	KT_EQ(called_in_all, 2);
	KT_TRUE(timers_interrupts(0) >= before + 2 && timers_interrupts(0) <= before + 4);
	timer_stop(&noted[2].timer);
}
