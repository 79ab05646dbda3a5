/*
 * fork, vfork, clone: one task more.
 *
 * All of them are the same: the new task gets a copy of the caller's registers, and of each
 * thing that belongs to a process either a copy or a reference, as the flags say. With CLONE_THREAD
 * everything is shared, and it is a task more of this process; otherwise it is a new process's
 * first. fork copies all, a thread of a library shares all, vfork shares the memory for a
 * while, and its caller waits meanwhile.
 *
 * Nobody sees the new task before everything that can fail has been done.
 *
 * Read more: fork(2), clone(2), vfork(2).
 */
#include "lab1-boot/ktest/todo.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/lock/completion.h"
#include "lab3-threads/thread/fpu.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/memory/memory.h"
#include "lab4-interrupts/process/family.h"
#include "lab4-interrupts/process/number.h"
#include "lab4-interrupts/process/task.h"
#include "lab4-interrupts/signal/signal.h"
#include <linux/sched.h>
#include <linux/signal.h>

#define SIGNALS 64 /* the highest signal's number */
#define FLAGS                                                                                      \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VFORK | CLONE_PARENT |          \
		CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |                \
		CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED | CLONE_UNTRACED |      \
		CLONE_PTRACE | CLONE_IO | CLONE_CLEAR_SIGHAND)

/* --- what may be asked for ----------------------------------------------------------- */

/* Of two flags the second makes no sense without the first. */
static bool without(uint64_t flags, uint64_t needed, uint64_t flag)
{
	return (flags & flag) && !(flags & needed);
}

static int check(const struct clone_args *args)
{
	uint64_t flags = args->flags;

	if ((flags & ~(uint64_t)FLAGS) || without(flags, CLONE_SIGHAND, CLONE_THREAD) ||
		without(flags, CLONE_VM, CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_CLEAR_SIGHAND) && (flags & CLONE_SIGHAND))
		return -EINVAL;
	if (without(flags, CLONE_THREAD, CLONE_SIGHAND))
		return -EINVAL; /* actions belong to the process here: two of them share none */
	if ((flags & CLONE_VFORK) && (flags & CLONE_THREAD))
		return -EINVAL; /* the process has one place for who waits */
	if ((flags & CLONE_PARENT) && process_self() == process_init_process)
		return -EINVAL; /* it would be a second root of the tree */
	if ((flags & CLONE_SETTLS) && args->tls >= VM_HIGH)
		return -EPERM;
	return 0;
}

/* RLIMIT_NPROC counts a user's tasks; there is one user. Process 1 is exempt. */
static int check_limit(struct process *process)
{
	return process != process_init_process &&
			       tasks_count() >= process_limit(process, RLIMIT_NPROC)
		       ? -EAGAIN
		       : 0;
}

// BEGIN SOLUTION 4.6
/* --- the new process ----------------------------------------------------------------- */

/* What is inherited as it is. */
static void inherit(struct process *process, struct process *from)
{
	mutex_lock(&from->lock);
	memcpy(process->limit, from->limit, sizeof(process->limit));
	memcpy(process->path, from->path, sizeof(process->path));
	process->nice = from->nice;
	mutex_unlock(&from->lock);
}

static int share_memory(struct process *process, struct process *from, uint64_t flags)
{
	if (flags & CLONE_VM) {
		memory_get(from->memory);
		process->memory = from->memory;
	} else {
		process->memory = memory_clone(from->memory);
	}
	return process->memory ? 0 : -ENOMEM;
}

/* A reference to the process that the new task is to be of; NULL without memory. */
static struct process *process_for(const struct clone_args *args, struct process *from)
{
	struct process *process;

	if (args->flags & CLONE_THREAD) {
		process_get(from);
		return from;
	}
	process = process_make();
	if (!process)
		return NULL;
	inherit(process, from);
	/* clone(2) may name what is no signal: then none is sent, as on Linux. */
	process->exit_signal = args->exit_signal <= SIGNALS ? (int)args->exit_signal : 0;
	if (!share_memory(process, from, args->flags))
		return process;
	process_put(process);
	return NULL;
}

/* --- the new task -------------------------------------------------------------------- */

