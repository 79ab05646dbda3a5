/*
 * The scheduler on one processor: giving way, sleeping, the time that threads are charged,
 * idle processors, and deadlocks.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/sched/fair.h"
#include "lab3-threads/sched/runqueue.h"
#include "lab3-threads/tests/crew.h"

#define MILLISECOND 1000000ul

static unsigned runs;

static void count(void *unused)
{
	(void)unused;
	runs++;
}

/* --- giving way ---------------------------------------------------------------------- */

KTEST(sched_yield_lets_others, "", "who yields runs again when the others have had their turn",
	.needs = "3.1 3.2 3.3")
{
	for (unsigned i = 0; i < 5; i++)
		crew_start(count, NULL);
	KT_EQ(runs, 0);
	sched_yield();
	KT_EQ(runs, 5);
	crew_join();
}

KTEST(sched_point_is_no_yield, "", "at a resched point nobody gives way who need not",
	.needs = "3.1 3.2 3.3")
{
	sched_yield(); /* a whole slice from here on */
	crew_start(count, NULL);
	sched_point();
	KT_EQ(runs, 0);
	crew_join();
}

KTEST(sched_point_at_the_end, "", "who computes gives way at a resched point after its slice",
	.needs = "3.1 3.2 3.3")
{
	crew_start(count, NULL);
	clock_wait(FAIR_SLICE + MILLISECOND);
	KT_EQ(runs, 0);
	sched_point();
	KT_EQ(runs, 1);
	crew_join();
}

KTEST(sched_point_preempts, "", "at a resched point, a more urgent thread that woke runs first",
	.needs = "3.1 3.2 3.3")
{
	struct thread *urgent = thread_create("urgent", count, NULL);

	KT_REQUIRE(urgent);
	sched_yield();
	thread_set_priority(urgent, THREAD_PRIORITIES - 1);
	thread_start(urgent);
	KT_EQ(runs, 0);
	sched_point();
	KT_EQ(runs, 1);
	thread_join(urgent);
}

KTEST(sched_point_with_a_lock, "", "with a spin lock held, nobody gives way",
	.needs = "3.1 3.2 3.3")
{
	static struct spinlock lock = SPINLOCK_INIT("held");

	crew_start(count, NULL);
	spin_lock(&lock);
	clock_wait(2 * FAIR_SLICE);
	sched_point();
	KT_EQ(runs, 0);
	spin_unlock(&lock);
	sched_point();
	KT_EQ(runs, 1);
	crew_join();
}

KTEST(sched_point_before_sleep, "",
	"who has prepared a sleep is not put to sleep at a resched point: it may still look",
	.needs = "3.1 3.2 3.3")
{
	crew_start(count, NULL);
	sched_prepare_sleep(0);
	clock_wait(2 * FAIR_SLICE);
	sched_point();
	KT_EQ(runs, 0);
	KT_TRUE(sched_wake(thread_self()));
	KT_TRUE(!sched_wake(thread_self()));
	sched_sleep();
	sched_point();
	KT_EQ(runs, 1);
	crew_join();
}

/* --- time ---------------------------------------------------------------------------- */

static volatile bool over;

static void compute(void *unused)
{
	(void)unused;
	while (!over) {
		clock_wait(MILLISECOND / 20);
		sched_point();
	}
}

KTEST(sched_shares, "", "threads that compute share the processor by their priorities' weights",
	.needs = "3.1 3.2 3.3")
{
	static const unsigned priority[] = { 12, 16, 20 };
	uint64_t until = clock_ns() + 200 * MILLISECOND, weight = 0, total = 0;

	for (unsigned i = 0; i < 3; i++) {
		thread_set_priority(crew_start(compute, NULL), priority[i]);
		weight += fair_weight(priority[i]);
	}
	thread_set_priority(thread_self(), 0); /* it only looks now and then */
	while (clock_ns() < until)
		sched_yield();
	for (unsigned i = 0; i < 3; i++)
		total += crew[i]->ran;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t ideal = total * fair_weight(priority[i]) / weight;
		uint64_t bound = 2 * FAIR_SLICE;

		KT_TRUE(crew[i]->ran + bound > ideal && crew[i]->ran < ideal + bound);
	}
	over = true;
	crew_join();
}

/* Each line of input is a priority, and a thread of it computes. Replies for each how many
 * nanoseconds it has had after half a second, and its weight. */
KPROBE(sched_fairness)
{
	uint64_t until, had[2 * CREW_MAX];
	char line[8];

	while (crew_count < CREW_MAX && kt_input_line(line, sizeof(line))) {
		unsigned priority = (unsigned)((line[0] - '0') * 10 + line[1] - '0');

		thread_set_priority(crew_start(compute, NULL), priority);
		had[2 * crew_count - 1] = fair_weight(priority);
	}
	until = clock_ns() + 500 * MILLISECOND;
	thread_set_priority(thread_self(), 0); /* it only looks now and then */
	while (clock_ns() < until)
		sched_yield();
	for (unsigned i = 0; i < crew_count; i++)
		had[2 * i] = crew[i]->ran;
	kt_reply_hex(had, crew_count * 2 * sizeof(*had));
	over = true;
	crew_join();
}

static unsigned rounds;

static void count_rounds(void *unused)
{
	(void)unused;
	while (!over) {
		rounds++;
		sched_yield();
	}
}

