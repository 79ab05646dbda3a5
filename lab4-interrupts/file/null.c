/*
 * Devices that are no hardware: /dev/null swallows and has nothing, /dev/zero has zeros without
 * end, /dev/full never has room, /dev/random and /dev/urandom have random bytes. See null(4),
 * full(4), random(4).
 */
#include "lab2-memory/page/page.h"
#include "lab2-memory/vm/object.h"
#include "lab4-interrupts/file/device.h"
#include "lab4-interrupts/random/random.h"
#include "lab4-interrupts/signal/signal.h"
#include <linux/errno.h>
#include <linux/fs.h>

/* What all of them do with positions: nothing, but seeking is no error. */
static int64_t stay(struct file *file, int64_t offset, int whence)
{
	(void)file, (void)offset, (void)whence;
	return 0;
}

static int64_t read_nothing(struct file *file, struct buffer *to, int64_t *position)
{
	(void)file, (void)to, (void)position;
	return 0;
}

static int64_t swallow(struct file *file, struct buffer *from, int64_t *position)
{
	size_t bytes = from->left;

	(void)file, (void)position;
	from->left = 0;
	return (int64_t)bytes;
}

static int64_t no_room(struct file *file, struct buffer *from, int64_t *position)
{
	(void)file, (void)from, (void)position;
	return -ENOSPC;
}

static const struct file_ops null_ops = {
	.name = "null", .read = read_nothing, .write = swallow, .seek = stay
};

static int64_t read_zeros(struct file *file, struct buffer *to, int64_t *position)
{
	static const char zeros[PAGE_SIZE];
	size_t all = 0, copied = 1;

	(void)file, (void)position;
	for (; to->left && copied && !(all && signal_pending()); all += copied)
		copied = buffer_put(to, zeros, to->left < PAGE_SIZE ? to->left : PAGE_SIZE);
	return all || !to->left ? (int64_t)all : -EFAULT;
}

/* A shared mapping of zeros is memory for those who share it: as long as anybody may want. */
static int zero_object(struct file *file, struct vm_object **object)
{
	(void)file;
	*object = vm_shared_create(UINT64_MAX);
	return *object ? 0 : -ENOMEM;
}

static const struct file_ops zero_ops = {
	.name = "zero", .read = read_zeros, .write = swallow, .seek = stay, .object = zero_object
};

static const struct file_ops full_ops = {
	.name = "full", .read = read_zeros, .write = no_room, .seek = stay
};

#define RANDOM_PIECE 256 /* bytes made at a time */

static int64_t read_random(struct file *file, struct buffer *to, int64_t *position)
{
	uint8_t piece[RANDOM_PIECE];
	size_t all = 0;

	(void)file, (void)position;
	while (to->left && !(all && signal_pending())) {
		size_t want = to->left < sizeof(piece) ? to->left : sizeof(piece), copied;

		random_bytes(piece, want);
		copied = buffer_put(to, piece, want);
		all += copied;
		if (copied < want)
			return all ? (int64_t)all : -EFAULT;
	}
	return (int64_t)all;
}

/* What is written would be mixed in on Linux. */
static const struct file_ops random_ops = {
	.name = "random", .read = read_random, .write = swallow, .seek = stay
};

DEVICE_OF(null, 1, 3, 0666, null_ops);
DEVICE_OF(zero, 1, 5, 0666, zero_ops);
DEVICE_OF(full, 1, 7, 0666, full_ops);
DEVICE_OF(random, 1, 8, 0666, random_ops);
DEVICE_OF(urandom, 1, 9, 0666, random_ops);
