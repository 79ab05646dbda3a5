/* Who has which number: see number.h. Two tables of chains, by the number's lower bits. */
#include "lab4-interrupts/process/number.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lock/spinlock.h"
#include "lab4-interrupts/process/family.h"

#define CHAINS 256

static struct spinlock lock = SPINLOCK_INIT("numbers");
static struct list tasks[CHAINS], processes[CHAINS]; /* [numbers] */
static int last;                                     /* [tree] the one given out last */
static bool wrapped;                                 /* [tree] all have been used once */

static struct list *chain(struct list *table, int number)
{
	struct list *head = &table[(unsigned)number % CHAINS];

	if (!head->next)
		list_init(head);
	return head;
}

/* Caller holds the lock. */
static struct task *task_of(int number)
{
	list_each (link, chain(tasks, number)) {
		struct task *task = list_entry(link, struct task, number_link);

		if (task->id == number)
			return task;
	}
	return NULL;
}

static struct process *process_of(int number)
{
	list_each (link, chain(processes, number)) {
		struct process *process = list_entry(link, struct process, number_link);

		if (process->id == number)
			return process;
	}
	return NULL;
}

/* Whether a group or session is called so. Before the numbers come round none can be. */
static bool names_group(int number)
{
	if (!wrapped)
		return false;
	family_each (process)
		if (process->group == number || process->session == number)
			return true;
	return false;
}

/* Caller holds process_tree: nobody else gives numbers out. */
static int next_free(void)
{
	bool used;

	do {
		if (++last == NUMBERS) {
			last = 1;
			wrapped = true;
		}
		spin_lock(&lock);
		used = task_of(last) || process_of(last);
		spin_unlock(&lock);
	} while (used || names_group(last));
	return last;
}

void numbers_pass(int number)
{
	assert(mutex_held(&process_tree) && number > last && number < NUMBERS);
	last = number - 1;
}

void number_task(struct task *task, bool process)
{
	int number;

	assert(mutex_held(&process_tree));
	number = next_free();
	spin_lock(&lock);
	task->id = number;
	list_push_back(chain(tasks, number), &task->number_link);
	if (process) {
		task->process->id = number;
		list_push_back(chain(processes, number), &task->process->number_link);
	}
	spin_unlock(&lock);
}

void number_task_gone(struct task *task)
{
	spin_lock(&lock);
	list_remove(&task->number_link);
	spin_unlock(&lock);
}

void number_process_gone(struct process *process)
{
	spin_lock(&lock);
	list_remove(&process->number_link);
	spin_unlock(&lock);
}

void number_take_over(struct task *task)
{
	spin_lock(&lock);
	list_remove(&task->number_link);
	task->id = task->process->id;
	list_push_back(chain(tasks, task->id), &task->number_link);
	spin_unlock(&lock);
}

/* Who can be found has a reference of its own: another one can be taken. */
struct process *process_find(int id)
{
	struct process *process;

	spin_lock(&lock);
	process = process_of(id);
	if (process)
		process_get(process);
	spin_unlock(&lock);
	return process;
}

struct process *process_with(int id)
{
	struct process *process;
	struct task *task;

	spin_lock(&lock);
	process = process_of(id);
	task = process ? NULL : task_of(id);
	if (task)
		process = task->process;
	if (process)
		process_get(process);
	spin_unlock(&lock);
	return process;
}

struct task *task_find(int id)
{
	struct task *task;

	spin_lock(&lock);
	task = task_of(id);
	if (task)
		thread_get(&task->thread);
	spin_unlock(&lock);
	return task;
}
