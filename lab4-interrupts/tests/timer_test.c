/*
 * Timers by themselves (exercise 4.2): when they are called, and how often; what start and stop
 * do. The time is virtual, and interrupts come from the machine's own timer.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/list.h"
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/time/timer.h"
#include "lab4-interrupts/trap/interrupt.h"

#define MICROSECOND 1000ul
#define MILLISECOND 1000000ul
#define LATE        (200 * MICROSECOND) /* for 64 timers that are due at once */
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

KTEST(timers_in_order, "4.2",
	"timers started in any order are called in the order of their moments", .needs = "4.1")
{
	uint64_t first = clock_ns() + MILLISECOND, deadline[TIMERS];

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