static void begin(void *argument)
{
	struct task *task = argument;

	if (task->set_id)
		copy_to_user(task->set_id, &task->id, sizeof(task->id)); /* or not, as on Linux */
	task_to_user(task);
}

static void set_registers(struct task *task, struct task *from, const struct clone_args *args)
{
	struct trap_frame *frame = task_frame(task);

	*frame = *task_frame(from);
	frame->rax = 0;
	if (args->stack)
		frame->rsp = args->stack + args->stack_size;
	task->fs_base = args->flags & CLONE_SETTLS ? args->tls : from->fs_base;
	task->gs_base = from->gs_base;
}

static int set_up(struct task *task, struct task *from, const struct clone_args *args)
{
	int error;

	set_registers(task, from, args);
	task->set_id = args->flags & CLONE_CHILD_SETTID ? args->child_tid : 0;
	task->clear_id = args->flags & CLONE_CHILD_CLEARTID ? args->child_tid : 0;
	error = fpu_copy(&task->thread);
	return error ? error : parts_clone(task, from, args->flags);
}

/* Everything but a place among the others. */
static int make(const struct clone_args *args, struct task **made)
{
	struct task *self = task_self(), *task = NULL;
	struct process *process = process_for(args, self->process);
	int error = -ENOMEM;

	if (!process)
		return -ENOMEM;
	error = task_make(process, self->thread.name, begin, &task);
	if (error)
		goto unwind_process;
	error = set_up(task, self, args);
	if (error)
		goto unwind_task;
	process_put(process); /* the task has one */
	*made = task;
	return 0;

unwind_task:
	task_put(task);
unwind_process:
	if (process != self->process)
		memory_put(process->memory);
	process_put(process);
	return error;
}

/* Instead of a place among the others. */
static void undo(struct task *task, struct task *self)
{
	struct process *process = task->process;
	bool new = process != self->process;

	parts_exit(task, new);
	if (new)
		memory_put(process->memory);
	task_put(task);
}

/* --- among the others ---------------------------------------------------------------- */

static void add_process(struct process *process, struct process *self, uint64_t flags)
{
	struct process *parent = flags & CLONE_PARENT ? self->parent : self;

	process->group = self->group;
	process->session = self->session;
	process->terminal = self->terminal;
	if (flags & CLONE_PARENT)
		process->exit_signal = self->exit_signal;
	process_get(process); /* the tree's */
	family_add(process, parent);
}

/* Whether the caller's process is ending, or another task of it execs. Who sends a signal to a
 * group looks through the tree: what this one made behind him would escape. */
static bool ending(const struct task *self)
{
	return signal_ends() || __atomic_load_n(&self->process->exiting, __ATOMIC_ACQUIRE) ||
	       (__atomic_load_n(&self->work, __ATOMIC_ACQUIRE) & TASK_END);
}

/* Caller holds process_tree. Fails if this process is ending meanwhile: who ends it has to find all
 * its tasks. */
static int add(struct task *task, struct task *self, uint64_t flags)
{
	struct process *process = task->process;
	int error;

	if (ending(self))
		return -EINTR;
	number_task(task, process != self->process);
	if (process != self->process)
		add_process(process, self->process, flags);
	mutex_lock(&process->lock);
	error = process->exiting || process->execing ? -EINTR : 0;
	if (!error) {
		list_push_back(&process->tasks, &task->link);
		__atomic_store_n(&process->living, process->living + 1, __ATOMIC_RELEASE);
	}
	mutex_unlock(&process->lock);
	if (error)
		number_task_gone(task);
	return error;
}

/* --- vfork --------------------------------------------------------------------------- */

/* The parent is ended itself: it does not wait any longer. */
static void give_up(struct process *child)
{
	mutex_lock(&child->lock);
	child->vfork = NULL;
	mutex_unlock(&child->lock);
}

/* Until the child has execed or ended. Signals have to wait, but not the end. */
static void wait_for_vfork(struct process *child, struct completion *done)
{
	struct task *self = task_self();

	while (completion_wait(done, WAIT_INTERRUPTIBLE)) {
		int number = signal_ends();

		if (!number && !(__atomic_load_n(&self->work, __ATOMIC_ACQUIRE) & TASK_END))
			continue;
		give_up(child);
		if (!number)
			return;
		process_put(child); /* start's */
		/* At once: a handler's frame would lie on the child's stack. */
		process_exit(number);
	}
}

