/* What test_commands.py lets the monitor show: threads in every state. */
#include "lab1-boot/lib/string.h"
#include "lab1-boot/monitor/monitor.h"
#include "lab2-memory/tests/probe_words.h"
#include "lab3-threads/lock/waitqueue.h"
#include "lab3-threads/sched/sched.h"

#define PARKED 8

static struct spinlock guard = SPINLOCK_INIT("parked");
static struct waitqueue parked = WAITQUEUE_INIT(parked, "parked queue");
static bool released; /* [guard] */
static struct thread *ours[PARKED];
static unsigned count_ours;

__attribute__((noinline)) static void parked_here(void)
{
	spin_lock(&guard);
	while (!released)
		waitqueue_sleep(&parked, &guard, 0);
	spin_unlock(&guard);
}

static void park(void *unused)
{
	(void)unused;
	parked_here();
}

static bool sleeps(const struct thread *thread)
{
	return __atomic_load_n(&thread->state, __ATOMIC_RELAXED) == THREAD_SLEEPING;
}

COMMAND(park, "STATE NAME PRIORITY", "tests: a thread that is new, ready or sleeping")
{
	struct thread *thread;

	if (count != 4 || count_ours == PARKED || !(thread = thread_create(words[2], park, NULL)))
		return;
	ours[count_ours++] = thread;
	thread_set_priority(thread, (unsigned)probe_number(words[3], THREAD_PRIORITIES));
	if (!strcmp(words[1], "new"))
		return;
	thread_start(thread);
	while (!strcmp(words[1], "sleeping") && !sleeps(thread))
		sched_yield();
}

static bool is_new(const struct thread *thread)
{
	return thread->state == THREAD_NEW;
}

COMMAND(unpark, "", "tests: all that \"park\" made end")
{
	spin_lock(&guard);
	released = true;
	waitqueue_wake_all(&parked);
	spin_unlock(&guard);
	while (count_ours > 0) {
		struct thread *thread = ours[--count_ours];

		if (is_new(thread))
			thread_detach(thread);
		else
			thread_join(thread);
	}
	released = false;
}
