/* Numbers of tasks and processes: who has which, and when they come again. */
#include "lab1-boot/ktest/ktest.h"
#include "lab4-interrupts/process/family.h"
#include "lab4-interrupts/process/number.h"
#include "lab4-interrupts/process/task.h"

static void nothing(void *argument)
{
	(void)argument;
}

/* A task that never runs, in a process of its own. */
static struct task *task_new(void)
{
	struct process *process = process_make();
	struct task *task;

	KT_REQUIRE(process);
	KT_REQUIRE(task_make(process, "numbered", nothing, &task) == 0);
	process_put(process);
	return task;
}

static int number(struct task *task)
{
	mutex_lock(&process_tree);
	number_task(task, false);
	mutex_unlock(&process_tree);
	return task->id;
}

#define FEW 4

/* Nearly all have been used. */
static void pass(void)
{
	mutex_lock(&process_tree);
	numbers_pass(NUMBERS - FEW);
	mutex_unlock(&process_tree);
}

KTEST(numbers_come_again_late, "", "a number comes again only when all have been used")
{
	struct task *task = task_new();

	for (int i = 1; i <= FEW; i++) {
		KT_EQ(number(task), i);
		number_task_gone(task);
	}
	pass();
	for (int i = 0; i < FEW; i++) {
		KT_EQ(number(task), NUMBERS - FEW + i);
		number_task_gone(task);
	}
	KT_EQ(number(task), 1);
	number_task_gone(task);
	task_put(task);
}

KTEST(numbers_in_use_are_passed_over, "",
	"what a task, process, group or session is called is not given again")
{
	struct task *task = task_new(), *other = task_new(), *third = task_new();
	struct process *process = other->process;

	KT_EQ(number(third), 1);
	mutex_lock(&process_tree);
	number_task(other, true);
	process_get(process);
	family_add(process, NULL);
	mutex_unlock(&process_tree);
	KT_EQ(process->id, 2);
	number_task_gone(other); /* the process still has it */
	process->group = 3;
	process->session = 4;
	pass();
	for (int i = 0; i < FEW; i++) {
		number(task);
		number_task_gone(task);
	}
	KT_EQ(number(task), 5);
	number_task_gone(task);
	number_task_gone(third);
	number_process_gone(process);
	mutex_lock(&process_tree);
	family_remove(process);
	mutex_unlock(&process_tree);
	task_put(task);
	task_put(other);
	task_put(third);
}

KTEST(numbers_find, "", "who has a number is found, with a reference, and not when it is gone")
{
	struct task *task = task_new();

	mutex_lock(&process_tree);
	number_task(task, true);
	mutex_unlock(&process_tree);
	KT_TRUE(task_find(task->id) == task);
	task_put(task);
	KT_TRUE(process_find(task->id) == task->process);
	process_put(task->process);
	KT_TRUE(!task_find(task->id + 1) && !process_find(-1) && !task_find(0));
	number_task_gone(task);
	KT_TRUE(!task_find(task->id) && process_find(task->id) == task->process);
	process_put(task->process);
	number_process_gone(task->process);
	KT_TRUE(!process_find(task->id));
	task_put(task);
}
