/*
 * Sending: what is pending for whom, and which task is told. See signal.h.
 *
 * A signal for a process is taken by any of its tasks that does not block it. The oldest such task
 * is told, but rather one that has nothing else to take; if all block it, it stays pending
 * until one unblocks it. What would be ignored is not even made pending, unless it is
 * blocked: its action may be another one by the time when it is not.
 *
 * SIGKILL is always for the process. Whoever comes to take anything takes that first, so nobody
 * stops while it is pending.
 */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/slab.h"
#include "lab4-interrupts/signal/state.h"
#include "lab4-interrupts/trap/interrupt.h"
#include <linux/errno.h>

static struct slab_cache entries;
static unsigned queued; /* [a] entries that are in use, of all processes: there is one user */

void signals_init(void)
{
	slab_cache_init(&entries, "pending signal", sizeof(struct signal_entry), 8);
}

/* --- entries ------------------------------------------------------------------------- */

/* How many a user may have queued is limited, by the receiver's limit, but never what the kernel
 * says of a standard signal. */
static bool may_queue(struct signals *signals, int number, const siginfo_t *info)
{
	unsigned count = __atomic_add_fetch(&queued, 1, __ATOMIC_RELAXED);

	if ((number < SIGRTMIN && info->si_code >= 0) ||
		count <= process_limit(signals->process, RLIMIT_SIGPENDING))
		return true;
	__atomic_sub_fetch(&queued, 1, __ATOMIC_RELAXED);
	return false;
}

static struct signal_entry *entry_make(struct signals *signals, int number, const siginfo_t *info)
{
	struct signal_entry *entry;