KTEST(sched_charges_all_time, "", "time without a resched point counts as well",
	.needs = "3.1 3.2 3.3")
{
	crew_start(count_rounds, NULL);
	sched_yield();
	clock_wait(10 * FAIR_SLICE);
	rounds = 0;
	sched_yield();
	KT_TRUE(rounds >= 5); /* it has to catch up */
	over = true;
	crew_join();
}

KTEST(sched_after_long_alone, "",
	"who ran alone for long is one of two as soon as another one comes", .needs = "3.1 3.2 3.3",
	.limit = 5)
{
	uint64_t before;

	clock_wait(1500 * MILLISECOND);
	crew_start(compute, NULL);
	before = clock_ns();
	sched_yield();
	KT_TRUE(clock_ns() - before < 20 * MILLISECOND);
	over = true;
	crew_join();
}

KTEST(sched_counts_time, "", "a thread's time and turns are counted, and the processor's idle time",
	.needs = "3.1 3.2 3.3")
{
	struct thread *self = thread_self(), *idle = this_cpu_ptr(runqueue)->idle;
	uint64_t ran, switches = self->switches, idled = idle->ran;

	sched_point();
	ran = self->ran;
	clock_wait(MILLISECOND);
	sched_point();
	KT_TRUE(self->ran >= ran + MILLISECOND && self->ran < ran + 2 * MILLISECOND);
	crew_start(count, NULL);
	sched_yield();
	KT_EQ(self->switches, switches + 1);
	crew_join();
	KT_EQ(idle->ran, idled);
}

/* --- idle processors ----------------------------------------------------------------- */

static unsigned waits, kicks;
static struct thread *main_thread;

static void wait(void)
{
	KT_TRUE(!irq_enabled());
	if (++waits == 3)
		sched_wake(main_thread);
}

static void kick(unsigned cpu)
{
	KT_TRUE(cpu != this_cpu(cpu_number));
	kicks++;
}

KTEST(sched_idle_waits, "",
	"an idle processor waits as it was told to until there is work, and "
	"while something is pending that is no deadlock",
	.needs = "3.1 3.2 3.3")
{
	static const struct cpu_idle_ops ops = { wait, kick };
	uint64_t switches = thread_self()->switches;

	sched_set_idle_ops(&ops);
	sched_pending(1);
	main_thread = thread_self();
	sched_prepare_sleep(0);
	sched_sleep();
	sched_pending(-1);
	KT_EQ(waits, 3);
	KT_EQ(kicks, 0);
	KT_EQ(thread_self()->switches, switches + 1);
}

static void sleep_for_ever(void *unused)
{
	(void)unused;
	sched_prepare_sleep(0);
	sched_sleep();
}

KTEST(sched_deadlock, "", "when every thread sleeps, that is told", .needs = "3.1 3.2 3.3",
	.panics = "deadlock: every thread sleeps")
{
	crew_start(sleep_for_ever, NULL);
	crew_join();
}

KTEST(sched_no_way_back, "", "who is dead is not woken, nor who is new or ready",
	.needs = "3.1 3.2 3.3")
{
	struct thread *thread = thread_create("new", count, NULL);

	KT_REQUIRE(thread);
	KT_TRUE(!sched_wake(thread));
	thread_start(thread);
	KT_TRUE(!sched_wake(thread));
	sched_yield();
	KT_EQ(thread->state, THREAD_DEAD);
	KT_TRUE(!sched_wake(thread));
	KT_TRUE(!sched_running(thread) && sched_running(thread_self()));
	sched_yield();
	KT_EQ(runs, 1);
	thread_join(thread);
}

/* --- many threads -------------------------------------------------------------------- */

KTEST(sched_crowd, "", "two thousand threads come and go", .needs = "3.1 3.2 3.3", .limit = 10)
{
	static struct thread *crowd[2000];
	unsigned made = 0;

	while (made < 2000 && (crowd[made] = thread_spawn("one of many", count, NULL)))
		made++;
	KT_EQ(made, 2000);
	for (unsigned i = 0; i < made; i++)
		thread_join(crowd[i]);
	KT_EQ(runs, made);
}

/* --- several processors, for test_sched.py ------------------------------------------- */

static unsigned arrived, met;

/* Nobody leaves before all are here, and nobody gives way: it takes a processor for each. */
static void meet(void *cpu)
{
	unsigned all = percpu_count;

	__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < all)
		CPU_PAUSE();
	if (!cpu || (uint64_t)cpu == this_cpu(cpu_number) + 1ul)
		__atomic_add_fetch(&met, 1, __ATOMIC_ACQ_REL);
}

static void round_of_meetings(bool pinned)
{
	arrived = met = 0;
	for (uint64_t cpu = 0; cpu < percpu_count; cpu++) {
		struct thread *thread =
			thread_create("meets", meet, pinned ? (void *)(cpu + 1) : NULL);

		KT_REQUIRE(thread);
		crew[crew_count++] = thread;
		if (pinned)
			thread_set_affinity(thread, (uint8_t)(1u << cpu));
		thread_start(thread);
	}
	crew_join();
	KT_EQ(met, percpu_count);
}

KPROBE(sched_meetings)
{
	for (unsigned i = 0; i < 40; i++)
		round_of_meetings(i % 2);
	kt_reply((char[]){ (char)('0' + percpu_count), 0 });
}
