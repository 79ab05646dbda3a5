/*
 * Waiting for children: zombies, and those that have stopped or go on.
 *
 * A parent looks at its children under the lock of the tree; if none has anything to tell, it
 * sleeps until process_tell_parent has counted news that it has not seen.
 *
 * Read more: wait(2), waitid(2).
 */
#include "lab4-interrupts/process/wait.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/process/family.h"
#include "lab4-interrupts/process/number.h"
#include "lab4-interrupts/process/usage.h"
#include "lab4-interrupts/signal/signal.h"
#include <linux/wait.h>

#define WAIT4_OPTIONS  (WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL)
#define WAITID_STATES  (WEXITED | WSTOPPED | WCONTINUED)
#define WAITID_OPTIONS (WAITID_STATES | WNOHANG | WNOWAIT | __WNOTHREAD | __WCLONE | __WALL)

#define STATUS_CONTINUED 0xffff

/* What waitid writes of a siginfo: three words, and behind a hole three more. */
#define INFO_HOLE (offsetof(siginfo_t, si_code) + sizeof(int))
#define INFO_REST offsetof(siginfo_t, si_pid)
#define INFO_END  (offsetof(siginfo_t, si_status) + sizeof(int))

/* Whom somebody waits for, and what he has found. */
struct wanted {
	int type; /* P_ALL, P_PID, P_PGID */
	int id;
	int options; /* W* */

	int found;  /* a child's number, or 0 */
	int status; /* as wait4 gives it */
	uint64_t user_ns, system_ns;
};

/* --- statuses ------------------------------------------------------------------------ */

/* What a status says in a siginfo: CLD_*, and the number that goes with it. */
static void explain(int status, int *code, int *value)
{
	if (status == STATUS_CONTINUED) {
		*code = CLD_CONTINUED;
		*value = SIGCONT;
	} else if ((status & 0xff) == 0x7f) {
		*code = CLD_STOPPED;
		*value = status >> 8;
	} else if (status & 0x7f) {
		*code = status & 0x80 ? CLD_DUMPED : CLD_KILLED;
		*value = status & 0x7f;
	} else {
		*code = CLD_EXITED;
		*value = status >> 8;
	}
}

/* --- what a child tells -------------------------------------------------------------- */

void process_tell_parent(struct process *process)
{
	assert(mutex_held(&process_tree));
	if (!process->parent)
		return;
	__atomic_add_fetch(&process->parent->news, 1, __ATOMIC_SEQ_CST);
	waitqueue_wake_all(&process->parent->waiting);
}

static void send_exit_signal(struct process *child)
{
	siginfo_t info = { .si_signo = child->exit_signal };

	explain(child->status, &info.si_code, &info.si_status);
	info.si_pid = child->id;
	info.si_utime = usage_ticks(child->user_ns);
	info.si_stime = usage_ticks(child->system_ns);
	signal_send(child->parent, child->exit_signal, &info);
}

/* Nothing is left of it but what others still refer to. Caller holds process_tree. */
static void reap(struct process *child)
{
	number_process_gone(child);
	family_remove(child);
}

void wait_child_ended(struct process *child)
{
	struct process *parent = child->parent;
	bool forgotten = child->exit_signal == SIGCHLD &&
			 __atomic_load_n(&parent->forgets_children, __ATOMIC_RELAXED);

	assert(mutex_held(&process_tree) && child->zombie);
	/* Exercise 4.8, first half: the parent is sent the exit signal, if there is one, and told
	 * (process_tell_parent). If it has said that it forgets its children, no zombie is left,
	 * but who waits is told all the same: it may have been the last child. */
	// BEGIN SOLUTION 4.8
	if (child->exit_signal)
		send_exit_signal(child);
	process_tell_parent(child);
	if (forgotten)
		reap(child);
	// END SOLUTION 4.8 => (void)forgotten; (void)send_exit_signal; (void)reap; todo("4.8");
}

/* --- looking ------------------------------------------------------------------------- */

// BEGIN SOLUTION 4.8
static bool matches(const struct process *child, const struct wanted *wanted)
{
	bool is_clone = child->exit_signal != SIGCHLD;

	if (wanted->type == P_PID && child->id != wanted->id)
		return false;
	if (wanted->type == P_PGID && child->group != wanted->id)
		return false;
	return (wanted->options & __WALL) || is_clone == !!(wanted->options & __WCLONE);
}

static void found(struct wanted *wanted, const struct process *child, int status)
{
	wanted->found = child->id;
	wanted->status = status;
	wanted->user_ns = child->user_ns + child->children_user_ns;
	wanted->system_ns = child->system_ns + child->children_system_ns;
}

/* The times of the children that it has waited for are the parent's, too. */
static void inherit_times(struct process *parent, const struct process *child)
{
	mutex_lock(&parent->lock);
	parent->children_user_ns += child->user_ns + child->children_user_ns;
	parent->children_system_ns += child->system_ns + child->children_system_ns;
	mutex_unlock(&parent->lock);
}

static void take_zombie(struct wanted *wanted, struct process *child)
{
	found(wanted, child, child->status);
	if (wanted->options & WNOWAIT)
		return;
	inherit_times(child->parent, child);
	reap(child);
}

/* Whether the child has stopped or gone on and nobody was told; somebody is now. */
static bool take_news(struct wanted *wanted, struct process *child)
{
	bool keep = wanted->options & WNOWAIT;
	int signal = 0;

	if (wanted->options & WSTOPPED)
		signal = keep ? __atomic_load_n(&child->stop_news, __ATOMIC_RELAXED)
			      : __atomic_exchange_n(&child->stop_news, 0, __ATOMIC_RELAXED);
	if (signal)
		found(wanted, child, signal << 8 | 0x7f);
	else if ((wanted->options & WCONTINUED) &&
		 (keep ? __atomic_load_n(&child->continue_news, __ATOMIC_RELAXED)
		       : __atomic_exchange_n(&child->continue_news, false, __ATOMIC_RELAXED)))
		found(wanted, child, STATUS_CONTINUED);
	return wanted->found != 0;
}

