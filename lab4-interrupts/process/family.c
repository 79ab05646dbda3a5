/* The tree of processes: see family.h. */
#include "lab4-interrupts/process/family.h"
#include "lab1-boot/debug/panic.h"
#include <linux/signal.h>

struct mutex process_tree = MUTEX_INIT(process_tree, "process tree");
struct process *process_init_process;
static struct list all = LIST_INIT(all); /* [tree] */

/* getppid asks for no lock: the number stands beside the pointer. */
static void set_parent(struct process *process, struct process *parent)
{
	process->parent = parent;
	__atomic_store_n(&process->parent_id, parent ? parent->id : 0, __ATOMIC_RELAXED);
}

void family_add(struct process *process, struct process *parent)
{
	assert(mutex_held(&process_tree));
	list_push_back(&all, &process->link);
	set_parent(process, parent);
	if (parent)
		list_push_back(&parent->children, &process->sibling);
	else
		list_init(&process->sibling);
}

void family_remove(struct process *process)
{
	assert(mutex_held(&process_tree) && list_empty(&process->children));
	list_remove(&process->link);
	list_remove(&process->sibling);
	set_parent(process, NULL);
	process_put(process);
}

struct process *family_next(const struct process *after)
{
	struct list *next = after ? after->link.next : all.next;

	assert(mutex_held(&process_tree));
	return next == &all ? NULL : list_entry(next, struct process, link);
}

struct process *process_next(const struct process *after)
{
	struct process *next = family_next(after);

	while (next && next->zombie)
		next = family_next(next);
	return next;
}

struct process *family_heir(const struct process *process)
{
	struct process *heir = process->parent;

	assert(mutex_held(&process_tree));
	while (heir && !heir->subreaper)
		heir = heir->parent;
	return heir && !heir->zombie ? heir : process_init_process;
}

void family_give(struct process *child, struct process *parent)
{
	assert(mutex_held(&process_tree));
	list_remove(&child->sibling);
	set_parent(child, parent);
	list_push_back(&parent->children, &child->sibling);
	child->exit_signal = SIGCHLD;
}