/* Let it run. It may have ended before this returns. */
static int64_t start(struct task *task, const struct clone_args *args)
{
	struct completion done = COMPLETION_INIT(done, "vfork");
	struct process *process = task->process;
	int id = task->id;

	if (args->flags & CLONE_VFORK)
		process->vfork = &done;
	if (args->flags & CLONE_PARENT_SETTID)
		copy_to_user(args->parent_tid, &id, sizeof(id));
	process_get(process);
	thread_start(&task->thread);
	thread_detach(&task->thread);
	if (args->flags & CLONE_VFORK)
		wait_for_vfork(process, &done);
	process_put(process);
	return id;
}
// END SOLUTION 4.6 =>

/* --- the call ------------------------------------------------------------------------ */

int64_t process_clone(const struct clone_args *args)
{
	struct task *self = task_self();
	int error = check(args);

	if (!error)
		error = check_limit(self->process);
	if (error)
		return error;
	/* Exercise 4.6, first half: make the new task, and the process that it is the first of
	 * unless this one shall have it; with the caller's registers, names, and memory, as the
	 * flags say, and what the parts (task.h) have to do. Then give it its number and its place,
	 * and let it run; but -EINTR if by then a signal is going to end the caller's process
	 * (signal_ends), it is exiting, or the caller has TASK_END: who ends a whole group looks
	 * through the tree once. An error leaves nothing behind. */
	// BEGIN SOLUTION 4.6
	struct task *task;

	error = make(args, &task);
	if (error)
		return error;
	mutex_lock(&process_tree);
	error = add(task, self, args->flags);
	mutex_unlock(&process_tree);
	if (!error)
		return start(task, args);
	undo(task, self);
	return error;
	// END SOLUTION 4.6 => todo("4.6"); return -ENOSYS;
}

SYSCALL(fork, "")
{
	return process_clone(&(struct clone_args){ .exit_signal = SIGCHLD });
}

SYSCALL(vfork, "")
{
	return process_clone(
		&(struct clone_args){ .flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD });
}

SYSCALL(clone, "clone_flags, address, address, address, address", uint64_t, flags, uint64_t, stack,
	uint64_t, parent_tid, uint64_t, child_tid, uint64_t, tls)
{
	return process_clone(&(struct clone_args){
		.flags = (uint32_t)flags & ~CSIGNAL,
		.exit_signal = flags & CSIGNAL,
		.stack = stack,
		.parent_tid = parent_tid,
		.child_tid = child_tid,
		.tls = tls,
	});
}

/* clone3's structure may grow: what we do not know has to be 0. */
static int read_args(struct clone_args *args, uint64_t from, uint64_t bytes)
{
	uint64_t word;
	uint64_t known = bytes < sizeof(*args) ? bytes : sizeof(*args);

	if (bytes < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	if (bytes > PAGE_SIZE)
		return -E2BIG;
	memset(args, 0, sizeof(*args));
	if (copy_from_user(args, from, known))
		return -EFAULT;
	for (uint64_t at = known; at < bytes; at += sizeof(word)) {
		word = 0;
		if (copy_from_user(&word, from + at, bytes - at < 8 ? bytes - at : 8))
			return -EFAULT;
		if (word)
			return -E2BIG;
	}
	return 0;
}

/* None, or one that lies where programs may have memory. */
static bool is_stack(uint64_t from, uint64_t bytes)
{
	if (!from || !bytes)
		return !from && !bytes;
	return from <= VM_HIGH && bytes <= VM_HIGH - from;
}

SYSCALL(clone3, "address, size", uint64_t, from, uint64_t, bytes)
{
	struct clone_args args;
	int error = read_args(&args, from, bytes);

	if (error)
		return error;
	if (args.exit_signal > SIGNALS || !is_stack(args.stack, args.stack_size) ||
		(args.flags & (CSIGNAL | CLONE_DETACHED)) || args.set_tid || args.set_tid_size)
		return -EINVAL;
	if ((args.flags & (CLONE_THREAD | CLONE_PARENT)) && args.exit_signal)
		return -EINVAL;
	return process_clone(&args);
}
