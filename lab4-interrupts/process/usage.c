/*
 * getrusage, times: how much processor time was used.
 *
 * The scheduler knows how long each thread has run, and not how much of it in user mode: all of
 * it is told as user time. (Challenge: CPU accounting.)
 *
 * Read more: getrusage(2), times(2).
 */
#include "lab4-interrupts/process/usage.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/sched/sched.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/process/process.h"
#include <linux/times.h>

#define SECOND 1000000000u

void usage_fill(struct rusage *usage, uint64_t user_ns, uint64_t system_ns)
{
	memset(usage, 0, sizeof(*usage));
	usage->ru_utime.tv_sec = (int64_t)(user_ns / SECOND);
	usage->ru_utime.tv_usec = (int64_t)(user_ns % SECOND / 1000);
	usage->ru_stime.tv_sec = (int64_t)(system_ns / SECOND);
	usage->ru_stime.tv_usec = (int64_t)(system_ns % SECOND / 1000);
}

void process_times(struct process *process, uint64_t *user_ns, uint64_t *system_ns)
{
	assert(mutex_held(&process->lock));
	*user_ns = process->user_ns;
	*system_ns = process->system_ns;
	list_each (link, &process->tasks)
		*user_ns += sched_ran(&list_entry(link, struct task, link)->thread);
}

uint64_t process_user_ns(struct process *process)
{
	uint64_t user, system;

	mutex_lock(&process->lock);
	process_times(process, &user, &system);
	mutex_unlock(&process->lock);
	return user;
}

/* Those that sleep look when they come to a processor (switch.c). */
void process_watch_times(struct process *process)
{
	assert(mutex_held(&process->lock));
	__atomic_store_n(&process->timed, true, __ATOMIC_RELAXED);
	list_each (link, &process->tasks) {
		struct task *task = list_entry(link, struct task, link);

		__atomic_or_fetch(&task->work, TASK_TIMES, __ATOMIC_RELAXED);
		sched_nudge(&task->thread);
	}
}

SYSCALL(getrusage, "number, address", int, who, uint64_t, to)
{
	struct process *self = process_self();
	struct rusage usage;

	if (who == RUSAGE_SELF)
		usage_fill(&usage, process_user_ns(self), self->system_ns);
	else if (who == RUSAGE_THREAD)
		usage_fill(&usage, sched_ran(thread_self()), 0);
	else if (who == RUSAGE_CHILDREN)
		usage_fill(&usage, self->children_user_ns, self->children_system_ns);
	else
		return -EINVAL;
	return copy_to_user(to, &usage, sizeof(usage));
}

SYSCALL(times, "address", uint64_t, to)
{
	struct process *self = process_self();
	struct tms times = {
		usage_ticks(process_user_ns(self)),
		usage_ticks(self->system_ns),
		usage_ticks(self->children_user_ns),
		usage_ticks(self->children_system_ns),
	};

	if (to && copy_to_user(to, &times, sizeof(times)))
		return -EFAULT;
	return usage_ticks(clock_ns());
}
