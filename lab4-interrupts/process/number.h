/*
 * The numbers of tasks and processes, and who has which.
 *
 * Numbers go up, and come again only when all have been used once: a program that keeps the
 * number of something that has ended finds nothing for as long as can be, and not something
 * else. A number is free when no task, process, group or session has it.
 */
#pragma once
#include <stdbool.h>

#define NUMBERS 32768 /* from 1 on; Linux's pid_max */

struct process;
struct task;

/*
 * number_task: give a task the next free number; with process also its process, which it is the
 * first task of. Both can be found from then on. There are fewer tasks than half the
 * numbers. Caller holds process_tree. Takes the lock of numbers.
 */
void number_task(struct task *task, bool process);

/* number_task_gone, number_process_gone: it cannot be found any more. Take the lock of numbers. */
void number_task_gone(struct task *task);
void number_process_gone(struct process *process);

/* number_take_over: the task gets its process's number, whose first task is gone (exec). */
void number_take_over(struct task *task);

/* numbers_pass: what is below that number counts as used once: for tests, which would have to wait
 * long for it. Caller holds process_tree. */
void numbers_pass(int number);
