/* What later floors hand down to the scheduler: how an idle processor waits and is told of work,
 * and what else changes with the thread. */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
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
