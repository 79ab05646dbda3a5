/*
 * What a task leaves when it ends, or execs: locks that it held.
 *
 * A program may keep a list of the locks that a task holds, in its own memory, and tell the kernel
 * where it begins (set_robust_list). When the task ends, however that is, or execs, the kernel
 * walks it: each word that holds the task's number gets FUTEX_OWNER_DIED instead, and one that
 * waits for it is woken. Nothing of that list can be relied upon: it may be a circle, or point
 * anywhere. So the walk is bounded, and ends at the first word that cannot be read.
 *
 * Read more: get_robust_list(2); Linux's Documentation/locking/robust-futexes.rst.
 */
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/futex/futex.h"
#include "lab4-interrupts/memory/memory.h"
#include "lab4-interrupts/process/process.h"
#include <linux/errno.h>
#include <linux/futex.h>
#include <stdbool.h>

#define NOT_A_LOCK_OF_OURS 1ul /* in an entry's address: a lock that inherits priorities */

static bool get_word(uint64_t from, uint64_t *word)
{
	return copy_from_user(word, from, sizeof(*word)) == 0;
}

/* The owner of the lock at this address dies, if that is us. Whoever waits has set FUTEX_WAITERS,
 * and takes over. False: the address is nothing. */
static bool owner_died(uint64_t address)
{
	uint32_t word, number = (uint32_t)task_self()->id;
	int error;

	if (address % sizeof(word) || copy_from_user(&word, address, sizeof(word)))
		return false;
	do {
		if ((word & FUTEX_TID_MASK) != number)
			return true;
		error = user_exchange(address, &word, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED);
	} while (error == -EAGAIN);
	if (!error && (word & FUTEX_WAITERS))
		futex_wake_address(address, 1);
	return !error;
}

/* The lock that was just being taken or let go of. If it is free already, its next owner may not
 * have been woken yet. */
static void pending_died(uint64_t address)
{
	uint32_t word;

	if (owner_died(address) && copy_from_user(&word, address, sizeof(word)) == 0 && word == 0)
		futex_wake_address(address, 1);
}

/* pending is a lock that was just being taken or let go of: it may be in the list, or not yet.
 */
static void walk(uint64_t list)
{
	uint64_t entry, offset, pending;

	if (!get_word(list, &entry) || !get_word(list + 8, &offset) ||
		!get_word(list + 16, &pending))
		return;
	pending &= ~NOT_A_LOCK_OF_OURS;
	for (int i = 0; i < ROBUST_LIST_LIMIT; i++) {
		uint64_t here = entry & ~NOT_A_LOCK_OF_OURS;

		if (here == list)
			break;
		/* The next one first: once it is free, a lock's memory is another's. */
		if (!get_word(here, &entry) || (here != pending && !owner_died(here + offset)))
			break;
	}
	if (pending)
		pending_died(pending + offset);
}

/* Linux: only if somebody else is there to see it is the word cleared. */
static void clear_id(struct task *task)
{
	struct process *process = task->process;
	uint32_t nobody = 0;

	if (memory_is_its_own(process->memory) &&
		__atomic_load_n(&process->living, __ATOMIC_ACQUIRE) == 1)
		return;
	if (copy_to_user(task->clear_id, &nobody, sizeof(nobody)) == 0)
		futex_wake_address(task->clear_id, 1);
}

void futex_task_exit(struct task *task)
{
	if (task->robust_list)
		walk(task->robust_list);
	task->robust_list = 0;
	if (task->clear_id)
		clear_id(task);
	task->clear_id = 0;
}

SYSCALL(set_robust_list, "%p, %lu", uint64_t, list, uint64_t, bytes)
{
	if (bytes != sizeof(struct robust_list_head))
		return -EINVAL;
	task_self()->robust_list = list;
	return 0;
}

/* Of a task (0: the caller). What it says is written last, and may be old already. */
SYSCALL(get_robust_list, "%d, %p, %p", int, id, uint64_t, list, uint64_t, bytes)
{
	struct task *task = id ? task_find(id) : NULL;
	uint64_t its = task ? task->robust_list : task_self()->robust_list;
	uint64_t size = sizeof(struct robust_list_head);

	if (id && !task)
		return -ESRCH;
	if (task)
		thread_put(&task->thread);
	if (copy_to_user(bytes, &size, sizeof(size)) || copy_to_user(list, &its, sizeof(its)))
		return -EFAULT;
	return 0;
}
