/*
 * Stopping and going on: job control's half of signals.
 *
 * A stop signal's default action stops the whole process: each task stands still when it is next on
 * its way to user mode. When the last of them does, the parent hears of it. SIGCONT lets them go on
 * the moment it is sent, and a wait that looks sees so; the first that moves again wakes the parent
 * and sends it SIGCHLD, since a sender may not sleep, and who the parent is stands in the tree of
 * processes, under a lock that sleeps.
 *
 * A group is orphaned if nobody is left who could continue it: no shell. It is not stopped by keys,
 * and those who are stopped when it becomes so are sent SIGHUP and SIGCONT.
 *
 * Read more: POSIX.1-2017, sections 2.4.3 (signal actions) and 3.264 (orphaned process group).
 */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/signal/state.h"

/* --- telling the parent -------------------------------------------------------------- */

/* Send SIGCHLD, unless the parent wants none for that. Caller holds process_tree. */
static void send_child(struct process *parent, struct process *child, int code, int status)
{
	struct sigaction *action = &parent->signals->action[SIGCHLD - 1];
	siginfo_t info;

	if (__atomic_load_n(&action->sa_flags, __ATOMIC_RELAXED) & SA_NOCLDSTOP)
		return;
	memset(&info, 0, sizeof(info));
	info.si_code = code;
	info.si_pid = child->id;
	info.si_status = status;
	signal_send(parent, SIGCHLD, &info);
}

/* What wait tells from now on of a stop. A SIGCONT may have come meanwhile: then it has not
 * stopped, and what signal_resume has said stays. */
static void note_stop(struct process *process, int status)
{
	struct signals *signals = process->signals;
	uint64_t irq = spin_lock_irqsave(&signals->lock);

	if (signals->stopped) {
		__atomic_store_n(&process->stop_news, status, __ATOMIC_RELEASE);
		__atomic_store_n(&process->continue_news, false, __ATOMIC_RELEASE);
	}
	spin_unlock_irqrestore(&signals->lock, irq);
}

static void tell_parent(struct process *process, int code, int status)
{
	mutex_lock(&process_tree);
	if (code == CLD_STOPPED)
		note_stop(process, status);
	if (process->parent && !process->zombie) {
		send_child(process->parent, process, code, status);
		process_tell_parent(process);
	}
	mutex_unlock(&process_tree);
}

/* --- stopping ------------------------------------------------------------------------ */

/* Whether nobody runs any more, who could still be seen by the parent. Caller holds the lock. */
static bool all_stand(const struct signals *signals)
{
	list_each (link, &signals->tasks)
		if (!list_entry(link, struct task_signals, link)->stands)
			return false;
	return true;
}

/* What the parent is to be told now: 0, CLD_STOPPED or CLD_CONTINUED; once for each. Caller holds
 * the lock. */
static int take_news(struct signals *signals, int *status)
{
	if (signals->continued) {
		signals->continued = false;
		*status = SIGCONT;
		return CLD_CONTINUED;
	}
	if (signals->stopped && signals->stop_number && all_stand(signals) &&
		!__atomic_load_n(&signals->process->exiting, __ATOMIC_ACQUIRE)) {
		*status = signals->stop_number;
		signals->stop_number = 0;
		return CLD_STOPPED;
	}
	return 0;
}

static void tell_news(struct signals *signals)
{
	int status = 0, code;
	uint64_t irq = spin_lock_irqsave(&signals->lock);

	code = take_news(signals, &status);
	spin_unlock_irqrestore(&signals->lock, irq);
	if (code)
		tell_parent(signals->process, code, status);
}

void signal_left(struct signals *signals)
{
	tell_news(signals);
}

/* Caller holds signals->lock. */
static void stop_all(struct signals *signals, int number)
{
	signals->stopped = true;
	signals->continued = false;
	signals->stop_number = number;
	signal_notice_all(signals);
}

