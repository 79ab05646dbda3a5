/* Working directory and umask: see working.h. */
#include "lab4-interrupts/standin/working.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/standin/tree.h"
#include <linux/errno.h>
#include <linux/sched.h>

#define UMASK_FIRST 022 /* the first process's */

static struct working *working_new(struct place *directory, unsigned umask)
{
	struct working *working = kmalloc(sizeof(*working), 0);

	if (working)
		*working = (struct working){ 1, directory, umask };
	return working;
}

/* A process's, made if it has none yet; NULL without memory. */
static struct working *working_of(struct process *process)
{
	struct working **at = &process->working, *none = NULL;
	struct working *working = __atomic_load_n(at, __ATOMIC_ACQUIRE);

	if (working)
		return working;
	working = working_new(tree_root, UMASK_FIRST);
	if (working && !__atomic_compare_exchange_n(
			       at, &none, working, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		kfree(working);
		return none; /* another task was quicker */
	}
	return working;
}

struct working *working_self(void)
{
	return working_of(process_self());
}

struct place *working_directory(void)
{
	struct working *working = task_self() ? process_self()->working : NULL;

	return working ? __atomic_load_n(&working->directory, __ATOMIC_RELAXED) : tree_root;
}

static int working_clone(struct task *task, struct task *from, uint64_t flags)
{
	struct working *working;

	if (flags & CLONE_THREAD || !from || (!(flags & CLONE_FS) && !from->process->working))
		return 0;
	working = working_of(from->process);
	if (working && (flags & CLONE_FS))
		__atomic_add_fetch(&working->references, 1, __ATOMIC_RELAXED);
	else if (working)
		working = working_new(working->directory, working->umask);
	task->process->working = working;
	return working ? 0 : -ENOMEM;
}

static void working_exit(struct task *task, bool last)
{
	struct working *working = task->process->working;

	if (!last || !working)
		return;
	task->process->working = NULL;
	if (__atomic_sub_fetch(&working->references, 1, __ATOMIC_ACQ_REL) == 0)
		kfree(working);
}
TASK_PART(3, working, working_clone, NULL, working_exit);
