/*
 * Who a task is: numbers, and users. There is one user, root, with one group: what would make
 * another user of a process is refused, as it would be for a number without a meaning.
 *
 * Read more: credentials(7).
 */
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/process/task.h"

#define SAME ((uint32_t)-1) /* an argument of setresuid: leave it as it is */

SYSCALL(getpid, "")
{
	return process_self()->id;
}

SYSCALL(gettid, "")
{
	return task_self()->id;
}

SYSCALL(getppid, "")
{
	return __atomic_load_n(&process_self()->parent_id, __ATOMIC_RELAXED);
}

SYSCALL(getuid, "")
{
	return 0;
}

SYSCALL(geteuid, "")
{
	return 0;
}

SYSCALL(getgid, "")
{
	return 0;
}

SYSCALL(getegid, "")
{
	return 0;
}

/* 0 is what it is already. */
static int64_t stay(uint32_t id)
{
	return id == 0 || id == SAME ? 0 : -EPERM;
}

SYSCALL(setuid, "number", uint32_t, id)
{
	return id == SAME ? -EINVAL : stay(id);
}

SYSCALL(setgid, "number", uint32_t, id)
{
	return id == SAME ? -EINVAL : stay(id);
}

SYSCALL(setreuid, "number, number", uint32_t, real, uint32_t, effective)
{
	return stay(real) ? stay(real) : stay(effective);
}

SYSCALL(setregid, "number, number", uint32_t, real, uint32_t, effective)
{
	return stay(real) ? stay(real) : stay(effective);
}

SYSCALL(setresuid, "number, number, number", uint32_t, real, uint32_t, effective, uint32_t, saved)
{
	return stay(real) || stay(effective) || stay(saved) ? -EPERM : 0;
}

SYSCALL(setresgid, "number, number, number", uint32_t, real, uint32_t, effective, uint32_t, saved)
{
	return stay(real) || stay(effective) || stay(saved) ? -EPERM : 0;
}

static int64_t three_zeros(uint64_t a, uint64_t b, uint64_t c)
{
	uint32_t zero = 0;

	if (copy_to_user(a, &zero, sizeof(zero)) || copy_to_user(b, &zero, sizeof(zero)))
		return -EFAULT;
	return copy_to_user(c, &zero, sizeof(zero));
}

SYSCALL(getresuid, "address, address, address", uint64_t, real, uint64_t, effective, uint64_t,
	saved)
{
	return three_zeros(real, effective, saved);
}

SYSCALL(getresgid, "address, address, address", uint64_t, real, uint64_t, effective, uint64_t,
	saved)
{
	return three_zeros(real, effective, saved);
}

/* They return what it was before, whether it could be changed or not. */
SYSCALL(setfsuid, "number", uint32_t, id)
{
	(void)id;
	return 0;
}

SYSCALL(setfsgid, "number", uint32_t, id)
{
	(void)id;
	return 0;
}

/* No groups besides. */
SYSCALL(getgroups, "number, address", int, count, uint64_t, to)
{
	(void)to;
	return count < 0 ? -EINVAL : 0;
}

SYSCALL(setgroups, "number, address", int, count, uint64_t, from)
{
	uint32_t group;

	if (count < 0 || count > 65536)
		return -EINVAL;
	for (int i = 0; i < count; i++) {
		if (copy_from_user(&group, from + (uint64_t)i * sizeof(group), sizeof(group)))
			return -EFAULT;
		if (group)
			return -EPERM;
	}
	return 0;
}
