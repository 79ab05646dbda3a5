/*
 * The scheduler under many schedules of several processors: wake-ups that meet a sleep that
 * begins, threads that change processors and priorities while others take them along.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/sched/view.h"
#include "lab3-threads/tests/crew.h"

#define SCHEDULES       150
#define LOAD(x)         __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define STORE(x, value) __atomic_store_n(&(x), value, __ATOMIC_RELEASE)
#define INCREASE(x)     __atomic_add_fetch(&(x), 1, __ATOMIC_ACQ_REL)

/* --- sleeping and waking ------------------------------------------------------------- */

static unsigned news, seen;

/* Sleep until there is more news than has been seen. */
static void wait_for_news(unsigned flags)
{
	for (;;) {
		sched_prepare_sleep(flags);
		if (LOAD(news) > seen) {
			sched_wake(thread_self()); /* it does not sleep, after all */
			sched_sleep();
			break;
		}
		sched_sleep();
	}
	seen++;
}

static void sleep_thrice(void *unused)
{
	(void)unused;
	for (int i = 0; i < 3; i++)
		wait_for_news(0);
}

static void wake_sleeper(void)
{
	struct thread *sleeper;

	news = seen = 0;
	sleeper = crew_start(sleep_thrice, NULL);
	for (int i = 0; i < 3; i++) {
		INCREASE(news);
		sched_wake(sleeper);
	}
	crew_join();
	KT_EQ(seen, 3);
}

KTEST(sched_race_wake, "", "no wake-up is lost between a look and the sleep after it",
	.needs = "3.1 3.2 3.3", .limit = 20)
{
	explore(2, SCHEDULES, wake_sleeper);
}

static unsigned ends;

static void sleep_until_interrupted(void *unused)
{
	(void)unused;
	while (!__atomic_exchange_n(&thread_self()->interrupted, false, __ATOMIC_ACQ_REL)) {
		sched_prepare_sleep(SLEEP_INTERRUPTIBLE);
		sched_sleep();
	}
	INCREASE(ends);
}

static void interrupt_sleeper(void)
{
	ends = 0;
	thread_interrupt(crew_start(sleep_until_interrupted, NULL));
	crew_join();
	KT_EQ(ends, 1);
}

KTEST(sched_race_interrupt, "", "an interrupt ends a sleep, also one that has not begun yet",
	.needs = "3.1 3.2 3.3", .limit = 20)
{
	explore(2, SCHEDULES, interrupt_sleeper);
}

/* --- who runs where ------------------------------------------------------------------ */

static unsigned rounds, ran_on;
static bool enough;

static void tell_processor(void *unused)
{
	(void)unused;
	while (!LOAD(enough)) {
		sched_yield();
		STORE(ran_on, this_cpu(cpu_number));
		INCREASE(rounds);
		CPU_PAUSE();
	}
}

/* The one that it tells may be where it was before; the next is where it may be. */
static void expect_to_run_on(uint8_t processors)
{
	unsigned before = LOAD(rounds);

	while (LOAD(rounds) < before + 2) {
		sched_yield();
		CPU_PAUSE();
	}
	KT_TRUE(processors >> LOAD(ran_on) & 1);
}

static void move_about(void)
{
	static const uint8_t way[] = { 2, 1, 4, 6, 1 };
	struct thread *thread;

	rounds = 0;
	enough = false;
	thread = crew_start(tell_processor, NULL);
	for (unsigned i = 0; i < sizeof(way); i++) {
		thread_set_affinity(thread, way[i]);
		expect_to_run_on(way[i]);
	}
	STORE(enough, true);
	crew_join();
}

KTEST(sched_race_affinity, "", "a thread goes where it may run, whatever it does just then",
	.needs = "3.1 3.2 3.3", .limit = 20)
{
	explore(3, SCHEDULES, move_about);
}

static void wake_once(void *unused)
{
	(void)unused;
	wait_for_news(0);
	while (!LOAD(enough))
		CPU_PAUSE();
	sched_yield();
	STORE(ran_on, this_cpu(cpu_number));
}

static void wake_first(void *unused)
{
	(void)unused;
	INCREASE(news);
	sched_wake(crew[0]);
}

