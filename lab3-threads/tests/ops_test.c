/* What later floors hand down to the scheduler: how an idle processor waits and is told of work,
 * and what else changes with the thread. */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lock/spinlock.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

static unsigned waits, kicks[EXPLORE_CPUS];

static void count_wait(void)
{
	__atomic_fetch_add(&waits, 1, __ATOMIC_RELAXED);
	CPU_PAUSE();
}

static void count_kick(unsigned cpu)
{
	__atomic_fetch_add(&kicks[cpu], 1, __ATOMIC_RELAXED);
}

static const struct cpu_idle_ops counting = { count_wait, count_kick };

static void nothing(void *unused)
{
	(void)unused;
}

static void work_for_the_other(void)
{
	unsigned before = __atomic_load_n(&kicks[1], __ATOMIC_RELAXED);
	struct thread *thread;

	explore_wait_idle();
	thread = thread_create("work", nothing, NULL);
	KT_REQUIRE(thread);
	thread_set_affinity(thread, 1u << 1);
	thread_start(thread);
	KT_EQ(__atomic_load_n(&kicks[1], __ATOMIC_RELAXED), before + 1);
	thread_join(thread);
}

KTEST(sched_kicks_the_idle, "",
	"an idle processor waits as it was told, and is kicked when it gets work",
	.needs = "3.1 3.2 3.3", .limit = 20)
{
	sched_set_idle_ops(&counting);
	explore(2, 30, work_for_the_other);
	KT_TRUE(waits > 0);
}

static unsigned switches;
static struct thread *from_last, *to_last;

static void note_switch(struct thread *from, struct thread *to)
{
	KT_TRUE(from != to && from == from_last);
	from_last = to_last = to;
	switches++;
}

static const struct thread_switch_ops noting = { note_switch };

static void is_the_last(void *unused)
{
	(void)unused;
	KT_TRUE(thread_self() == to_last);
}

KTEST(sched_tells_switches, "",
	"each switch is told, with who leaves and who comes, before it is done", .needs = "3.1 3.2")
{
	struct thread *thread;

	from_last = thread_self();
	sched_set_switch_ops(&noting);
	thread = thread_spawn("noted", is_the_last, NULL);
	KT_REQUIRE(thread);
	thread_join(thread);
	KT_EQ(switches, 2);
	KT_TRUE(to_last == thread_self());
}

static unsigned limits;
static uint64_t limit;

static void note_limit(uint64_t moment)
{
	limits++;
	limit = moment;
}

static const struct sched_slice_ops noting_limits = { note_limit };

/* It computes until its limit is over, and gives way there. */
static void use_up(void *order)
{
	uint64_t began = clock_ns();
	unsigned before = limits;

	KT_TRUE(before > 0 && limit > began);
	while (clock_ns() < limit)
		CPU_PAUSE();
	*(unsigned *)order = *(unsigned *)order * 2 + 1;
	sched_point();
	*(unsigned *)order *= 3;
}

KTEST(sched_limits_turns, "",
	"who runs while another is ready is told a limit, at which he gives way; who is alone is "
	"not",
	.needs = "3.1 3.2 3.3")
{
	unsigned order = 0;
	struct thread *one, *other;

	sched_set_slice_ops(&noting_limits);
	for (int i = 0; i < 10; i++) {
		clock_wait(1000000);
		sched_point();
	}
	KT_EQ(limits, 0);
	one = thread_spawn("one", use_up, &order);
	KT_EQ(limits, 1);
	other = thread_spawn("other", use_up, &order);
	KT_REQUIRE(one && other);
	thread_join(one);
	thread_join(other);
	KT_EQ(order, 27); /* both had come to their limits before one was done */
}

KTEST(sched_limits_holders, "",
	"at a resched point under a spin lock nobody gives way, and another point is asked for "
	"soon",
	.needs = "3.1 3.2 3.3")
{
	static struct spinlock lock = SPINLOCK_INIT("test");
	uint64_t switches = thread_self()->switches;
	struct thread *thread;

	sched_set_slice_ops(&noting_limits);
	spin_lock(&lock);
	sched_point();
	KT_EQ(limits, 0);
	spin_unlock(&lock);
	thread = thread_spawn("other", nothing, NULL);
	KT_REQUIRE(thread);
	clock_wait(10000000);
	spin_lock(&lock);
	sched_point();
	KT_TRUE(limit > clock_ns() && limit < clock_ns() + 1000000);
	spin_unlock(&lock);
	KT_EQ(thread_self()->switches, switches);
	sched_point();
	KT_EQ(thread_self()->switches, switches + 1);
	thread_join(thread);
}
