/*
 * ITIMER_VIRTUAL, ITIMER_PROF and RLIMIT_CPU: signals when a process has used so much processor
 * time.
 *
 * No clock runs with a process, so somebody has to look. The tasks of a process with such a timer
 * do (process->timed), on their way to user mode: each time they come to a processor, and when what
 * was left at the last look may be used up; for that an interrupt is asked for there. Tasks that
 * run side by side use it up together, so each looks after its share of it, and none asks for more
 * than a second ahead. A process that sleeps is not looked at.
 *
 * All time is told as user time (process/usage.c): both timers count the same.
 *
 * Read more: setitimer(2), getrlimit(2).
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/process/usage.h"
#include "lab4-interrupts/signal/state.h"
#include <linux/time.h>

#define SOONEST 50000ul /* no look is asked for sooner than that, in nanoseconds */

/* --- looking ------------------------------------------------------------------------- */

/* Whoever runs here looks, whether he has asked for it or not. */
static void call_to_look(struct timer *timer)
{
	struct task *task = task_self();

	(void)timer;
	if (task)
		__atomic_or_fetch(&task->work, TASK_TIMES, __ATOMIC_RELAXED);
}

static PERCPU(struct timer, look) = { .expired = call_to_look };

static void ask_for_look(uint64_t nanoseconds)
{
	uint64_t irq = irq_save();

	timer_start(
		this_cpu_ptr(look), clock_ns() + (nanoseconds < SOONEST ? SOONEST : nanoseconds));
	irq_restore(irq);
}

/* How much is left, or TIMER_NEVER. If it is over, its signal is due. */
static uint64_t check(struct cpu_timer *timer, uint64_t used, int number, uint64_t *due)
{
	if (timer->at && timer->at <= used) {
		*due |= signal_bit(number);
		timer->at = !timer->interval
				    ? 0
				    : used + timer->interval - (used - timer->at) % timer->interval;
	}
	return timer->at ? timer->at - used : TIMER_NEVER;
}

/* At the soft limit, and at each second from then on, there is a SIGXCPU; the hard one ends it. */
static uint64_t check_limit(struct rlimit *limit, uint64_t used, uint64_t *due)
{
	uint64_t seconds = used / NS_PER_SECOND;

	if (seconds >= limit->rlim_max) {
		*due |= signal_bit(SIGKILL);
	} else if (seconds >= limit->rlim_cur) {
		*due |= signal_bit(SIGXCPU);
		limit->rlim_cur = seconds + 1;
	}
	return limit->rlim_cur < TIMER_NEVER / NS_PER_SECOND && limit->rlim_cur > seconds
		       ? limit->rlim_cur * NS_PER_SECOND - used
		       : TIMER_NEVER;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void signal_check_times(void)
{
	struct process *process = process_self();
	struct cpu_timer *timers = process->signals->cpu_timers;
	uint64_t user, system, left, due = 0;

	mutex_lock(&process->lock);
	/* Not before there is the lock: whoever sleeps for it comes back with the bit set again. */
	__atomic_fetch_and(&task_self()->work, ~TASK_TIMES, __ATOMIC_RELAXED);
	process_times(process, &user, &system);
	left = check(&timers[CPU_TIMER_VIRTUAL], user, SIGVTALRM, &due);
	left = lesser(left, check(&timers[CPU_TIMER_PROF], user + system, SIGPROF, &due));
	left = lesser(left, check_limit(&process->limit[RLIMIT_CPU], user + system, &due));
	__atomic_store_n(&process->timed, left != TIMER_NEVER, __ATOMIC_RELAXED);
	if (left != TIMER_NEVER)
		ask_for_look(lesser(left / lesser(process->living, percpu_count), NS_PER_SECOND));
	mutex_unlock(&process->lock);
	for (; due; due &= due - 1)
		signal_send_here(__builtin_ctzl(due) + 1);
}

/* --- setting ------------------------------------------------------------------------- */

/* What that timer counts. Caller holds process->lock. */
static uint64_t used_by(struct process *process, unsigned which)
{
	uint64_t user, system;

	process_times(process, &user, &system);
	return which == CPU_TIMER_VIRTUAL ? user : user + system;
}

static struct alarm left_of(const struct cpu_timer *timer, uint64_t used)
{
	uint64_t left = timer->at > used ? timer->at - used : 1;

	return (struct alarm){ timer->at ? left : 0, timer->interval };
}

struct alarm signal_cpu_timer_get(unsigned which)
{
	struct process *process = process_self();
	struct alarm now;

	mutex_lock(&process->lock);
	now = left_of(&process->signals->cpu_timers[which], used_by(process, which));
	mutex_unlock(&process->lock);
	return now;
}

struct alarm signal_cpu_timer_set(unsigned which, const struct alarm *new)
{
	struct process *process = process_self();
	struct cpu_timer *timer = &process->signals->cpu_timers[which];
	struct alarm before;
	uint64_t used;

	mutex_lock(&process->lock);
	used = used_by(process, which);
	before = left_of(timer, used);
	*timer = (struct cpu_timer){ new->left ? used + new->left : 0, new->interval };
	process_watch_times(process);
	mutex_unlock(&process->lock);
	return before;
}
