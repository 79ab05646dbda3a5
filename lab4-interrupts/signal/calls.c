/* Calls that say what signals do and which are blocked. Read more: their pages, section 2. */
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/signal/state.h"
#include "lab4-interrupts/trap/interrupt.h"

#define SA_KNOWN                                                                                   \
	((unsigned long)(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART |      \
			 SA_NODEFER) |                                                             \
		SA_RESETHAND | SA_RESTORER)

/* --- what signals do ----------------------------------------------------------------- */

/* SIGCHLD's action says whether children become zombies. */
static bool forgets(const struct sigaction *action)
{
	return action->sa_handler == SIG_IGN || (action->sa_flags & SA_NOCLDWAIT);
}

static void set_action(struct signals *signals, int number, const struct sigaction *new)
{
	struct sigaction action = *new;
	uint64_t irq;
	bool ignored;

	action.sa_flags &= SA_KNOWN; /* so a program can find out which there are */
	action.sa_mask &= ~SIGNALS_SOVEREIGN;
	irq = spin_lock_irqsave(&signals->lock);
	signals->action[number - 1] = action;
	ignored = action.sa_handler == SIG_IGN ||
		  (action.sa_handler == SIG_DFL && (SIGNALS_SHRUGGED & signal_bit(number)));
	spin_unlock_irqrestore(&signals->lock, irq);
	if (number == SIGCHLD)
		__atomic_store_n(
			&signals->process->forgets_children, forgets(&action), __ATOMIC_RELAXED);
	if (ignored)
		signal_forget(signals, signal_bit(number));
}

static struct sigaction get_action(struct signals *signals, int number)
{
	uint64_t irq = spin_lock_irqsave(&signals->lock);
	struct sigaction action = signals->action[number - 1];

	spin_unlock_irqrestore(&signals->lock, irq);
	return action;
}

static bool valid(int number)
{
	return number >= 1 && number <= SIGNALS;
}

SYSCALL(rt_sigaction, "signal, sigaction, %p, %lu", int, number, uint64_t, new, uint64_t, old,
	uint64_t, bytes)
{
	struct signals *signals = signals_self();
	struct sigaction action, before;

	if (bytes != sizeof(sigset_t))
		return -EINVAL;
	if (new &&copy_from_user(&action, new, sizeof(action)))
		return -EFAULT;
	if (!valid(number) || (new && (SIGNALS_SOVEREIGN & signal_bit(number))))
		return -EINVAL;
	before = get_action(signals, number);
	if (new)
		set_action(signals, number, &action);
	if (old && copy_to_user(old, &before, sizeof(before)))
		return -EFAULT;
	return 0;
}

/* --- what is blocked ----------------------------------------------------------------- */

static int change_mask(int how, uint64_t set)
{
	uint64_t blocked = task_signals_self()->blocked;

	if (how == SIG_BLOCK)
		signal_block(blocked | set);
	else if (how == SIG_UNBLOCK)
		signal_block(blocked & ~set);
	else if (how == SIG_SETMASK)
		signal_block(set);
	else
		return -EINVAL;
	return 0;
}

SYSCALL(rt_sigprocmask, "how, sigset, sigset^, %lu", int, how, uint64_t, new, uint64_t, old,
	uint64_t, bytes)
{
	uint64_t before = task_signals_self()->blocked, set;
	int error = 0;

	if (bytes != sizeof(set))
		return -EINVAL;
	if (new &&copy_from_user(&set, new, sizeof(set)))
		return -EFAULT;
	if (new)
		error = change_mask(how, set);
	if (!error && old && copy_to_user(old, &before, sizeof(before)))
		return -EFAULT;
	return error;
}

uint64_t signal_mask(void)
{
	return task_signals_self()->blocked;
}

/* --- what is pending ----------------------------------------------------------------- */

static uint64_t pending(void)
{
	struct signals *signals = signals_self();
	uint64_t irq = spin_lock_irqsave(&signals->lock);
	uint64_t set = signals->pending.set | task_signals_self()->pending.set;

	spin_unlock_irqrestore(&signals->lock, irq);
	return set;
}

bool signal_wanted(uint64_t set)
{
	return pending() & set;
}

int signal_ends(void)
{
	struct signals *signals = signals_self();
	struct task_signals *self = task_signals_self();
	uint64_t irq = spin_lock_irqsave(&signals->lock);
	uint64_t set = (signals->pending.set | self->pending.set) & ~self->blocked;
	int number = signals->ending;

	for (; set && !number; set &= set - 1)
		if (signal_deadly(signals, __builtin_ctzl(set) + 1))
			number = __builtin_ctzl(set) + 1;
	spin_unlock_irqrestore(&signals->lock, irq);
	return number;
}

int signal_fetch(uint64_t set, siginfo_t *info)
{
	return signal_take(set & ~SIGNALS_SOVEREIGN, info);
}

/* One for all processes: a file that is polled may outlive the process that polled it first. */
static struct waitqueue watchers = WAITQUEUE_INIT(watchers, "signalfd readers");

struct waitqueue *signal_watchers(void)
{
	return &watchers;
}

bool signal_ignored_or_blocked(int number)
{
	return (signal_mask() & signal_bit(number)) ||
	       get_action(signals_self(), number).sa_handler == SIG_IGN;
}

SYSCALL(rt_sigpending, "sigset^, %lu", uint64_t, to, uint64_t, bytes)
{
	uint64_t set = pending() & task_signals_self()->blocked;

	if (bytes > sizeof(set))
		return -EINVAL;
	return copy_to_user(to, &set, bytes);
}

/* --- the way back from a handler ----------------------------------------------------- */

SYSCALL(rt_sigreturn, "")
{
	struct task *task = task_self();
	struct trap_frame *frame = task_frame(task);

	task->syscall = ~0ul; /* what is in rax then is no result */
	task->restart = NULL; /* the call that the handler has interrupted is over */
	if (signal_frame_pop(frame))
		signal_force(SIGSEGV, SI_KERNEL, 0);
	return (int64_t)frame->rax;
}

SYSCALL(restart_syscall, "")
{
	struct task *task = task_self();

	return task->restart ? task->restart(task) : -EINTR;
}
