/*
 * What a task sets for itself: arch_prctl, prctl, set_tid_address.
 *
 * Read more: the manual pages of that name, in section 2.
 */
#include "lab1-boot/lib/string.h"
#include "lab2-memory/vm/space.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/process/switch.h"
#include "lab4-interrupts/process/task.h"
#include <asm/prctl.h>
#include <linux/prctl.h>
#include <linux/signal.h>

#define SIGNALS  64 /* the highest signal's number */
#define SLACK_NS 50000

/* --- arch_prctl ---------------------------------------------------------------------- */

static int set_base(struct task *task, uint64_t *base, uint64_t address)
{
	if (address >= VM_HIGH)
		return -EPERM;
	*base = address;
	switch_bases(task);
	return 0;
}

SYSCALL(arch_prctl, "arch, hex", int, what, uint64_t, address)
{
	struct task *self = task_self();

	switch (what) {
	case ARCH_SET_FS:
		return set_base(self, &self->fs_base, address);
	case ARCH_SET_GS:
		return set_base(self, &self->gs_base, address);
	case ARCH_GET_FS:
		return copy_to_user(address, &self->fs_base, sizeof(self->fs_base));
	case ARCH_GET_GS:
		return copy_to_user(address, &self->gs_base, sizeof(self->gs_base));
	default:
		return -EINVAL;
	}
}

SYSCALL(set_tid_address, "address", uint64_t, address)
{
	struct task *self = task_self();

	self->clear_id = address;
	return self->id;
}

/* --- prctl --------------------------------------------------------------------------- */

static int set_name(uint64_t from)
{
	char name[THREAD_NAME] = "";
	int64_t length = string_from_user(name, from, sizeof(name));

	if (length == -EFAULT)
		return -EFAULT;
	name[THREAD_NAME - 1] = 0; /* a longer one is cut */
	thread_rename(name);
	return 0;
}

static int set_death_signal(struct task *self, uint64_t number)
{
	if (number > SIGNALS)
		return -EINVAL;
	self->death_signal = (int)number;
	return 0;
}

static int set_subreaper(struct process *self, bool is_one)
{
	mutex_lock(&process_tree);
	self->subreaper = is_one;
	mutex_unlock(&process_tree);
	return 0;
}

static int set_dumpable(struct process *self, uint64_t value)
{
	if (value > 1)
		return -EINVAL;
	self->undumpable = !value;
	return 0;
}

static int get(uint64_t to, int value)
{
	return copy_to_user(to, &value, sizeof(value));
}

SYSCALL(prctl, "prctl, hex, hex, hex, hex", int, what, uint64_t, a, uint64_t, b, uint64_t, c,
	uint64_t, d)
{
	struct task *self = task_self();

	switch (what) {
	case PR_SET_NAME:
		return set_name(a);
	case PR_GET_NAME:
		return copy_to_user(a, self->thread.name, THREAD_NAME);
	case PR_SET_PDEATHSIG:
		return set_death_signal(self, a);
	case PR_GET_PDEATHSIG:
		return get(a, self->death_signal);
	case PR_SET_CHILD_SUBREAPER:
		return set_subreaper(self->process, a);
	case PR_GET_CHILD_SUBREAPER:
		return get(a, self->process->subreaper);
	case PR_GET_DUMPABLE:
		return !self->process->undumpable;
	case PR_SET_DUMPABLE:
		return set_dumpable(self->process, a);
	case PR_GET_TIMERSLACK:
		return SLACK_NS;
	case PR_SET_TIMERSLACK:
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return a || b || c || d ? -EINVAL : self->process->no_new_privileges;
	case PR_SET_NO_NEW_PRIVS:
		if (a != 1 || b || c || d)
			return -EINVAL;
		self->process->no_new_privileges = true;
		return 0;
	case PR_GET_SECCOMP:
	case PR_GET_KEEPCAPS:
		return 0;
	default:
		return -EINVAL;
	}
}
