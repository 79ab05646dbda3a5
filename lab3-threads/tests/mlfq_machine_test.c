/*
 * The probe for test_mlfq.py in which real threads run: two that compute, one that computes with
 * a low priority, and one that sleeps until the first wakes it. They note who runs from when on.
 *
 * The replies: the policy's name; then NAME NANOSECONDS for each of the threads a, b, l and s when
 * it runs and another one did before, "w NANOSECONDS LEVEL" when a wakes s, with its own level, and
 * in the end "e NANOSECONDS".
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/format.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

#define NOTES    4000
#define STEP     100000ul    /* nanoseconds of computing between two resched points */
#define WAKE     50          /* steps between two wake-ups */
#define DURATION 250000000ul /* nanoseconds */
#define HIGH     20
#define LOW      1

static struct {
	uint64_t at;
	unsigned level;
	char who;
} note[NOTES];
static unsigned notes;
static char last;
static uint64_t start;
static struct thread *sleeper;

static void write(char who, unsigned level)
{
	if (who != last && notes < NOTES) {
		note[notes].at = clock_ns() - start;
		note[notes].level = level;
		note[notes++].who = who;
	}
	last = who;
}

static bool over(void)
{
	return clock_ns() - start >= DURATION;
}

static void compute(void *name)
{
	for (unsigned step = 1; !over(); step++) {
		write(*(char *)name, 0);
		clock_wait(STEP);
		if (*(char *)name == 'a' && step % WAKE == 0) {
			write('w', thread_self()->sched.level);
			sched_wake(sleeper);
		}
		sched_point();
	}
	sched_wake(sleeper); /* or what is left of it: the last reference is given up below */
}

static void sleep(void *unused)
{
	(void)unused;
	while (!over()) {
		sched_prepare_sleep(0);
		sched_sleep();
		write('s', 0);
	}
}

KPROBE(mlfq_machine)
{
	struct thread *thread[] = { thread_create("sleeper", sleep, NULL),
		thread_create("a", compute, "a"), thread_create("b", compute, "b"),
		thread_create("low", compute, "l") };
	char text[64];

	KT_REQUIRE(thread[0]);
	sleeper = thread[0];
	thread_get(sleeper);
	start = clock_ns();
	for (unsigned i = 0; i < 4; i++) {
		KT_REQUIRE(thread[i]);
		thread_set_priority(thread[i], i == 3 ? LOW : HIGH);
		thread_start(thread[i]);
	}
	for (unsigned i = 0; i < 4; i++)
		thread_join(thread[i]);
	thread_put(sleeper);
	write('e', 0);
	kt_reply(sched_policy_name());
	for (unsigned i = 0; i < notes; i++) {
		ksnprintf(text, sizeof(text), "%c %lu %u", note[i].who, note[i].at, note[i].level);
		kt_reply(text);
	}
}
