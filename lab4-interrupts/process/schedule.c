/*
 * What a program may say to the scheduler: giving way, processors, niceness.
 *
 * Niceness, from -20 (urgent) to 19, is mapped onto lab 3's priorities: the default is the default.
 *
 * Read more: sched(7), sched_setaffinity(2), getpriority(2).
 */
#include "lab1-boot/lib/string.h"
#include "lab3-threads/sched/sched.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/process/family.h"
#include "lab4-interrupts/process/task.h"
#include <linux/resource.h>
#include <linux/sched.h>

#define MASK_BYTES 8 /* that a mask of processors has at least */
#define NICE_LEAST (-20)
#define NICE_MOST  19
#define NICE_STEPS 40 /* and priorities below: the same distance from the default */

SYSCALL(sched_yield, "")
{
	sched_yield();
	return 0;
}

/* The task of that number, 0 meaning the caller, with a reference; NULL if there is none. */
static struct task *task_or_self(int id)
{
	struct task *self = task_self();

	if (id)
		return task_find(id);
	thread_get(&self->thread);
	return self;
}

/* --- processors ---------------------------------------------------------------------- */

static uint8_t all_processors(void)
{
	return (uint8_t)((1u << percpu_count) - 1);
}

SYSCALL(sched_getaffinity, "pid, size, address", int, id, unsigned, bytes, uint64_t, to)
{
	uint64_t mask;
	struct task *task;

	if (bytes < MASK_BYTES || bytes % sizeof(mask))
		return -EINVAL;
	task = task_or_self(id);
	if (!task)
		return -ESRCH;
	mask = task->thread.affinity & all_processors();
	task_put(task);
	return copy_to_user(to, &mask, sizeof(mask)) ? -EFAULT : MASK_BYTES;
}

SYSCALL(sched_setaffinity, "pid, size, address", int, id, unsigned, bytes, uint64_t, from)
{
	uint64_t mask = 0;
	struct task *task;

	if (copy_from_user(&mask, from, bytes < sizeof(mask) ? bytes : sizeof(mask)))
		return -EFAULT;
	mask &= all_processors();
	if (!mask)
		return -EINVAL;
	task = task_or_self(id);
	if (!task)
		return -ESRCH;
	thread_set_affinity(&task->thread, (uint8_t)mask);
	if (task == task_self())
		sched_yield(); /* off a processor that it may not run on any more */
	task_put(task);
	return 0;
}

SYSCALL(getcpu, "address, address", uint64_t, cpu, uint64_t, node)
{
	uint32_t values[] = { this_cpu(cpu_number), 0 };

	if (cpu && copy_to_user(cpu, &values[0], sizeof(values[0])))
		return -EFAULT;
	return node ? copy_to_user(node, &values[1], sizeof(values[1])) : 0;
}

/* --- niceness ------------------------------------------------------------------------ */

static unsigned priority_of(int nice)
{
	int priority = THREAD_PRIORITY_DEFAULT - nice * THREAD_PRIORITIES / NICE_STEPS;

	if (priority < 0)
		return 0;
	return priority < THREAD_PRIORITIES ? (unsigned)priority : THREAD_PRIORITIES - 1;
}

/* Processes that somebody means: by number, by group, or all, which are one user's. */
struct meant {
	int which, who;
	bool any;
	int nice; /* to be set; or the least found */
	bool set;
};

static bool is_meant(const struct process *process, const struct meant *meant)
{
	if (meant->which == PRIO_PROCESS)
		return process->id == meant->who;
	if (meant->which == PRIO_USER)
		return !meant->who; /* there is one user, root */
	return process->group == meant->who;
}

static void set_nice(struct process *process, int nice)
{
	mutex_lock(&process->lock);
	process->nice = nice;
	list_each (link, &process->tasks)
		thread_set_priority(
			&list_entry(link, struct task, link)->thread, priority_of(nice));
	mutex_unlock(&process->lock);
}

/* The number of the process that has that task: niceness is the process's here. 0: there is none.
 */
static int number_with(int id)
{
	struct process *process = process_with(id);
	int number = process ? process->id : 0;

	if (process)
		process_put(process);
	return number;
}

/* 0, or why there is nobody. */
static int for_meant(struct meant *meant)
{
	struct process *self = process_self();

	if (meant->which < PRIO_PROCESS || meant->which > PRIO_USER)
		return -EINVAL;
	if (meant->which == PRIO_PROCESS && meant->who) {
		meant->who = number_with(meant->who);
		if (!meant->who)
			return -ESRCH;
	}
	mutex_lock(&process_tree);
	if (!meant->who && meant->which != PRIO_USER)
		meant->who = meant->which == PRIO_PROCESS ? self->id : self->group;
	family_each (process) {
		if (!is_meant(process, meant))
			continue;
		if (meant->set)
			set_nice(process, meant->nice);
		else if (!meant->any || process->nice < meant->nice)
			meant->nice = process->nice;
		meant->any = true;
	}
	mutex_unlock(&process_tree);
	return meant->any ? 0 : -ESRCH;
}

/* The kernel's answer is never negative: 20 means 0. */
SYSCALL(getpriority, "number, number", int, which, int, who)
{
	struct meant meant = { .which = which, .who = who };
	int error = for_meant(&meant);

	return error ? error : NICE_MOST + 1 - meant.nice;
}

SYSCALL(setpriority, "number, number, number", int, which, int, who, int, nice)
{
	struct meant meant = { .which = which, .who = who, .set = true };

	meant.nice = nice < NICE_LEAST ? NICE_LEAST : nice > NICE_MOST ? NICE_MOST : nice;
	return for_meant(&meant);
}

/* --- policies: there is one ---------------------------------------------------------- */

/* The priorities of others are told nevertheless: none but for the two of real time. */
static bool is_policy(int policy)
{
	return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE ||
	       policy == SCHED_DEADLINE;
}

SYSCALL(sched_getscheduler, "pid", int, id)
{
	struct task *task = id < 0 ? NULL : task_or_self(id);

	if (!task)
		return id < 0 ? -EINVAL : -ESRCH;
	task_put(task);
	return SCHED_NORMAL;
}

SYSCALL(sched_getparam, "pid, address", int, id, uint64_t, to)
{
	int priority = 0;
	struct task *task = id < 0 || !to ? NULL : task_or_self(id);

	if (!task)
		return id < 0 || !to ? -EINVAL : -ESRCH;
	task_put(task);
	return copy_to_user(to, &priority, sizeof(priority));
}

SYSCALL(sched_get_priority_max, "number", int, policy)
{
	if (policy == SCHED_FIFO || policy == SCHED_RR)
		return 99;
	return is_policy(policy) ? 0 : -EINVAL;
}

SYSCALL(sched_get_priority_min, "number", int, policy)
{
	if (policy == SCHED_FIFO || policy == SCHED_RR)
		return 1;
	return is_policy(policy) ? 0 : -EINVAL;
}
