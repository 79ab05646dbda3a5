/*
 * poll(2) and ppoll.
 *
 * Neither starts again when a handler has run in between. Without a handler (the process was
 * stopped, and goes on) poll goes on with what is left of its time.
 */
#include "lab4-interrupts/file/poll.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/poll_time.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/process/process.h"
#include <linux/errno.h>

#define ITEMS_FEW 8 /* that are kept on the stack */
#define ALWAYS    (POLLERR | POLLHUP)

/* What a call polls: the program's structures, and beside them the files. */
struct polled {
	struct pollfd *fds;
	struct poll_item *items;
	unsigned count;
};

static void open_items(const struct polled *polled)
{
	for (unsigned i = 0; i < polled->count; i++) {
		const struct pollfd *fd = &polled->fds[i];
		struct file *file = fd->fd < 0 ? NULL : table_file(fd->fd);

		polled->items[i] = (struct poll_item){ .file = file,
			.wanted = (unsigned short)fd->events | ALWAYS,
			.found = fd->fd >= 0 && !file ? POLLNVAL : 0 };
	}
}

static void close_items(const struct polled *polled)
{
	for (unsigned i = 0; i < polled->count; i++) {
		polled->fds[i].revents = (short)polled->items[i].found;
		if (polled->items[i].file)
			file_put(polled->items[i].file);
	}
}

/* Tell the program what was found: its events stay as they are. */
static int tell(const struct polled *polled, uint64_t to)
{
	for (unsigned i = 0; i < polled->count; i++) {
		uint64_t at = to + i * sizeof(struct pollfd) + offsetof(struct pollfd, revents);

		if (copy_to_user(at, &polled->fds[i].revents, sizeof(short)) < 0)
			return -EFAULT;
	}
	return 0;
}

static int64_t poll_fds(const struct polled *polled, uint64_t address, uint64_t deadline)
{
	int64_t result;

	if (copy_from_user(polled->fds, address, polled->count * sizeof(*polled->fds)) < 0)
		return -EFAULT;
	open_items(polled);
	result = poll_items(polled->items, polled->count, deadline);
	close_items(polled);
	return result >= 0 && tell(polled, address) < 0 ? -EFAULT : result;
}

static int64_t poll_until(uint64_t address, unsigned count, uint64_t deadline)
{
	struct pollfd few[ITEMS_FEW];
	struct poll_item few_items[ITEMS_FEW];
	struct polled polled = { few, few_items, count };
	int64_t result = -ENOMEM;

	if (count > (unsigned)table_limit())
		return -EINVAL;
	if (count > ITEMS_FEW) {
		polled.fds = kmalloc(count * sizeof(*polled.fds), 0);
		polled.items = kmalloc(count * sizeof(*polled.items), 0);
	}
	if (polled.fds && polled.items)
		result = poll_fds(&polled, address, deadline);
	if (count > ITEMS_FEW) {
		kfree(polled.fds);
		kfree(polled.items);
	}
	return result;
}

/* The rest of a poll, after a stop. */
static int64_t poll_again(struct task *task)
{
	uint64_t *argument = task->restart_argument;
	int64_t result = poll_until(argument[0], (unsigned)argument[1], argument[2]);

	return result == -EINTR ? -ERESTART_BLOCK : result;
}

SYSCALL(poll, "address, count, int", uint64_t, fds, unsigned, count, int, milliseconds)
{
	struct task *task = task_self();
	uint64_t deadline = deadline_in_ms(milliseconds);
	int64_t result = poll_until(fds, count, deadline);

	if (result != -EINTR)
		return result;
	task->restart = poll_again;
	task->restart_argument[0] = fds;
	task->restart_argument[1] = count;
	task->restart_argument[2] = deadline;
	return -ERESTART_BLOCK;
}

SYSCALL(ppoll, "address, count, timespec, sigset, size", uint64_t, fds, unsigned, count, uint64_t,
	time, uint64_t, mask, uint64_t, mask_bytes)
{
	uint64_t deadline;
	int64_t result = deadline_from_timespec(time, &deadline);

	if (result == 0)
		result = poll_mask(mask, mask_bytes);
	if (result == 0)
		result = poll_until(fds, count, deadline);
	poll_mask_end(result);
	return timespec_left(time, deadline, result == -EINTR ? -ERESTARTNOHAND : result);
}
