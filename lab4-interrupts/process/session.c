/*
 * Process groups and sessions: which processes belong together for job control.
 *
 * A shell makes a group of each job, and one session holds all of a terminal. A group's number is
 * its first member's, and so is a session's. The first member of a session cannot leave it:
 * its number would then name two things.
 *
 * Read more: setpgid(2), setsid(2), credentials(7); POSIX.1-2017, chapter 11.1.
 */
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/process/family.h"

#define ANY (-1)

/* Whether there is a group of that number in the session, or in ANY. Caller holds process_tree. */
static bool group_exists(int group, int session)
{
	family_each (process)
		if (process->group == group && (session == ANY || process->session == session))
			return true;
	return false;
}

/* The process of that number, which is the caller or a child; 0 means the caller. NULL if it is
 * neither. Caller holds process_tree: so it stays. */
static struct process *self_or_child(int id)
{
	struct process *self = process_self();

	if (id == 0 || id == self->id)
		return self;
	list_each (link, &self->children) {
		struct process *child = list_entry(link, struct process, sibling);

		if (child->id == id)
			return child;
	}
	return NULL;
}

/* Caller holds process_tree. */
static int set_group(struct process *process, int group)
{
	struct process *self = process_self();

	if (!process)
		return -ESRCH;
	if (process != self && process->session != self->session)
		return -EPERM;
	if (process != self && process->execed)
		return -EACCES; /* it may have looked at its group by now */
	if (process->session == process->id)
		return -EPERM;
	if (group != process->id && !group_exists(group, process->session))
		return -EPERM;
	process->group = group;
	return 0;
}

SYSCALL(setpgid, "pid, pid", int, id, int, group)
{
	struct process *process;
	int error;

	if (!group)
		group = id;
	if (group < 0)
		return -EINVAL;
	mutex_lock(&process_tree);
	process = self_or_child(id);
	error = set_group(process, group || !process ? group : process->id);
	mutex_unlock(&process_tree);
	return error;
}

SYSCALL(setsid, "")
{
	struct process *self = process_self();
	int result = -EPERM;

	mutex_lock(&process_tree);
	if (!group_exists(self->id, ANY)) {
		result = self->group = self->session = self->id;
		self->terminal = NULL;
	}
	mutex_unlock(&process_tree);
	return result;
}

/* What a function says of a process by its number, or a task's of it; 0 means the caller. */
static int64_t ask(int id, int (*answer)(const struct process *process))
{
	struct process *process = id ? process_with(id) : process_self();
	int64_t result = -ESRCH;

	if (!process)
		return result;
	mutex_lock(&process_tree);
	result = answer(process);
	mutex_unlock(&process_tree);
	if (id)
		process_put(process);
	return result;
}

static int group_of(const struct process *process)
{
	return process->group;
}

static int session_of(const struct process *process)
{
	return process->session;
}

SYSCALL(getpgid, "pid", int, id)
{
	return ask(id, group_of);
}

SYSCALL(getpgrp, "")
{
	return ask(0, group_of);
}

SYSCALL(getsid, "pid", int, id)
{
	return ask(id, session_of);
}