	if (!may_queue(signals, number, info))
		return NULL;
	entry = slab_alloc(&entries, PAGE_NOWAIT);
	if (!entry) {
		__atomic_sub_fetch(&queued, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	entry->info = *info;
	entry->info.si_signo = number;
	return entry;
}

void signal_release(struct signal_entry *entry)
{
	if (!entry)
		return;
	__atomic_sub_fetch(&queued, 1, __ATOMIC_RELAXED);
	slab_free(&entries, entry);
}

void signal_release_all(struct list *dropped)
{
	while (!list_empty(dropped)) {
		struct list *link = dropped->next;

		list_remove(link);
		signal_release(list_entry(link, struct signal_entry, link));
	}
}

/* --- who is told --------------------------------------------------------------------- */

static bool wants(const struct task_signals *task, int number)
{
	return signal_bit(number) & (~task->blocked | task->awaited);
}

void signal_notice(struct signals *signals, int number, struct task_signals *first)
{
	struct task_signals *chosen = NULL;

	assert(spin_held(&signals->lock));
	if (first && wants(first, number)) {
		task_notify(first->task, TASK_SIGNAL);
		return;
	}
	list_each (link, &signals->tasks) {
		struct task_signals *task = list_entry(link, struct task_signals, link);
		bool busy = __atomic_load_n(&task->task->work, __ATOMIC_RELAXED) & TASK_SIGNAL;

		if (!wants(task, number) || (chosen && busy))
			continue;
		chosen = task;
		if (!busy)
			break;
	}
	if (chosen)
		task_notify(chosen->task, TASK_SIGNAL);
}

void signal_notice_all(struct signals *signals)
{
	assert(spin_held(&signals->lock));
	list_each (link, &signals->tasks)
		task_notify(list_entry(link, struct task_signals, link)->task, TASK_SIGNAL);
}

bool signal_ignores(const struct signals *signals, int number)
{
	__sighandler_t handler = signals->action[number - 1].sa_handler;

	assert(spin_held(&signals->lock));
	if (handler != SIG_DFL)
		return handler == SIG_IGN;
	return signals->invulnerable || (SIGNALS_SHRUGGED & signal_bit(number));
}

/* --- sending ------------------------------------------------------------------------- */

/* None of the set is pending any more. Caller holds signals->lock. */
static void drop(struct signals *signals, uint64_t set, struct list *dropped)
{
	signal_queue_drop(&signals->pending, set, dropped);
	list_each (link, &signals->tasks)
		signal_queue_drop(
			&list_entry(link, struct task_signals, link)->pending, set, dropped);
}

void signal_forget(struct signals *signals, uint64_t set)
{
	struct list dropped = LIST_INIT(dropped);
	uint64_t irq = spin_lock_irqsave(&signals->lock);

	drop(signals, set, &dropped);
	spin_unlock_irqrestore(&signals->lock, irq);
	signal_release_all(&dropped);
}

/* Stopping and going on undo each other when they are sent, not when they are taken: a stopped task
 * takes nothing. Caller holds signals->lock. */
static void cross_out(struct signals *signals, int number, struct list *dropped)
{
	if (SIGNALS_STOP & signal_bit(number)) {
		drop(signals, signal_bit(SIGCONT), dropped);
	} else if (number == SIGCONT) {
		drop(signals, SIGNALS_STOP, dropped);
		signals->stopping = false;
		signal_resume(signals, true);
	} else if (number == SIGKILL) {
		signals->stopping = false;
		signal_resume(signals, false);
	}
}

/* Whom it is for: one task, or the process, of whose tasks one may be asked first. */
struct receiver {
	struct signals *signals;
	struct task_signals *only, *first; /* or NULL */
};

/* Whether it has not ended. Caller holds signals->lock. */
static bool is_there(const struct receiver *to)
{
	return to->only ? to->only->listed : !list_empty(&to->signals->tasks);
}

/* Whether nothing will come of it: it is ignored, and not even blocked, by the task or by the
 * process's oldest. Caller holds signals->lock. */
static bool useless(const struct receiver *to, int number)
{
	const struct task_signals *task = to->only;

	if (!task)
		task = list_entry(to->signals->tasks.next, struct task_signals, link);
	return signal_ignores(to->signals, number) &&
	       !(signal_bit(number) & (task->blocked | task->awaited));
}

/* Make it pending; whether the entry is in use now. Caller holds signals->lock. */
static bool put(const struct receiver *to, int number, struct signal_entry *entry)
{
	struct signals *signals = to->signals;
	struct task_signals *only = number == SIGKILL ? NULL : to->only;

	if (!signal_queue_add(only ? &only->pending : &signals->pending, number, entry))
		return false;
	if (number == SIGKILL) /* nobody goes on in the program: whoever is first takes it */
		signal_notice_all(signals);
	else if (!only)
		signal_notice(signals, number, to->first);
	else if (wants(only, number))
		task_notify(only->task, TASK_SIGNAL);
	waitqueue_wake_all(signal_watchers());
	return entry != NULL;
}

static int send(const struct receiver *to, int number, const siginfo_t *info)
{
	struct signals *signals = to->signals;
	struct list dropped = LIST_INIT(dropped);
	struct signal_entry *entry = NULL;
	bool must = info && number >= SIGRTMIN && info->si_code != SI_USER; /* have one */
	bool wanted = false;
	int error = 0;
	uint64_t irq;

	if (number == 0)
		return 0;
	assert(!info || !in_interrupt());
	if (info)
		entry = entry_make(signals, number, info);

	irq = spin_lock_irqsave(&signals->lock);
	if (is_there(to)) {
		cross_out(signals, number, &dropped);
		wanted = !useless(to, number);
	}
	if (wanted && must && !entry)
		error = -EAGAIN;
	else if (wanted && put(to, number, entry))
		entry = NULL;
	spin_unlock_irqrestore(&signals->lock, irq);
	signal_release(entry);
	signal_release_all(&dropped);
	return error;
}

int signal_send(struct process *process, int number, const siginfo_t *info)
{
	return send(&(struct receiver){ .signals = process->signals }, number, info);
}

void signal_send_here(int number)
{
	struct receiver here = { signals_self(), NULL, task_signals_self() };

	send(&here, number, NULL);
}

int signal_send_task(struct task *task, int number, const siginfo_t *info)
{
	struct receiver to = { .signals = task->process->signals, .only = task->signals };

	return send(&to, number, info);
}

/* --- taking -------------------------------------------------------------------------- */

/* Which one is next, and in whose queue. Caller holds signals->lock. */
static int next(struct signals *signals, uint64_t wanted, struct signal_queue **queue)
{
	struct task_signals *self = task_signals_self();
	int number;

	if ((signals->pending.set | self->pending.set) & wanted & signal_bit(SIGKILL))
		wanted = signal_bit(SIGKILL);
	*queue = &self->pending;
	number = signal_queue_next(*queue, wanted);
	if (number)
		return number;
	*queue = &signals->pending;
	return signal_queue_next(*queue, wanted);
}

bool signal_deadly(const struct signals *signals, int number)
{
	return !signals->invulnerable && signals->action[number - 1].sa_handler == SIG_DFL &&
	       !((SIGNALS_SHRUGGED | SIGNALS_STOP) & signal_bit(number));
}

/* Another task has taken what ends the process, and will do it: so does this one, instead of going
 * on in its program. Its number, once; or 0. Caller holds signals->lock. */
static int take_ending(const struct signals *signals, siginfo_t *info)
{
	if (!signals->ending || task_signals_self()->ends)
		return 0;
	*info = (siginfo_t){ .si_signo = signals->ending };
	return signals->ending;
}

/* Caller holds signals->lock. */
static int take_next(
	struct signals *signals, uint64_t wanted, siginfo_t *info, struct signal_entry **entry)
{
	struct signal_queue *queue;
	int number = next(signals, wanted, &queue);

	if (!number)
		return 0;
	*entry = signal_queue_take(queue, number, info);
	if (SIGNALS_STOP & signal_bit(number))
		signals->stopping = true;
	return number;
}

static int take(uint64_t wanted, bool to_act, siginfo_t *info)
{
	struct signals *signals = signals_self();
	struct signal_entry *entry = NULL;
	uint64_t irq = spin_lock_irqsave(&signals->lock);
	int number = to_act ? take_ending(signals, info) : 0;
	bool ends = number;

	if (!number)
		number = take_next(signals, wanted, info, &entry);
	if (ends || (number && to_act && signal_deadly(signals, number))) {
		signals->ending = number;
		task_signals_self()->ends = true;
	}
	spin_unlock_irqrestore(&signals->lock, irq);
	signal_release(entry);
	return number;
}

int signal_take(uint64_t wanted, siginfo_t *info)
{
	return take(wanted, false, info);
}

int signal_take_to_act(uint64_t wanted, siginfo_t *info)
{
	return take(wanted, true, info);
}

void signal_block(uint64_t set)
{
	struct signals *signals = signals_self();
	struct task_signals *self = task_signals_self();
	uint64_t irq = spin_lock_irqsave(&signals->lock), left;

	set &= ~SIGNALS_SOVEREIGN;
	left = signals->pending.set & set & ~self->blocked;
	self->blocked = set;
	for (; left; left &= left - 1)
		signal_notice(signals, __builtin_ctzl(left) + 1, NULL);
	if ((signals->pending.set | self->pending.set) & ~set)
		__atomic_or_fetch(&self->task->work, TASK_SIGNAL, __ATOMIC_RELAXED);
	spin_unlock_irqrestore(&signals->lock, irq);
}
