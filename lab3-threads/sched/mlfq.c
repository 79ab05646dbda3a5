/*
 * The multi-level feedback policy: see mlfq.h for its rules.
 *
 * A mask has a bit for each level, set as long as that level's list is not empty: so one
 * instruction finds the highest one, however many threads there are.
 */
#include "lab3-threads/sched/mlfq.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/ktest/todo.h"
#include "lab3-threads/sched/policy.h"

struct levels {
	struct list list[THREAD_PRIORITIES]; /* through sched.link of its threads */
	uint32_t mask;                       /* a bit for each list that is not empty */
	uint64_t ran; /* nanoseconds that threads have run since the last boost */
};
_Static_assert(THREAD_PRIORITIES <= 32, "the mask has a bit for each level");

static PERCPU(struct levels, levels);

static struct levels *levels_of(unsigned cpu)
{
	return percpu_at(percpu_areas[cpu], levels);
}

static void mlfq_init(unsigned cpu)
{
	struct levels *levels = levels_of(cpu);

	for (unsigned level = 0; level < THREAD_PRIORITIES; level++)
		list_init(&levels->list[level]);
	levels->mask = 0;
	levels->ran = 0;
}

/* The level where a thread belongs now, a new priority considered. */
static unsigned level_of(const struct thread *thread)
{
	return thread->sched.ceiling == thread->priority ? thread->sched.level : thread->priority;
}

/* To that level, with a whole slice. */
static void enter(struct thread *thread, unsigned level)
{
	thread->sched.level = level;
	thread->sched.ceiling = thread->priority;
	thread->sched.used = 0;
}

// BEGIN SOLUTION 3.8
/* Rule 2, second half. */
static bool changed(const struct thread *thread)
{
	return thread->sched.ceiling != thread->priority;
}

/* Rule 4. */
static unsigned level_below(const struct thread *thread)
{
	unsigned level = thread->sched.level;

	return level > thread->priority ? thread->priority : level - (level > 0);
}

static void insert(struct levels *levels, struct thread *thread, bool in_front)
{
	struct list *list = &levels->list[thread->sched.level];

	list_insert_after(in_front ? list : list->prev, &thread->sched.link);
	levels->mask |= 1u << thread->sched.level;
}

static void take_out(struct levels *levels, struct thread *thread)
{
	unsigned level = thread->sched.level;

	list_remove(&thread->sched.link);
	if (list_empty(&levels->list[level]))
		levels->mask &= ~(1u << level);
}

/* Rule 5. */
static void boost(struct levels *levels, struct thread *running)
{
	struct list *top = &levels->list[MLFQ_TOP];

	list_each (link, top)
		list_entry(link, struct thread, sched.link)->sched.used = 0;
	for (unsigned level = MLFQ_TOP; level-- > 0;)
		while (!list_empty(&levels->list[level])) {
			struct thread *thread =
				list_entry(levels->list[level].next, struct thread, sched.link);

			take_out(levels, thread);
			enter(thread, MLFQ_TOP);
			insert(levels, thread, false);
		}
	enter(running, MLFQ_TOP);
	levels->ran = 0;
}
// END SOLUTION 3.8 =>

static void mlfq_enqueue(unsigned cpu, struct thread *thread, enum sched_why why)
{
	/* Exercise 3.8: decide the thread's level by why it comes, and put it there; sched.link,
	 * sched.level, sched.ceiling and sched.used are this policy's. */
	// BEGIN SOLUTION 3.8
	if (why == SCHED_NEW || why == SCHED_WOKEN || changed(thread))
		enter(thread, thread->priority);
	else if (why == SCHED_SPENT)
		enter(thread, level_below(thread));
	insert(levels_of(cpu), thread, why == SCHED_PREEMPTED);
	// END SOLUTION 3.8 => todo("3.8"); (void)cpu, (void)thread, (void)why, (void)enter;
}

static void mlfq_dequeue(unsigned cpu, struct thread *thread)
{
	/* Exercise 3.8: take the thread out, which is in a list of this processor's. */
	// BEGIN SOLUTION 3.8
	take_out(levels_of(cpu), thread);
	// END SOLUTION 3.8 => todo("3.8"); (void)cpu, (void)thread;
}

static struct thread *mlfq_pick(unsigned cpu)
{
	/* Exercise 3.8: take out the one that is next. Do not look through the levels: GCC's
	 * __builtin_clz tells the highest bit of the mask. NULL if nobody is ready. */
	// BEGIN SOLUTION 3.8
	struct levels *levels = levels_of(cpu);
	struct thread *thread;

	if (!levels->mask)
		return NULL;
	thread = list_entry(
		levels->list[31 - __builtin_clz(levels->mask)].next, struct thread, sched.link);
	take_out(levels, thread);
	return thread;
	// END SOLUTION 3.8 => todo("3.8"); (void)cpu; return NULL;
}

static bool mlfq_tick(unsigned cpu, struct thread *running, uint64_t ns, enum sched_why *why)
{
	/* Exercise 3.8: count the time, for the thread's slice and for the next boost. At a boost
	 * nobody's slice is used up. Otherwise, if the running one's is, *why is SCHED_SPENT and
	 * the answer true; mlfq_enqueue does the rest. If not, leave *why alone. */
	// BEGIN SOLUTION 3.8
	struct levels *levels = levels_of(cpu);

	if (changed(running))
		enter(running, running->priority);
	running->sched.used += ns;
	levels->ran += ns;
	if (levels->ran >= MLFQ_BOOST)
		boost(levels, running);
	if (running->sched.used < mlfq_slice(running->sched.level))
		return false;
	*why = SCHED_SPENT;
	return true;
	// END SOLUTION 3.8 => todo("3.8"); (void)cpu, (void)running, (void)ns, (void)why;
	// return false;
}

static uint64_t mlfq_left(unsigned cpu, const struct thread *running)
{
	uint64_t slice = mlfq_slice(level_of(running));

	(void)cpu;
	return slice > running->sched.used ? slice - running->sched.used : 0;
}

static bool mlfq_urgent(const struct thread *thread, const struct thread *running)
{
	return level_of(thread) > level_of(running);
}

/* The one that would run next of those that may run there: it waits for nothing else. */
static struct thread *mlfq_spare(unsigned cpu, unsigned other)
{
	struct levels *levels = levels_of(cpu);

	for (unsigned level = THREAD_PRIORITIES; level-- > 0;)
		list_each (link, &levels->list[level]) {
			struct thread *thread = list_entry(link, struct thread, sched.link);

			if (thread->affinity >> other & 1)
				return thread;
		}
	return NULL;
}

SCHED_POLICY(mlfq, .init = mlfq_init, .enqueue = mlfq_enqueue, .dequeue = mlfq_dequeue,
	.pick = mlfq_pick, .tick = mlfq_tick, .left = mlfq_left, .urgent = mlfq_urgent,
	.spare = mlfq_spare);
