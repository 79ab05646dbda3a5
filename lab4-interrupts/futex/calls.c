/* The futex call: from user addresses to keys, and the words that are looked at. See queue.h. */
#include "lab2-memory/vm/space.h"
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/futex/futex.h"
#include "lab4-interrupts/futex/queue.h"
#include "lab4-interrupts/memory/memory.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/time/clocks.h"
#include "lab4-interrupts/time/realtime.h"
#include <linux/errno.h>
#include <linux/futex.h>

/* --- keys ---------------------------------------------------------------------------- */

/* Which object's word it is, if it lies in shared memory: others may have that at other addresses.
 * The key holds no reference: should the object go while somebody waits, its waiters can at
 * worst be woken for nothing. 0; -EFAULT where nothing is mapped that may be used. */
static int key_of_object(struct vm_space *space, uint64_t address, struct futex_key *key)
{
	struct vm_region *region;
	int error;

	rwlock_read(&space->lock);
	region = vm_region_at(space, address);
	error = region && region->protection ? 0 : -EFAULT;
	if (region && region->object && region->shared)
		*key = (struct futex_key){ region->object,
			region->offset + (address - region->range.start) };
	rwlock_read_done(&space->lock);
	return error;
}

/* 0; -EINVAL for an address that is no multiple of 4; -EFAULT for one that no program has. Of a
 * private one nobody asks whether it is there, on Linux as well: it is a number like another. */
static int key_of(uint64_t address, bool shared, struct futex_key *key)
{
	struct vm_space *space = process_self()->memory->space;

	if (address % sizeof(uint32_t))
		return -EINVAL;
	if (address >= USER_END)
		return -EFAULT;
	*key = (struct futex_key){ space, address };
	return shared ? key_of_object(space, address, key) : 0;
}

/* --- looking ------------------------------------------------------------------------- */

struct look {
	uint64_t address;
	uint32_t expected;
};

static int still(void *argument)
{
	const struct look *look = argument;
	uint32_t word;

	if (copy_from_user(&word, look->address, sizeof(word)))
		return -EFAULT;
	return word == look->expected ? 0 : -EAGAIN;
}

static int anything(void *argument)
{
	(void)argument;
	return 0;
}

/* --- waiting ------------------------------------------------------------------------- */

/* What is to be known of a wait, should it be started again after a signal. */
struct wait {
	struct look look;
	uint64_t deadline;
	uint32_t bits;
	bool shared;
};

static int64_t wait_again(struct task *task);

/* With a timeout, what is left of it has to be remembered; without one, the same call will do. */
static int64_t interrupted(const struct wait *wait)
{
	struct task *task = task_self();

	if (wait->deadline == TIMER_NEVER)
		return -ERESTARTSYS;
	task->restart = wait_again;
	task->restart_argument[0] = wait->look.address;
	task->restart_argument[1] = wait->look.expected | (uint64_t)wait->bits << 32;
	task->restart_argument[2] = wait->deadline;
	task->restart_argument[3] = wait->shared;
	return -ERESTART_BLOCK;
}

static int64_t wait_for(struct wait *wait)
{
	struct futex_key key;
	int error = key_of(wait->look.address, wait->shared, &key);

	if (!error)
		error = futex_sleep(&key, wait->bits, wait->deadline, still, &wait->look);
	return error == -EINTR ? interrupted(wait) : error;
}

static int64_t wait_again(struct task *task)
{
	const uint64_t *argument = task->restart_argument;
	struct wait wait = {
		.look = { argument[0], (uint32_t)argument[1] },
		.deadline = argument[2],
		.bits = (uint32_t)(argument[1] >> 32),
		.shared = argument[3],
	};

	return wait_for(&wait);
}

/* When a wait ends that was given a timespec. FUTEX_WAIT's is relative, the others' are moments of
 * one of the two clocks. */
static int get_deadline(uint64_t from, int operation, uint64_t *deadline)
{
	uint64_t nanoseconds;
	int error = timespec_from_user(from, &nanoseconds);

	if (error)
		return error;
	if ((operation & FUTEX_CMD_MASK) == FUTEX_WAIT)
		*deadline = moment_in(nanoseconds);
	else if (operation & FUTEX_CLOCK_REALTIME)
		*deadline = realtime_moment(nanoseconds);
	else
		*deadline = nanoseconds;
	return 0;
}

/* --- two words ----------------------------------------------------------------------- */

/* FUTEX_WAKE_OP: change a word, and compare what it was. Read more: futex(2). */
struct change {
	uint64_t address;
	uint32_t operation; /* FUTEX_OP's: 4 bits each of operation and comparison, 12 of arguments
			     */
};

static uint32_t argument_of(uint32_t operation)
{
	int32_t argument = (int32_t)(operation << 8) >> 20; /* with its sign */

	if (operation >> 28 & FUTEX_OP_OPARG_SHIFT)
		return 1u << (argument & 31);
	return (uint32_t)argument;
}