static void move_woken(void)
{
	news = seen = 0;
	enough = false;
	crew_start(wake_once, NULL);
	crew_start(wake_first, NULL);
	thread_set_affinity(crew[0], 2);
	thread_set_affinity(crew[0], 4);
	STORE(enough, true);
	crew_join();
	KT_EQ(ran_on, 2);
}

KTEST(sched_race_affinity_of_woken, "",
	"a thread that wakes while its processors change runs on one of the new ones",
	.needs = "3.1 3.2 3.3", .limit = 20)
{
	explore(3, SCHEDULES, move_woken);
}

static void wait_until_enough(void *unused)
{
	(void)unused;
	while (!LOAD(enough))
		CPU_PAUSE();
}

static void be_on_1(void *unused)
{
	(void)unused;
	KT_EQ(this_cpu(cpu_number), 1);
}

static void move_waiting(void)
{
	enough = false;
	thread_set_affinity(thread_self(), 1);
	sched_yield();
	crew[crew_count++] = thread_create("busy", wait_until_enough, NULL);
	crew[crew_count++] = thread_create("waits", be_on_1, NULL);
	thread_set_affinity(crew[0], 2);
	thread_set_affinity(crew[1], 1);
	thread_start(crew[0]);
	thread_start(crew[1]);
	thread_set_affinity(crew[1], 2);
	for (int i = 0; i < 3; i++)
		sched_yield();
	STORE(enough, true);
	crew_join();
	thread_set_affinity(thread_self(), 0xff);
}

KTEST(sched_race_affinity_of_waiting, "",
	"a thread that waits for a processor waits for another one as soon as it may run only "
	"there",
	.needs = "3.1 3.2 3.3", .limit = 20)
{
	explore(2, SCHEDULES, move_waiting);
}

/* --- taking work over ---------------------------------------------------------------- */

static unsigned stolen_runs, pinned_runs;

static void count_stolen(void *unused)
{
	(void)unused;
	KT_TRUE(this_cpu(cpu_number) != 0);
	INCREASE(stolen_runs);
}

static void count_pinned(void *unused)
{
	(void)unused;
	KT_EQ(this_cpu(cpu_number), 0);
	INCREASE(pinned_runs);
}

static void busy_first(void)
{
	struct thread *pinned = thread_create("pinned", count_pinned, NULL);

	stolen_runs = pinned_runs = 0;
	thread_set_affinity(thread_self(), 1);
	sched_yield();
	thread_set_affinity(pinned, 1);
	thread_start(pinned);
	for (int i = 0; i < 3; i++)
		crew_start(count_stolen, NULL);
	while (LOAD(stolen_runs) < 3) /* without giving way */
		CPU_PAUSE();
	KT_EQ(LOAD(pinned_runs), 0);
	crew_join();
	thread_join(pinned);
	KT_EQ(pinned_runs, 1);
	thread_set_affinity(thread_self(), 0xff);
}

KTEST(sched_race_steal, "", "idle processors run what a busy one has waiting, if they may",
	.needs = "3.1 3.2 3.3", .limit = 20)
{
	explore(3, SCHEDULES, busy_first);
}

/* --- everything at once -------------------------------------------------------------- */

static void give_way(void *unused)
{
	(void)unused;
	for (int i = 0; i < 3; i++)
		sched_yield();
}

static void disturb(void)
{
	struct thread_view view = { 0 };
	struct processor_view processor;

	for (int i = 0; i < 3; i++)
		crew_start(give_way, NULL);
	for (unsigned i = 0; i < 6; i++) {
		thread_set_priority(crew[i % 3], i * 5);
		thread_set_affinity(crew[i % 3], i % 2 ? 6 : 7);
	}
	while (sched_view_thread(view.id, &view))
		KT_TRUE(view.state <= THREAD_DEAD && view.frames <= SCHED_VIEW_FRAMES);
	sched_view_processor(1, &processor);
	KT_TRUE(processor.taking_part);
	crew_join();
}

KTEST(sched_race_changes, "",
	"priorities, processors and looks from outside, while threads give way and change places",
	.needs = "3.1 3.2 3.3", .limit = 20)
{
	explore(3, SCHEDULES, disturb);
}

static void wake_and_disturb(void)
{
	wake_sleeper();
	disturb();
}

/* Under the policy that the command line chose. */
KPROBE(sched_race_policy)
{
	kt_reply(sched_policy_name());
	explore(3, SCHEDULES / 2, wake_and_disturb);
}