void signal_stop(int number)
{
	struct signals *signals = signals_self();
	uint64_t irq;

	if (number != SIGSTOP && signal_group_orphaned(process_self()->group))
		return;
	irq = spin_lock_irqsave(&signals->lock);
	if (signals->stopping && !signals->stopped)
		stop_all(signals, number);
	signals->stopping = false;
	spin_unlock_irqrestore(&signals->lock, irq);
}

/* --- standing still ------------------------------------------------------------------ */

static bool ends(const struct task *task)
{
	return __atomic_load_n(&task->work, __ATOMIC_RELAXED) & TASK_END;
}

/* Without the lock: who stops the process notifies its tasks afterwards, so they come here again.
 */
static bool nothing_new(const struct signals *signals)
{
	return !__atomic_load_n(&signals->stopped, __ATOMIC_RELAXED) &&
	       !__atomic_load_n(&signals->continued, __ATOMIC_RELAXED);
}

void signal_stand(void)
{
	struct signals *signals = signals_self();
	struct task_signals *self = task_signals_self();
	uint64_t irq;

	if (nothing_new(signals))
		return;
	irq = spin_lock_irqsave(&signals->lock);

	while (signals->stopped && !ends(self->task)) {
		self->stands = true;
		spin_unlock_irqrestore(&signals->lock, irq);
		tell_news(signals);
		irq = spin_lock_irqsave(&signals->lock);
		if (signals->stopped && !ends(self->task))
			waitqueue_sleep(&signals->standing, &signals->lock, WAIT_INTERRUPTIBLE);
	}
	self->stands = false;
	spin_unlock_irqrestore(&signals->lock, irq);
	tell_news(signals);
}

void signal_resume(struct signals *signals, bool tell)
{
	assert(spin_held(&signals->lock));
	if (!signals->stopped)
		return;
	signals->stopped = false;
	/* A stop of which the parent has not heard yet was none. */
	signals->continued = tell && !signals->stop_number;
	signals->stop_number = 0;
	/* Who lets a job go on and then waits for it is told that, and not that it stands. */
	__atomic_store_n(&signals->process->stop_news, 0, __ATOMIC_RELEASE);
	if (signals->continued)
		__atomic_store_n(&signals->process->continue_news, true, __ATOMIC_RELEASE);
	waitqueue_wake_all(&signals->standing);
}

/* --- orphaned groups ----------------------------------------------------------------- */

struct group_look {
	bool minded, stopped;
};

/* Whether it could be continued by its parent; process 1 minds nobody, as on Linux. */
static bool is_minded(const struct process *process, const struct process *without)
{
	const struct process *parent = process->parent;

	return parent && parent != process_init_process && parent != without &&
	       parent->session == process->session && parent->group != process->group;
}

/* without: as if that process were not there. */
static struct group_look look_at_group(int group, const struct process *without)
{
	struct group_look look = { false, false };

	process_each (process) {
		if (process->group != group || process == without)
			continue;
		look.stopped |= process->signals->stopped;
		look.minded |= is_minded(process, without);
	}
	return look;
}

bool signal_group_orphaned(int group)
{
	bool orphaned;

	mutex_lock(&process_tree);
	orphaned = !look_at_group(group, NULL).minded;
	mutex_unlock(&process_tree);
	return orphaned;
}

/* The group has lost somebody who minded it. */
static void release_group(int group, const struct process *without)
{
	struct group_look look = look_at_group(group, without);

	if (look.minded || !look.stopped)
		return;
	process_each (process)
		if (process->group == group) {
			signal_send(process, SIGHUP, NULL);
			signal_send(process, SIGCONT, NULL);
		}
}

void signal_orphans(struct process *process)
{
	const struct process *parent = process->parent;

	assert(mutex_held(&process_tree));
	if (parent && parent->session == process->session && parent->group != process->group)
		release_group(process->group, process);
	list_each (link, &process->children) {
		struct process *child = list_entry(link, struct process, sibling);

		if (child->session == process->session && child->group != process->group)
			release_group(child->group, process);
	}
}
