/*
 * The end of a task, and of a process.
 *
 * A task takes itself apart as far as it can while it still runs; its structure and its stack go
 * when the last one has let go of them. The last task of a process lets go of what all of them
 * shared, and leaves a zombie: a number and a status, until the parent has asked for it.
 *
 * Read more: _exit(2), wait(2), set_tid_address(2).
 */
#include "lab4-interrupts/process/exit.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/power.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab3-threads/lock/completion.h"
#include "lab3-threads/sched/sched.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/futex/futex.h"
#include "lab4-interrupts/memory/memory.h"
#include "lab4-interrupts/process/family.h"
#include "lab4-interrupts/process/number.h"
#include "lab4-interrupts/process/switch.h"
#include "lab4-interrupts/process/task.h"
#include "lab4-interrupts/process/wait.h"
#include "lab4-interrupts/signal/signal.h"

#define STATUS(code) (((code)&0xff) << 8) /* of a process that has ended by itself */

/* --- what is given ------------------------------------------------------------------- */

void process_vfork_done(struct process *process)
{
	mutex_lock(&process->lock);
	if (process->vfork)
		complete(process->vfork);
	process->vfork = NULL;
	mutex_unlock(&process->lock);
}

/* What the first process leaves is an empty machine. */
static _Noreturn void init_ended(int status)
{
	if (status & 0x7f)
		kprintf("init was ended by signal %d\n", status & 0x7f);
	else
		kprintf("init ended with status %d\n", status >> 8 & 0xff);
	power_off();
}

/* The last one to end decides, if nobody has called exit_group. */
static void note_status(struct task *task, int status)
{
	struct process *process = task->process;

	mutex_lock(&process->lock);
	if (!process->exiting)
		process->status = status;
	mutex_unlock(&process->lock);
}

// BEGIN SOLUTION 4.6
/* --- one task of several ------------------------------------------------------------- */

/* Out of the process. */
static void take_out(struct task *task)
{
	struct process *process = task->process;

	number_task_gone(task);
	mutex_lock(&process->lock);
	list_remove(&task->link);
	process->user_ns += sched_ran(&task->thread);
	__atomic_store_n(&process->living, process->living - 1, __ATOMIC_RELEASE);
	mutex_unlock(&process->lock);
	waitqueue_wake_all(&process->alone);
}

/*
 * Whether the task is its process's last one; if not, it is none of it afterwards. One at a
 * time: of two that end together the second finds itself alone, and nobody else at work on what
 * they share.
 */
static bool is_last(struct task *task)
{
	struct process *process = task->process;
	bool last;

	mutex_lock(&process->leaving);
	last = __atomic_load_n(&process->living, __ATOMIC_ACQUIRE) == 1;
	if (!last) {
		parts_exit(task, false);
		take_out(task);
	}
	mutex_unlock(&process->leaving);
	return last;
}

/* --- the process --------------------------------------------------------------------- */

/* No processor has its tables loaded for us, and none will. */
static void drop_memory(struct process *process)
{
	struct memory *memory = process->memory;

	mutex_lock(&process->lock);
	process->memory = NULL;
	mutex_unlock(&process->lock);
	if (memory)
		memory_put(memory);
}

/* A child that had asked for it learns that its parent is gone. Caller holds process_tree. */
static void tell_of_death(struct process *child)
{
	mutex_lock(&child->lock);
	list_each (link, &child->tasks) {
		struct task *task = list_entry(link, struct task, link);

		if (task->death_signal)
			signal_send(child, task->death_signal, NULL);
	}
	mutex_unlock(&child->lock);
}

/* Its children become somebody else's, and those among them that have ended are told to him. */
static void give_children(struct process *process)
{
	struct process *heir = family_heir(process);

	while (!list_empty(&process->children)) {
		struct process *child = list_entry(process->children.next, struct process, sibling);

		family_give(child, heir);
		tell_of_death(child);
		if (child->zombie)
			wait_child_ended(child);
	}
}

static void become_zombie(struct process *process)
{
	mutex_lock(&process_tree);
	signal_orphans(process);
	give_children(process);
	process->zombie = true;
	wait_child_ended(process);
	mutex_unlock(&process_tree);
}

static void end_process(struct task *task)
{
	struct process *process = task->process;

	parts_exit(task, true);
	process_vfork_done(process);
	drop_memory(process);
	take_out(task);
	if (process == process_init_process)
		init_ended(process->status);
	become_zombie(process);
}
// END SOLUTION 4.6 =>

_Noreturn void task_exit(int status)
{
	struct task *task = task_self();

	note_status(task, status);
	/* Exercise 4.6, second half: what the task has in user memory is told to those who wait for
	 * it there (futex_task_exit), for as long as it has that memory; then it leaves it
	 * (switch_leave). Its parts are told (parts_exit), its number is free, and it is no
	 * task of its process any more, which keeps the time that it has run (sched_ran): whoever
	 * waits in process->alone looks at process->living.
	 * The last one, which is told apart whatever others do at the same time, ends the process
	 * with it: who waits for a vfork goes on, the memory is given up, the children get another
	 * parent, and the process is a zombie (wait.h). process 1 is the end (init_ended). */
	// BEGIN SOLUTION 4.6
	futex_task_exit(task);
	switch_leave(task);
	if (is_last(task))
		end_process(task);
	// END SOLUTION 4.6 => todo("4.6"); if (task->process == process_init_process)
	// init_ended(status);
	thread_exit(0);
}

/* --- all tasks of a process ---------------------------------------------------------- */

void process_end_others(struct process *process, const struct task *except)
{
	assert(mutex_held(&process->lock));
	list_each (link, &process->tasks) {
		struct task *task = list_entry(link, struct task, link);

		if (task != except)
			task_notify(task, TASK_END);
	}
}

_Noreturn void process_exit(int status)
{
	struct task *self = task_self();
	struct process *process = self->process;

	mutex_lock(&process->lock);
	if (!process->exiting) {
		process->status = status;
		__atomic_store_n(&process->exiting, true, __ATOMIC_RELEASE);
		process_end_others(process, self);
	}
	mutex_unlock(&process->lock);
	task_exit(status);
}

/* Either all end, and the status has been decided, or all but one, and there is none. */
_Noreturn void task_end(void)
{
	task_exit(0);
}

SYSCALL(exit, "status", int, status)
{
	task_exit(STATUS(status));
}

SYSCALL(exit_group, "status", int, status)
{
	process_exit(STATUS(status));
}