static int changed(uint32_t operation, uint32_t before, uint32_t *after)
{
	uint32_t argument = argument_of(operation);

	switch (operation >> 28 & 7) {
	case FUTEX_OP_SET:
		*after = argument;
		return 0;
	case FUTEX_OP_ADD:
		*after = before + argument;
		return 0;
	case FUTEX_OP_OR:
		*after = before | argument;
		return 0;
	case FUTEX_OP_ANDN:
		*after = before & ~argument;
		return 0;
	case FUTEX_OP_XOR:
		*after = before ^ argument;
		return 0;
	default:
		return -ENOSYS;
	}
}

static int compared(uint32_t operation, uint32_t before)
{
	int32_t is = (int32_t)before, with = (int32_t)(operation << 20) >> 20;

	switch (operation >> 24 & 15) {
	case FUTEX_OP_CMP_EQ:
		return is == with;
	case FUTEX_OP_CMP_NE:
		return is != with;
	case FUTEX_OP_CMP_LT:
		return is < with;
	case FUTEX_OP_CMP_LE:
		return is <= with;
	case FUTEX_OP_CMP_GT:
		return is > with;
	case FUTEX_OP_CMP_GE:
		return is >= with;
	default:
		return -ENOSYS;
	}
}

static int change(void *argument)
{
	const struct change *its = argument;
	uint32_t before = 0, after;
	int error = -EAGAIN;

	if (copy_from_user(&before, its->address, sizeof(before)))
		return -EFAULT;
	while (error == -EAGAIN) { /* another processor was quicker */
		error = changed(its->operation, before, &after);
		if (!error)
			error = user_exchange(its->address, &before, after);
	}
	return error ? error : compared(its->operation, before);
}

/* --- the call ------------------------------------------------------------------------ */

/* Its arguments: value2 is another count, or the address of a timespec. */
struct arguments {
	uint64_t address;
	int operation;
	uint32_t value;
	uint64_t value2, address2;
	uint32_t value3;
};

static bool is_shared(const struct arguments *arguments)
{
	return !(arguments->operation & FUTEX_PRIVATE_FLAG);
}

static int64_t do_wait(const struct arguments *arguments, uint32_t bits)
{
	struct wait wait = {
		.look = { arguments->address, arguments->value },
		.deadline = TIMER_NEVER,
		.bits = bits,
		.shared = is_shared(arguments),
	};
	int error = 0;

	if (!bits)
		return -EINVAL;
	if (arguments->value2)
		error = get_deadline(arguments->value2, arguments->operation, &wait.deadline);
	return error ? error : wait_for(&wait);
}

/* Linux looks how many were meant when it has woken one. */
static unsigned at_least_one(uint64_t count)
{
	return (int)count > 1 ? (unsigned)count : 1;
}

static int64_t do_wake(const struct arguments *arguments, uint32_t bits)
{
	struct futex_key key;
	int error = bits ? key_of(arguments->address, is_shared(arguments), &key) : -EINVAL;

	return error ? error : (int64_t)futex_wake(&key, at_least_one(arguments->value), bits);
}

static int get_keys(const struct arguments *arguments, struct futex_key key[2])
{
	int error = key_of(arguments->address, is_shared(arguments), &key[0]);

	return error ? error : key_of(arguments->address2, is_shared(arguments), &key[1]);
}

static int64_t do_requeue(const struct arguments *arguments, futex_look *look)
{
	struct look its = { arguments->address, arguments->value3 };
	struct futex_key key[2];
	int error = get_keys(arguments, key);

	if ((int)arguments->value < 0 || (int)arguments->value2 < 0)
		return -EINVAL;
	if (error)
		return error;
	return futex_requeue(
		&key[0], &key[1], arguments->value, (unsigned)arguments->value2, look, &its);
}

static int64_t do_wake_op(const struct arguments *arguments)
{
	struct change its = { arguments->address2, arguments->value3 };
	struct futex_key key[2];
	int error = get_keys(arguments, key);

	if (error)
		return error;
	return futex_wake_both(&key[0], at_least_one(arguments->value), &key[1],
		at_least_one(arguments->value2), change, &its);
}

static int64_t run(const struct arguments *arguments)
{
	switch (arguments->operation & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
		return do_wait(arguments, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAIT_BITSET:
		return do_wait(arguments, arguments->value3);
	case FUTEX_WAKE:
		return do_wake(arguments, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return do_wake(arguments, arguments->value3);
	case FUTEX_REQUEUE:
		return do_requeue(arguments, anything);
	case FUTEX_CMP_REQUEUE:
		return do_requeue(arguments, still);
	case FUTEX_WAKE_OP:
		return do_wake_op(arguments);
	default:
		return -ENOSYS; /* those that inherit priorities, too */
	}
}

SYSCALL(futex, "%p, futex, %u, %p, %p, %#x", uint64_t, address, int, operation, uint32_t, value,
	uint64_t, value2, uint64_t, address2, uint32_t, value3)
{
	struct arguments arguments = { address, operation, value, value2, address2, value3 };
	int command = operation & FUTEX_CMD_MASK;

	if ((operation & FUTEX_CLOCK_REALTIME) && command != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	return run(&arguments);
}

int futex_wake_address(uint64_t address, unsigned count)
{
	struct futex_key key;
	int error = key_of(address, true, &key);

	return error ? error : (int)futex_wake(&key, count, FUTEX_BITSET_MATCH_ANY);
}
