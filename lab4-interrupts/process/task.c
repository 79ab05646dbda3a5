/*
 * Tasks and processes as structures: making, counting, freeing. See process.h.
 *
 * A task is referred to by its thread, and as long as that runs by itself. The last reference
 * may be given up anywhere, so freeing one never sleeps: what needs that is done before, by
 * the task itself on its way out (exit.c).
 */
#include "lab4-interrupts/process/task.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/leaks.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/slab.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/sched/sched.h"
#include "lab4-interrupts/process/return.h"
#include "lab4-interrupts/process/switch.h"
#include "lab4-interrupts/signal/signal.h"
#include "lab4-interrupts/trap/interrupt.h"
#include <linux/errno.h>
#include <stddef.h>

#define TASKS_MAX 4096u
/* One task for so much memory, in pages: a stack, page tables, and some pages of its own. */
#define TASK_PAGES 32u
/* The last ones are for process 1 and what it has started, a shell for example, but not for their
 * children: somebody has to be able to clear up. */
#define TASKS_RESERVE 16u

ROWS_DEFINE(task_part);
static struct slab_cache task_cache, process_cache;
static unsigned count; /* [a] processes, zombies too, and tasks but each process's first */

static void uncount(void)
{
	__atomic_sub_fetch(&count, 1, __ATOMIC_RELAXED);
}

/* --- processes ----------------------------------------------------------------------- */

struct process *process_make(void)
{
	struct process *process = slab_alloc(&process_cache, PAGE_ZERO);

	if (!process)
		return NULL;
	process->references = 1;
	list_init(&process->children);
	waitqueue_init(&process->waiting, "children");
	mutex_init(&process->leaving, "process leaving");
	mutex_init(&process->lock, "process");
	list_init(&process->tasks);
	waitqueue_init(&process->alone, "exec");
	process->began = clock_ns();
	process->reserve = !task_self() || process_self() == process_init_process;
	process->undumpable = task_self() && process_self()->undumpable;
	process->no_new_privileges = task_self() && process_self()->no_new_privileges;
	return process;
}

void process_get(struct process *process)
{
	__atomic_add_fetch(&process->references, 1, __ATOMIC_RELAXED);
}

void process_put(struct process *process)
{
	if (__atomic_sub_fetch(&process->references, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	if (process->counted)
		uncount();
	signal_process_free(process);
	slab_free(&process_cache, process);
}

/* --- tasks --------------------------------------------------------------------------- */

unsigned tasks_limit(void)
{
	uint64_t by_memory = page_total() / TASK_PAGES;

	return by_memory < TASKS_MAX ? (unsigned)by_memory : TASKS_MAX;
}

unsigned tasks_count(void)
{
	return __atomic_load_n(&count, __ATOMIC_RELAXED);
}
static uint64_t tasks_now(void)
{
	return tasks_count();
}
LEAK_COUNT("tasks", tasks_now);

static bool count_one(void)
{
	bool reserve = !task_self() || process_self()->reserve;
	unsigned most = tasks_limit() - (reserve ? 0 : TASKS_RESERVE);

	if (__atomic_add_fetch(&count, 1, __ATOMIC_RELAXED) <= most)
		return true;
	uncount();
	return false;
}

void task_free(struct thread *thread)
{
	struct task *task = (struct task *)thread;

	signal_task_free(task);
	process_put(task->process);
	if (task->counted)
		uncount();
	slab_free(&task_cache, task);
}

void task_becomes_first(struct task *task)
{
	if (task->counted)
		uncount();
	task->counted = false;
}

/* It runs where, and as urgently as, the task that makes it. */
static void inherit_turn(struct thread *thread)
{
	const struct thread *self = thread_self();

	if (!task_self())
		return;
	if (self->affinity != thread->affinity)
		thread_set_affinity(thread, self->affinity);
	if (self->base != thread->base)
		thread_set_priority(thread, self->base);
}

int task_make(
	struct process *process, const char *name, void (*run)(void *task), struct task **made)
{
	struct task *task;

	if (!count_one())
		return -EAGAIN;
	task = slab_alloc(&task_cache, PAGE_ZERO);
	if (!task)
		goto unwind_count;
	if (!thread_build(&task->thread, name, run, task, sizeof(struct trap_frame), task_free))
		goto unwind_task;
	*(process->counted ? &task->counted : &process->counted) = true;
	task->process = process;
	process_get(process);
	list_init(&task->link);
	task->syscall = ~0ul;
	inherit_turn(&task->thread);
	*made = task;
	return 0;

unwind_task:
	slab_free(&task_cache, task);
unwind_count:
	uncount();
	return -ENOMEM;
}

void task_put(struct task *task)
{
	thread_put(&task->thread);
}

struct trap_frame *task_frame(struct task *task)
{
	return (struct trap_frame *)((char *)task->thread.stack + THREAD_STACK) - 1;
}

void task_notify(struct task *task, unsigned work)
{
	__atomic_or_fetch(&task->work, work, __ATOMIC_SEQ_CST);
	thread_interrupt(&task->thread);
	sched_nudge(&task->thread);
}

void process_init(void)
{
	slab_cache_init(&task_cache, "task", sizeof(struct task), 64);
	slab_cache_init(&process_cache, "process", sizeof(struct process), 64);
	switch_init();
	return_init();
}

/* --- parts --------------------------------------------------------------------------- */

int parts_clone(struct task *task, struct task *from, uint64_t flags)
{
	bool last = !from || task->process != from->process;

	ROWS_EACH (task_part, part) {
		int error = part->clone ? part->clone(task, from, flags) : 0;

		if (!error)
			continue;
		while (part-- > rows_task_part_start)
			if (part->exit)
				part->exit(task, last);
		return error;
	}
	return 0;
}

void parts_exec(struct task *task)
{
	ROWS_EACH (task_part, part)
		if (part->exec)
			part->exec(task);
}

void parts_exit(struct task *task, bool last)
{
	ROWS_EACH (task_part, part)
		if (part->exit)
			part->exit(task, last);
}
