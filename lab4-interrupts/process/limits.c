/*
 * Limits of a process: prlimit64 and what is older.
 *
 * Each has a soft limit, which counts, and a hard one, which the soft one may be raised to. There
 * is one user, who is root: so the hard ones can be raised, too.
 *
 * Read more: getrlimit(2).
 */
#include "lab4-interrupts/process/limits.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/process/task.h"
#include "lab4-interrupts/process/usage.h"

#define MIB              (1ul << 20)
#define DESCRIPTORS      1024
#define DESCRIPTORS_MOST (1ul << 20) /* Linux's fs.nr_open: more cannot be asked for */

void limits_first(struct process *process)
{
	uint64_t half = tasks_limit() / 2;

	for (unsigned i = 0; i < RLIM_NLIMITS; i++)
		process->limit[i] = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	process->limit[RLIMIT_STACK].rlim_cur = 8 * MIB;
	process->limit[RLIMIT_CORE].rlim_cur = 0;
	process->limit[RLIMIT_NPROC] = (struct rlimit){ half, half };
	process->limit[RLIMIT_NOFILE] = (struct rlimit){ DESCRIPTORS, 4 * DESCRIPTORS };
	process->limit[RLIMIT_MEMLOCK] = (struct rlimit){ 8 * MIB, 8 * MIB };
	process->limit[RLIMIT_SIGPENDING] = (struct rlimit){ half, half };
	process->limit[RLIMIT_MSGQUEUE] = (struct rlimit){ 819200, 819200 };
	process->limit[RLIMIT_NICE] = (struct rlimit){ 0, 0 };
	process->limit[RLIMIT_RTPRIO] = (struct rlimit){ 0, 0 };
}

/* Read without the lock: a limit is one word, and whoever changes it may be a moment too late. */
uint64_t process_limit(const struct process *process, unsigned which)
{
	return __atomic_load_n(&process->limit[which].rlim_cur, __ATOMIC_RELAXED);
}

static int check(unsigned which, const struct rlimit *limit)
{
	if (limit->rlim_cur > limit->rlim_max)
		return -EINVAL;
	if (which == RLIMIT_NOFILE && limit->rlim_max > DESCRIPTORS_MOST)
		return -EPERM;
	return 0;
}

/* Exchange: new and old may be NULL. */
static int exchange(
	struct process *process, unsigned which, const struct rlimit *new, struct rlimit *old)
{
	int error = which >= RLIM_NLIMITS ? -EINVAL : 0;

	if (!error && new)
		error = check(which, new);
	if (error)
		return error;
	mutex_lock(&process->lock);
	if (old)
		*old = process->limit[which];
	if (new)
		process->limit[which] = *new;
	if (new &&which == RLIMIT_CPU)
		process_watch_times(process);
	mutex_unlock(&process->lock);
	return 0;
}

/* For a process by its number, 0 meaning the caller. */
static int exchange_of(int id, unsigned which, const struct rlimit *new, struct rlimit *old)
{
	struct task *task = id ? task_find(id) : NULL;
	int error;

	if (id && !task)
		return -ESRCH;
	error = exchange(task ? task->process : process_self(), which, new, old);
	if (task)
		task_put(task);
	return error;
}

SYSCALL(prlimit64, "pid, resource, address, address", int, id, unsigned, which, uint64_t, new,
	uint64_t, old)
{
	struct rlimit new_limit, old_limit;
	int error;

	if (new &&copy_from_user(&new_limit, new, sizeof(new_limit)))
		return -EFAULT;
	error = exchange_of(id, which, new ? &new_limit : NULL, &old_limit);
	if (error)
		return error;
	return old ? copy_to_user(old, &old_limit, sizeof(old_limit)) : 0;
}

SYSCALL(getrlimit, "resource, address", unsigned, which, uint64_t, to)
{
	struct rlimit limit;
	int error = exchange_of(0, which, NULL, &limit);

	return error ? error : copy_to_user(to, &limit, sizeof(limit));
}

SYSCALL(setrlimit, "resource, address", unsigned, which, uint64_t, from)
{
	struct rlimit limit;

	if (copy_from_user(&limit, from, sizeof(limit)))
		return -EFAULT;
	return exchange_of(0, which, &limit, NULL);
}
