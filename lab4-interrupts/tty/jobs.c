/*
 * Job control: whose keys these are, and who has to wait.
 *
 * A session (setsid) has at most one controlling terminal, and the terminal at most one session.
 * Of the session's process groups one is in the foreground: it may read, and keys send their
 * signals to it. A shell makes a group of each command line and puts it there. Who reads from the
 * background is stopped (SIGTTIN) until the shell puts it into the foreground; who changes
 * settings too (SIGTTOU). If nobody is there who could do that, because no member of the group
 * has a parent elsewhere in the session (an orphaned group), it is an error instead.
 *
 * Read more: POSIX.1-2017, sections 11.1.4 (access control) and 3.264 (orphaned process group);
 * Lennert, "Processes", in the BSD user's guide: where it comes from.
 */
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/process/family.h"
#include "lab4-interrupts/signal/signal.h"
#include "lab4-interrupts/tty/tty.h"
#include <linux/fcntl.h>

static int foreground(struct terminal *terminal)
{
	return __atomic_load_n(&terminal->foreground, __ATOMIC_RELAXED);
}

static void set_foreground(struct terminal *terminal, int group)
{
	__atomic_store_n(&terminal->foreground, group, __ATOMIC_RELAXED);
}

/* The calling process, if this is its controlling terminal; else NULL. What others can change
 * meanwhile they could have changed before. */
static struct process *owner(struct terminal *terminal)
{
	struct task *self = task_self();

	if (!self || __atomic_load_n(&self->process->terminal, __ATOMIC_RELAXED) != terminal)
		return NULL;
	return self->process;
}

void jobs_send(struct terminal *terminal, int number)
{
	int group = foreground(terminal);

	if (group)
		signal_send_group(group, number, NULL);
}

/* --- the background ---------------------------------------------------------------------- */

/* Whether the caller may go on; refused: what it gets if the signal would not stop it. */
static int in_turn(struct terminal *terminal, int number, int refused)
{
	struct process *self = owner(terminal);
	int group = self ? __atomic_load_n(&self->group, __ATOMIC_RELAXED) : 0;
	int front = foreground(terminal);

	if (!self || !front || front == group)
		return 0;
	if (signal_ignored_or_blocked(number))
		return refused;
	if (signal_group_orphaned(group))
		return -EIO;
	signal_send_group(group, number, NULL);
	return -ERESTARTSYS;
}

int jobs_may_read(struct terminal *terminal)
{
	return in_turn(terminal, SIGTTIN, -EIO);
}

int jobs_may_change(struct terminal *terminal)
{
	return in_turn(terminal, SIGTTOU, 0);
}

/* --- whose terminal it is ---------------------------------------------------------------- */

/* It is no session's any more. Caller holds process_tree. */
static void release(struct terminal *terminal)
{
	process_each (process)
		if (process->terminal == terminal)
			process->terminal = NULL;
	terminal->session = 0;
	set_foreground(terminal, 0);
}

void jobs_forget(struct terminal *terminal)
{
	mutex_lock(&process_tree);
	release(terminal);
	mutex_unlock(&process_tree);
}

static int acquire(struct terminal *terminal, bool steal)
{
	struct process *self = process_self();
	bool leads = self->session == self->id;

	if (leads && terminal->session == self->session)
		return 0;
	if (!leads || self->terminal || (terminal->session && !steal))
		return -EPERM;
	release(terminal);
	terminal->session = self->session;
	self->terminal = terminal;
	set_foreground(terminal, self->group);
	return 0;
}

int jobs_acquire(struct terminal *terminal, bool steal)
{
	int error;

	if (!task_self())
		return -EPERM;
	mutex_lock(&process_tree);
	error = acquire(terminal, steal);
	mutex_unlock(&process_tree);
	return error;
}

/* Who opens it for writing only, to log, does not want its keys. */
void jobs_opened(struct terminal *terminal, unsigned flags)
{
	struct task *self = task_self();

	if ((flags & O_NOCTTY) || (flags & O_ACCMODE) == O_WRONLY)
		return;
	if (self && !self->process->terminal && self->process->session == self->process->id)
		jobs_acquire(terminal, false);
}

