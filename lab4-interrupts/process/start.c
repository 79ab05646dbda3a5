/*
 * The first process, which the kernel makes by itself. All others come from it.
 *
 * Read more: boot(7); bootparam(7), "init=".
 */
#include "lab1-boot/debug/panic.h"
#include "lab3-threads/thread/fpu.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/process/exec.h"
#include "lab4-interrupts/process/family.h"
#include "lab4-interrupts/process/limits.h"
#include "lab4-interrupts/process/number.h"
#include "lab4-interrupts/process/program.h"
#include "lab4-interrupts/process/task.h"
#include "lab4-interrupts/tty/tty.h"
#include <linux/signal.h>

static struct program program; /* what it will run; written before it starts */

static void begin(void *argument)
{
	struct task *task = argument;

	if (fpu_own())
		panic("there is no memory for the first program's registers");
	exec_take_over(task, &program);
	task_to_user(task);
}

static int load(const char *path, const char *const *arguments, const char *const *environment)
{
	struct strings strings;
	int error;

	strings_init(&strings, program_strings_most(RLIM_INFINITY));
	error = strings_copy(&strings, arguments, environment);
	if (!error)
		error = program_load(&program, path, &strings);
	strings_free(&strings);
	return error;
}

/* A task in a process of its own, with what belongs to it. */
static int make(struct task **task)
{
	struct process *process = process_make();
	int error;

	if (!process)
		return -ENOMEM;
	limits_first(process);
	process->exit_signal = SIGCHLD;
	error = task_make(process, program.name, begin, task);
	if (!error) {
		error = parts_clone(*task, NULL, 0);
		if (error)
			task_put(*task);
	}
	process_put(process); /* the task has one */
	return error;
}

/* Its group and its session are nobody's, as on Linux: so it may make its own ones. */
static void add(struct task *task)
{
	struct process *process = task->process;

	mutex_lock(&process_tree);
	process_init_process = process;
	number_task(task, true);
	process_get(process);
	family_add(process, NULL);
	mutex_lock(&process->lock);
	list_push_back(&process->tasks, &task->link);
	process->living = 1;
	mutex_unlock(&process->lock);
	mutex_unlock(&process_tree);
}

int process_start_init(
	const char *path, const char *const *arguments, const char *const *environment)
{
	struct task *task;
	int error = load(path, arguments, environment);

	if (error)
		return error;
	error = make(&task);
	if (error) {
		memory_put(program.memory);
		return error;
	}
	add(task);
	table_console(task->process->files);
	/* Nothing can fail any more, and what is typed is for the program from its beginning. */
	console_tty_init();
	thread_start(&task->thread);
	thread_detach(&task->thread);
	return 0;
}
