/*
 * The end of a turn: see tick.h. The timer's function has nothing to do: each interrupt ends
 * with a resched point (trap/), and there the scheduler finds that the turn is over.
 *
 * The timer is never stopped. Threads that wake each other in turn would set it with every
 * switch, otherwise, and an interrupt too many is cheaper.
 */
#include "lab4-interrupts/time/tick.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/ktest/todo.h"
#include "lab3-threads/sched/sched.h"
#include "lab4-interrupts/time/timer.h"

static void turn_is_over(struct timer *timer)
{
	(void)timer;
}

static PERCPU(struct timer, turn) = { .expired = turn_is_over };

static void shared(uint64_t moment)
{
	/* Exercise 4.2: see to an interrupt on this processor at that moment, or before. Interrupts
	 * are off. This is called with each switch and each wake-up, so change the timer only if
	 * you have to. */
	// BEGIN SOLUTION 4.2
	struct timer *timer = this_cpu_ptr(turn);

	if (!timer_started(timer) || moment < timer->deadline)
		timer_start(timer, moment);
	// END SOLUTION 4.2 => todo("4.2"); (void)turn, (void)moment;
}

static const struct sched_slice_ops limits = { shared };

void tick_init(void)
{
	sched_set_slice_ops(&limits);
}