/* SIGHUP and SIGCONT: who was stopped is to see that it is over. */
static void say_goodbye(int group)
{
	signal_send_group(group, SIGHUP, NULL);
	signal_send_group(group, SIGCONT, NULL);
}

int jobs_give_up(struct terminal *terminal)
{
	struct process *self = owner(terminal);
	int group = foreground(terminal);

	if (!self)
		return -ENOTTY;
	mutex_lock(&process_tree);
	self->terminal = NULL;
	if (self->session == self->id)
		release(terminal);
	mutex_unlock(&process_tree);
	if (self->session == self->id && group)
		say_goodbye(group);
	return 0;
}

void terminal_hang_up(struct terminal *terminal)
{
	struct process *leader;
	int group, session;

	mutex_lock(&process_tree);
	session = terminal->session;
	group = foreground(terminal);
	release(terminal);
	mutex_unlock(&process_tree);

	uint64_t irq = terminal_lock(terminal);

	ldisc_flush(&terminal->ldisc);
	terminal->driver->take_more(terminal->device);
	if (terminal != &terminal_console) { /* that stays, as on Linux: process 1 has it, too */
		__atomic_fetch_add(&terminal->hang_ups, 1, __ATOMIC_RELEASE);
		terminal->driver->discard(terminal->device);
	}
	waitqueue_wake_all(&terminal->readers);
	waitqueue_wake_all(&terminal->writers);
	terminal_unlock(terminal, irq);

	/* Its own group has its number: if that is in front, it is called with it. */
	leader = session && session != group ? process_find(session) : NULL;
	if (leader) {
		signal_send(leader, SIGHUP, NULL);
		signal_send(leader, SIGCONT, NULL);
		process_put(leader);
	}
	if (group)
		say_goodbye(group);
}

/* The end of a session's leader is the end of the session's use of its terminal: it is hung up, or
 * let go of, and may be gone once no process refers to it. */
static void leave(struct task *task, bool last)
{
	struct process *self = task->process;
	struct terminal *terminal;
	int group = 0;
	bool stays;

	if (!last || self->session != self->id)
		return;
	mutex_lock(&process_tree);
	terminal = self->terminal;
	stays = terminal && terminal->driver->outlives_session;
	if (stays) {
		group = foreground(terminal);
		release(terminal);
	}
	mutex_unlock(&process_tree);
	if (group)
		signal_send_group(group, SIGHUP, NULL);
	if (terminal && !stays)
		terminal_hang_up(terminal);
}
TASK_PART(1, terminal, NULL, NULL, leave);

/* --- who is in the foreground ------------------------------------------------------------ */

int jobs_foreground(struct terminal *terminal, bool any)
{
	return any || owner(terminal) ? foreground(terminal) : -ENOTTY;
}

int jobs_session(struct terminal *terminal, bool any)
{
	int session;

	if (!any && !owner(terminal))
		return -ENOTTY;
	mutex_lock(&process_tree);
	session = terminal->session;
	mutex_unlock(&process_tree);
	return session ? session : -ENOTTY;
}

/* The session of a group; 0: there is no such group. Caller holds process_tree. */
static int session_of(int group)
{
	family_each (process) /* a zombie's, too */
		if (process->group == group)
			return process->session;
	return 0;
}

int jobs_set_foreground(struct terminal *terminal, int group)
{
	struct process *self = owner(terminal);
	int error = 0, session;

	if (group < 0)
		return -EINVAL;
	if (!self)
		return -ENOTTY;
	mutex_lock(&process_tree);
	session = session_of(group);
	if (terminal->session != self->session)
		error = -ENOTTY;
	else if (!session)
		error = -ESRCH;
	else if (session != self->session)
		error = -EPERM;
	else
		set_foreground(terminal, group);
	mutex_unlock(&process_tree);
	return error;
}