/* Whether there is a child that may have something to tell, now or later; the first one that has
 * is in wanted->found. Caller holds process_tree. */
static bool look(struct process *self, struct wanted *wanted)
{
	bool any = false;

	list_each (link, &self->children) {
		struct process *child = list_entry(link, struct process, sibling);

		if (!matches(child, wanted) || (child->zombie && !(wanted->options & WEXITED)))
			continue;
		any = true;
		if (child->zombie) {
			take_zombie(wanted, child);
			return true;
		}
		if (take_news(wanted, child))
			return true;
	}
	return any;
}

/* Sleep, unless there are news by now that the caller has not seen. */
static int sleep(struct process *self, uint32_t seen)
{
	struct waiter waiter;

	waitqueue_prepare(&self->waiting, &waiter, WAIT_INTERRUPTIBLE);
	if (__atomic_load_n(&self->news, __ATOMIC_SEQ_CST) != seen) {
		waitqueue_cancel(&self->waiting, &waiter);
		return 0;
	}
	return waitqueue_wait(&self->waiting, &waiter);
}
// END SOLUTION 4.8 =>

/* 0, with what was found or, without WNOHANG's patience, nothing; -ECHILD, -ERESTARTSYS. */
static int wait_for(struct wanted *wanted)
{
	/* Exercise 4.8, second half: look among the caller's children for one that is wanted and
	 * has something to tell, the oldest first, and sleep as long as there is none; if a signal
	 * ends the sleep, which may be that of the child, look once more. With __WALL
	 * all are wanted that the number says; else only those whose exit signal is not SIGCHLD if
	 * __WCLONE is set, and only the others if it is not. */
	// BEGIN SOLUTION 4.8
	struct process *self = process_self();
	uint32_t seen;
	int error = 0;
	bool any;

	for (;;) {
		seen = __atomic_load_n(&self->news, __ATOMIC_SEQ_CST);
		mutex_lock(&process_tree);
		any = look(self, wanted);
		mutex_unlock(&process_tree);
		if (wanted->found)
			return 0;
		if (!any)
			return -ECHILD;
		if (wanted->options & WNOHANG)
			return 0;
		if (error)
			return -ERESTARTSYS;
		error = sleep(self, seen);
	}
	// END SOLUTION 4.8 => (void)wanted; todo("4.8"); return -ECHILD;
}

/* --- the calls ----------------------------------------------------------------------- */

/* 0 means the caller's group. */
static int group_or_own(int id)
{
	int group = id;

	if (group)
		return group;
	mutex_lock(&process_tree);
	group = process_self()->group;
	mutex_unlock(&process_tree);
	return group;
}

static int write_usage(uint64_t to, const struct wanted *wanted)
{
	struct rusage usage;

	if (!to)
		return 0;
	usage_fill(&usage, wanted->user_ns, wanted->system_ns);
	return copy_to_user(to, &usage, sizeof(usage));
}

SYSCALL(wait4, "pid, address, wait_options, address", int, id, uint64_t, status, int, options,
	uint64_t, usage)
{
	struct wanted wanted = { .type = P_PID, .id = id, .options = options | WEXITED };
	int error;

	if (options & ~(int)WAIT4_OPTIONS)
		return -EINVAL;
	if (id == INT32_MIN)
		return -ESRCH;
	if (id == -1)
		wanted.type = P_ALL;
	else if (id <= 0)
		wanted = (struct wanted){ P_PGID, group_or_own(-id), wanted.options, 0, 0, 0, 0 };
	error = wait_for(&wanted);
	if (error || !wanted.found)
		return error;
	if (status && copy_to_user(status, &wanted.status, sizeof(wanted.status)))
		return -EFAULT;
	return write_usage(usage, &wanted) ? -EFAULT : wanted.found;
}

/* Only these members are written, as on Linux, and with nothing found they are 0. */
static int write_info(uint64_t to, const struct wanted *wanted)
{
	siginfo_t info;

	if (!to)
		return 0;
	memset(&info, 0, sizeof(info));
	if (wanted->found) {
		info.si_signo = SIGCHLD;
		info.si_pid = wanted->found;
		explain(wanted->status, &info.si_code, &info.si_status);
	}
	if (copy_to_user(to, &info, INFO_HOLE))
		return -EFAULT;
	return copy_to_user(to + INFO_REST, (const char *)&info + INFO_REST, INFO_END - INFO_REST);
}

static int check_waitid(int type, int id, int options)
{
	bool known = type == P_ALL || (type == P_PID && id > 0) || (type == P_PGID && id >= 0);

	if ((options & ~(int)WAITID_OPTIONS) || !(options & WAITID_STATES))
		return -EINVAL;
	return known ? 0 : -EINVAL;
}

SYSCALL(waitid, "number, pid, address, wait_options, address", int, type, int, id, uint64_t, info,
	int, options, uint64_t, usage)
{
	struct wanted wanted = { .type = type, .id = id, .options = options };
	int error = check_waitid(type, id, options);

	if (error)
		return error;
	if (type == P_PGID)
		wanted.id = group_or_own(id);
	error = wait_for(&wanted);
	if (error)
		return error;
	if (wanted.found && write_usage(usage, &wanted))
		return -EFAULT;
	return write_info(info, &wanted) ? -EFAULT : 0;
}
