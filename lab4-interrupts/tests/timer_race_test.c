/*
 * Stopping a timer while another processor calls it (exercise 4.2), in many schedules: when
 * timer_stop has returned, the function does not run any more, and never will, not even if it has
 * started its timer again. What a "processor" does in its timer's interrupt is called directly.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab3-threads/explore/explore.h"
#include "lab4-interrupts/time/device.h"
#include "lab4-interrupts/time/timer.h"

#define SCHEDULES 150
#define PASSES    3

static struct timer timer;
static unsigned started; /* [a] */
static unsigned calls;   /* plain: timer_stop has to order it */
static bool gone;        /* plain: the same */
static unsigned in_all;  /* calls, in all schedules */

static void must_be_there(struct timer *one)
{
	(void)one;
	KT_TRUE(!gone);
	calls++;
	CPU_PAUSE();
	calls++;
}

static void again(struct timer *one)
{
	must_be_there(one);
	timer_start(one, 0);
}

static void start(void)
{
	timer_start(&timer, 0);
	__atomic_store_n(&started, 1, __ATOMIC_RELEASE);
}

/* The processor whose timer it is. */
static void expire(void)
{
	uint64_t flags = irq_save();

	for (int pass = 0; pass < PASSES; pass++)
		timers_expire();
	irq_restore(flags);
}

static void stop(void)
{
	while (!__atomic_load_n(&started, __ATOMIC_ACQUIRE))
		CPU_PAUSE();
	timer_stop(&timer);
	KT_TRUE(!timer_started(&timer));
	KT_EQ(calls % 2, 0);
	in_all += calls;
	gone = true;
}

static void begin(void)
{
	started = calls = 0;
	gone = false;
	timer_init(&timer, must_be_there);
}

static void begin_again(void)
{
	begin();
	timer_init(&timer, again);
}

static void on_two(unsigned cpu)
{
	if (cpu == 0) {
		stop();
		return;
	}
	start();
	expire();
}

/* The machine's own timer has a rest: the explorer plays the processors. */
static void alone(void)
{
	irq_save();
	timers_use(NULL);
}

static void nobody_left(void)
{
	KT_EQ(timers_next(1), TIMER_NEVER);
}

KTEST(timer_stop_waits, "4.2",
	"when timer_stop has returned, the function has, and what it did is seen", .limit = 10,
	.needs = "3.3")
{
	alone();
	explore_bare(2, SCHEDULES, begin, on_two, nobody_left);
	KT_TRUE(in_all > 0);
}

KTEST(timer_stop_is_final, "4.2",
	"timer_stop ends a timer that starts itself again, whenever it comes", .limit = 10,
	.needs = "3.3")
{
	alone();
	explore_bare(2, SCHEDULES, begin_again, on_two, nobody_left);
	KT_TRUE(in_all > 0);
}

/* Another processor starts it anew while its function may be running: it is never called by two at
 * once, and timer_stop finds it. */
static void start_anew(unsigned cpu)
{
	if (cpu == 1) {
		start();
		expire();
		return;
	}
	while (!__atomic_load_n(&started, __ATOMIC_ACQUIRE))
		CPU_PAUSE();
	timer_start(&timer, 0);
	expire();
	stop();
}

KTEST(timer_runs_in_one_place, "4.2",
	"a timer that is started anew while it is being called is not called by two processors at "
	"once",
	.limit = 10, .needs = "3.3")
{
	alone();
	explore_bare(2, SCHEDULES, begin, start_anew, nobody_left);
	KT_TRUE(in_all > 0);
}

/* --- each processor has its own ------------------------------------------------------ */

static struct timer mine[EXPLORE_CPUS];
static unsigned called[EXPLORE_CPUS]; /* a bit for the processor */

static void note(struct timer *one)
{
	called[one - mine] |= 1u << this_cpu(cpu_number);
}

static void begin_own(void)
{
	for (unsigned i = 0; i < EXPLORE_CPUS; i++) {
		called[i] = 0;
		timer_init(&mine[i], note);
	}
}

static void start_own(unsigned cpu)
{
	timer_start(&mine[cpu], 0);
	expire();
}

static void each_at_home(void)
{
	for (unsigned i = 0; i < 3; i++)
		KT_EQ(called[i], 1u << i);
}

KTEST(timers_stay_at_home, "4.2", "a timer is called by the processor that has started it",
	.limit = 10, .needs = "3.3")
{
	alone();
	explore_bare(3, SCHEDULES, begin_own, start_own, each_at_home);
}

/* One that was another processor's comes to who starts it. */
static void start_in_turn(unsigned cpu)
{
	while (__atomic_load_n(&started, __ATOMIC_ACQUIRE) != cpu)
		CPU_PAUSE();
	timer_start(&mine[0], cpu == 2 ? 0 : TIMER_NEVER - 1);
	__atomic_store_n(&started, cpu + 1, __ATOMIC_RELEASE);
	expire();
}

static void begin_in_turn(void)
{
	begin_own();
	started = 0;
}

static void only_the_last(void)
{
	KT_EQ(called[0], 1u << 2);
	for (unsigned cpu = 0; cpu < 3; cpu++)
		KT_EQ(timers_next(cpu), TIMER_NEVER);
}

KTEST(timers_move, "4.2", "a timer that several start in turn is in the heap of the last one only",
	.limit = 10, .needs = "3.3")
{
	alone();
	explore_bare(3, SCHEDULES, begin_in_turn, start_in_turn, only_the_last);
}
