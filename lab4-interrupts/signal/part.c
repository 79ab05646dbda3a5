/* Signals as a part of tasks and processes: what comes and goes with them (process/process.h). */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/signal/state.h"
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/signal.h>

/* --- coming -------------------------------------------------------------------------- */

static struct signals *signals_make(struct process *process)
{
	struct signals *signals = kmalloc(sizeof(*signals), PAGE_ZERO);

	if (!signals)
		return NULL;
	spin_init(&signals->lock, "signals");
	signal_queue_init(&signals->pending);
	list_init(&signals->tasks);
	waitqueue_init(&signals->standing, "stopped");
	signals->process = process;
	signals->invulnerable = !process_init_process;
	signal_alarm_init(signals);
	return signals;
}

/* What signals do is inherited; what is pending is not. */
static void inherit_actions(struct signals *to, struct signals *from)
{
	uint64_t irq = spin_lock_irqsave(&from->lock);

	memcpy(to->action, from->action, sizeof(to->action));
	spin_unlock_irqrestore(&from->lock, irq);
	to->process->forgets_children = from->process->forgets_children;
}

/* Handlers are gone with the program that had them; what is ignored stays so. */
static void forget_handlers(struct signals *signals)
{
	uint64_t irq = spin_lock_irqsave(&signals->lock);

	for (int i = 0; i < SIGNALS; i++) {
		bool ignored = signals->action[i].sa_handler == SIG_IGN;

		signals->action[i] =
			(struct sigaction){ .sa_handler = ignored ? SIG_IGN : SIG_DFL };
	}
	spin_unlock_irqrestore(&signals->lock, irq);
	__atomic_store_n(&signals->process->forgets_children,
		signals->action[SIGCHLD - 1].sa_handler == SIG_IGN, __ATOMIC_RELAXED);
}

/* Linux: a thread starts without an alternate stack; a vfork's child, which has the parent's memory
 * for itself, keeps it. */
static void inherit_task(struct task_signals *to, const struct task_signals *from, uint64_t flags)
{
	to->blocked = from->blocked;
	to->stack = from->stack;
	if ((flags & CLONE_VM) && !(flags & CLONE_VFORK))
		to->stack = (stack_t){ .ss_flags = SS_DISABLE };
}

static void list_task(struct signals *signals, struct task_signals *task)
{
	uint64_t irq = spin_lock_irqsave(&signals->lock);

	list_push_back(&signals->tasks, &task->link);
	task->listed = true;
	spin_unlock_irqrestore(&signals->lock, irq);
	/* A thread that begins while its process stops has to stop, too; and so on. */
	__atomic_or_fetch(&task->task->work, TASK_SIGNAL, __ATOMIC_RELAXED);
}

static int part_clone(struct task *task, struct task *from, uint64_t flags)
{
	struct process *process = task->process;
	struct task_signals *its = kmalloc(sizeof(*its), PAGE_ZERO);

	if (!its)
		return -ENOMEM;
	signal_queue_init(&its->pending);
	its->task = task;
	if (from)
		inherit_task(its, from->signals, flags);
	task->signals = its;
	if (!process->signals) {
		process->signals = signals_make(process);
		if (!process->signals)
			return -ENOMEM; /* the task's are freed with it */
		process->timed = from && __atomic_load_n(&from->process->timed,
						 __ATOMIC_RELAXED); /* RLIMIT_CPU is inherited */
		if (from)
			inherit_actions(process->signals, from->process->signals);
		if (flags & CLONE_CLEAR_SIGHAND)
			forget_handlers(process->signals);
	}
	list_task(process->signals, its);
	return 0;
}

/* --- exec ---------------------------------------------------------------------------- */

static void part_exec(struct task *task)
{
	forget_handlers(task->process->signals);
	task->signals->stack = (stack_t){ 0 };
	task->signals->restores = false;
}

/* --- going --------------------------------------------------------------------------- */

/* What it would have taken, another one may have to. */
static void hand_on(struct signals *signals)
{
	for (uint64_t left = signals->pending.set; left; left &= left - 1)
		signal_notice(signals, __builtin_ctzl(left) + 1, NULL);
}

static void part_exit(struct task *task, bool last)
{
	struct signals *signals = task->process->signals;
	struct task_signals *its = task->signals;
	struct list dropped = LIST_INIT(dropped);
	uint64_t irq;

	if (!signals || !its || !its->listed)
		return;
	if (last)
		signal_alarm_stop(signals);
	irq = spin_lock_irqsave(&signals->lock);
	list_remove(&its->link);
	its->listed = false;
	signal_queue_drop(&its->pending, ~0ul, &dropped);
	if (last)
		signal_queue_drop(&signals->pending, ~0ul, &dropped);
	hand_on(signals);
	spin_unlock_irqrestore(&signals->lock, irq);
	signal_release_all(&dropped);
	if (!last)
		signal_left(signals);
}

TASK_PART(5, signals, part_clone, part_exec, part_exit);

void signal_task_free(struct task *task)
{
	kfree(task->signals);
	task->signals = NULL;
}

void signal_process_free(struct process *process)
{
	kfree(process->signals);
	process->signals = NULL;
}
