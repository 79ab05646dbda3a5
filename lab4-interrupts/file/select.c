/*
 * select(2) and pselect6: as poll, with a bit for each descriptor in three sets.
 *
 * A set is there or not, and is of as many 64-bit words as the highest descriptor asks for. All
 * sets are read into one piece of memory, and written back when something has been found.
 */
#include "lab2-memory/page/page.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/poll.h"
#include "lab4-interrupts/file/poll_time.h"
#include "lab4-interrupts/file/table.h"
#include <linux/errno.h>

#define SETS 3
#define BITS 64 /* in a word */

/* What holds of a descriptor that each set is about: to read, to write, exceptional. */
static const unsigned set_events[SETS] = {
	POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR,
	POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR,
	POLLPRI,
};

struct selected {
	unsigned limit; /* descriptors are below it */
	unsigned words; /* of a set */
	uint64_t user[SETS];
	uint64_t *set[SETS];
	struct poll_item *items;
	int *fds;
	unsigned count; /* of both */
};

static unsigned wanted(const struct selected *selected, unsigned fd)
{
	unsigned events = 0;

	for (unsigned i = 0; i < SETS; i++)
		if (selected->set[i][fd / BITS] >> fd % BITS & 1)
			events |= set_events[i];
	return events;
}

/* A reference to each file that is in a set. 0 or -EBADF. */
static int open_items(struct selected *selected)
{
	for (unsigned fd = 0; fd < selected->limit; fd++) {
		unsigned events = wanted(selected, fd);
		struct file *file = events ? table_file((int)fd) : NULL;

		if (events && !file)
			return -EBADF;
		if (!events)
			continue;
		selected->fds[selected->count] = (int)fd;
		selected->items[selected->count++] =
			(struct poll_item){ .file = file, .wanted = events };
	}
	return 0;
}

static void close_items(struct selected *selected)
{
	for (unsigned i = 0; i < selected->count; i++)
		file_put(selected->items[i].file);
}

/* Leave those bits in the sets of which something was found; how many. */
static int64_t found(struct selected *selected)
{
	int64_t bits = 0;

	for (unsigned i = 0; i < selected->count; i++) {
		unsigned fd = (unsigned)selected->fds[i];
		uint64_t bit = 1ul << fd % BITS;

		for (unsigned s = 0; s < SETS; s++) {
			uint64_t *word = &selected->set[s][fd / BITS];

			if (!(selected->items[i].found & set_events[s]))
				*word &= ~bit;
			bits += !!(*word & bit);
		}
	}
	return bits;
}

/* The sets' bytes, as far as the program's are asked for. */
static size_t set_bytes(const struct selected *selected)
{
	return selected->words * sizeof(uint64_t);
}

static int read_sets(struct selected *selected)
{
	unsigned rest = selected->limit % BITS;

	for (unsigned i = 0; i < SETS; i++) {
		if (!selected->user[i] || !selected->words)
			continue;
		if (copy_from_user(selected->set[i], selected->user[i], set_bytes(selected)) < 0)
			return -EFAULT;
		if (rest)
			selected->set[i][selected->words - 1] &= (1ul << rest) - 1;
	}
	return 0;
}

static int write_sets(const struct selected *selected)
{
	for (unsigned i = 0; i < SETS; i++)
		if (selected->user[i] &&
			copy_to_user(selected->user[i], selected->set[i], set_bytes(selected)) < 0)
			return -EFAULT;
	return 0;
}

static int64_t select_sets(struct selected *selected, uint64_t deadline)
{
	int64_t result = read_sets(selected);

	if (result == 0)
		result = open_items(selected);
	if (result == 0)
		result = poll_items(selected->items, selected->count, deadline);
	close_items(selected);
	if (result < 0)
		return result;
	result = found(selected);
	return write_sets(selected) < 0 ? -EFAULT : result;
}

static int64_t select_until(int limit, const uint64_t user[SETS], uint64_t deadline)
{
	unsigned most = (unsigned)table_limit();
	struct selected selected = { .user = { user[0], user[1], user[2] } };
	uint64_t *memory;
	int64_t result;

	if (limit < 0)
		return -EINVAL;
	selected.limit = (unsigned)limit < most ? (unsigned)limit : most;
	selected.words = (selected.limit + BITS - 1) / BITS;
	memory = kmalloc(SETS * set_bytes(&selected) +
				 selected.limit * (sizeof(*selected.items) + sizeof(int)) + 1,
		PAGE_ZERO);
	if (!memory)
		return -ENOMEM;
	for (unsigned i = 0; i < SETS; i++)
		selected.set[i] = memory + i * selected.words;
	selected.items = (struct poll_item *)(memory + SETS * selected.words);
	selected.fds = (int *)(selected.items + selected.limit);
	result = select_sets(&selected, deadline);
	kfree(memory);
	return result == -EINTR ? -ERESTARTNOHAND : result;
}

SYSCALL(select, "int, address, address, address, timeval", int, limit, uint64_t, in, uint64_t, out,
	uint64_t, except, uint64_t, time)
{
	const uint64_t user[SETS] = { in, out, except };
	uint64_t deadline;
	int result = deadline_from_timeval(time, &deadline);

	if (result < 0)
		return result;
	return timeval_left(time, deadline, select_until(limit, user, deadline));
}

SYSCALL(pselect6, "int, address, address, address, timespec, address", int, limit, uint64_t, in,
	uint64_t, out, uint64_t, except, uint64_t, time, uint64_t, signals)
{
	const uint64_t user[SETS] = { in, out, except };
	uint64_t mask[2] = { 0, 0 }; /* its address and its size */
	uint64_t deadline;
	int64_t result = deadline_from_timespec(time, &deadline);

	if (result == 0 && signals)
		result = copy_from_user(mask, signals, sizeof(mask));
	if (result == 0)
		result = poll_mask(mask[0], mask[1]);
	if (result == 0)
		result = select_until(limit, user, deadline);
	poll_mask_end(result);
	return timespec_left(time, deadline, result);
}
