/*
 * exec: the process stays, and becomes another program.
 *
 * The new memory is made beside the old one (program.h): whatever is wrong with the new
 * program, the old one can go on and be told. Then the other tasks end; and then comes the point of
 * no return, behind which nothing can fail.
 *
 * Read more: execve(2).
 */
#include "lab4-interrupts/process/exec.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/gdt.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab3-threads/thread/fpu.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/futex/futex.h"
#include "lab4-interrupts/process/exit.h"
#include "lab4-interrupts/process/number.h"
#include "lab4-interrupts/process/program.h"
#include "lab4-interrupts/process/switch.h"
#include "lab4-interrupts/process/task.h"
#include <linux/signal.h>

#define RFLAGS_ALWAYS 2u /* a bit that is always set */

/* --- the other tasks ----------------------------------------------------------------- */

/* Caller holds process->lock, which is free meanwhile. */
static void wait_for_others(struct process *process)
{
	struct waiter waiter;

	while (process->living > 1) {
		mutex_unlock(&process->lock);
		waitqueue_prepare(&process->alone, &waiter, 0);
		if (__atomic_load_n(&process->living, __ATOMIC_ACQUIRE) > 1)
			waitqueue_wait(&process->alone, &waiter);
		else
			waitqueue_cancel(&process->alone, &waiter);
		mutex_lock(&process->lock);
	}
}

/* End all others. -EINTR if this one is ended itself, because another one was quicker. */
static int end_others(struct task *self)
{
	struct process *process = self->process;
	int error = 0;

	mutex_lock(&process->lock);
	if (process->exiting || process->execing) {
		error = -EINTR;
	} else {
		process->execing = self;
		process_end_others(process, self);
		wait_for_others(process);
		process->execing = NULL;
		if (process->exiting) /* while we waited */
			error = -EINTR;
	}
	mutex_unlock(&process->lock);
	return error;
}

/* --- the point of no return ---------------------------------------------------------- */

static void take_memory(struct task *task, const struct program *program)
{
	struct process *process = task->process;
	struct memory *old = process->memory;

	mutex_lock(&process->lock);
	process->memory = program->memory;
	strlcpy(process->path, program->full_path, sizeof(process->path));
	mutex_unlock(&process->lock);
	switch_memory(task);
	process_vfork_done(process);
	if (old)
		memory_put(old);
}

static void reset_task(struct task *task, const struct program *program)
{
	thread_rename(program->name);
	task->set_id = task->clear_id = task->robust_list = 0;
	task->fs_base = task->gs_base = 0;
	switch_bases(task);
	fpu_reset();
	if (task->id != task->process->id) {
		number_take_over(task);
		task_becomes_first(task);
	}
}

static void set_registers(struct task *task, const struct program *program)
{
	*task_frame(task) = (struct trap_frame){
		.rip = program->begin,
		.cs = GDT_USER_CODE | 3,
		.rflags = RFLAGS_ALWAYS | RFLAGS_IF,
		.rsp = program->stack,
		.ss = GDT_USER_DATA | 3,
	};
}

void exec_take_over(struct task *task, const struct program *program)
{
	futex_task_exit(task); /* for those who share the old memory */
	take_memory(task, program);
	reset_task(task, program);
	parts_exec(task);
	mutex_lock(&process_tree);
	task->process->execed = true;
	task->process->undumpable = false;
	task->process->exit_signal = SIGCHLD;
	mutex_unlock(&process_tree);
	set_registers(task, program);
}

/* --- the call ------------------------------------------------------------------------ */

/* With everything that was asked for in the kernel's memory. */
static int become(const char *path, struct strings *strings)
{
	struct task *self = task_self();
	struct program program;
	int error = program_load(&program, path, strings);

	if (error)
		return error;
	error = end_others(self);
	if (error)
		memory_put(program.memory);
	else
		exec_take_over(self, &program);
	return error;
}

int process_exec(const char *path, uint64_t arguments, uint64_t environment)
{
	struct strings strings;
	int error;

	strings_init(&strings, program_strings_most(process_limit(process_self(), RLIMIT_STACK)));
	error = strings_read(&strings, arguments, environment);
	if (!error)
		error = become(path, &strings);
	strings_free(&strings);
	return error;
}

SYSCALL(execve, "path, strings, strings", uint64_t, path, uint64_t, arguments, uint64_t,
	environment)
{
	char *copy = kmalloc(PATH_BYTES, 0);
	int64_t result = copy ? string_from_user(copy, path, PATH_BYTES) : -ENOMEM;

	if (result >= 0)
		result = process_exec(copy, arguments, environment);
	kfree(copy);
	return result;
}
