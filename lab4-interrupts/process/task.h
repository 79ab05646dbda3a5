/*
 * Making tasks and processes, and what they count: for the files of this directory.
 */
#pragma once
#include "lab4-interrupts/process/process.h"

/* process_make: a process with nothing in it, and one reference; NULL without memory. May sleep. */
struct process *process_make(void);

/*
 * task_make: a task of that process, of which it takes a reference, that will begin with
 * run(task). Neither has a number, and the parts (process.h) know nothing of it. -ENOMEM, or
 * -EAGAIN if there are as many as can be. May sleep.
 */
int task_make(
	struct process *process, const char *name, void (*run)(void *task), struct task **task);

/* task_becomes_first: the calling task is all that is left of its process, and counts with that. */
void task_becomes_first(struct task *task);

/* task_put: give up a reference: task_make's of a task that is never started, or task_find's. */
void task_put(struct task *task);

/* tasks_limit: how many there may be: of 4096 as many as there is memory for. */
unsigned tasks_limit(void);

/* tasks_count: how many there are; the first task of a process counts as long as that does, be it a
 * zombie: so there are always numbers that nobody has. */
unsigned tasks_count(void);

/* parts_clone: what the TASK_PART rows have to do for a new task: 0, or an error with all undone.
 * parts_exec, parts_exit: the same for exec and the end. May sleep. */
int parts_clone(struct task *task, struct task *from, uint64_t flags);
void parts_exec(struct task *task);
void parts_exit(struct task *task, bool last);

/* task_to_user: go to user mode for the first time, or after exec: with the task's frame. */
_Noreturn void task_to_user(struct task *task);
