/*
 * read(2), write(2) and their relatives: from registers to a buffer and a file.
 *
 * All take at most TRANSFER_MAX bytes and say so by their result, as on Linux.
 */
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/table.h"
#include <linux/errno.h>
#include <linux/uio.h>

#define TRANSFER_MAX 0x7ffff000ul /* bytes in one call: Linux's MAX_RW_COUNT */
#define PARTS_FEW    8            /* parts of a buffer that are kept on the stack */

typedef int64_t transfer(struct file *file, struct buffer *buffer, int64_t *position);

/* --- one buffer -------------------------------------------------------------------- */

static int64_t move(int fd, uint64_t address, uint64_t bytes, int64_t *position, transfer *how)
{
	struct iovec part = { (void *)address, bytes < TRANSFER_MAX ? bytes : TRANSFER_MAX };
	struct buffer buffer = { .part = &part, .parts = 1, .left = part.iov_len };
	struct file *file = table_file(fd);
	int64_t result = -EINVAL;

	if (!file)
		return -EBADF;
	if ((int64_t)bytes >= 0)
		result = how(file, &buffer, position);
	file_put(file);
	return result;
}

SYSCALL(read, "fd, data^, size", int, fd, uint64_t, to, uint64_t, bytes)
{
	return move(fd, to, bytes, NULL, file_read);
}

SYSCALL(write, "fd, data, size", int, fd, uint64_t, from, uint64_t, bytes)
{
	return move(fd, from, bytes, NULL, file_write);
}

SYSCALL(pread64, "fd, data^, size, offset", int, fd, uint64_t, to, uint64_t, bytes, int64_t,
	position)
{
	return position < 0 ? -EINVAL : move(fd, to, bytes, &position, file_read);
}

SYSCALL(pwrite64, "fd, data, size, offset", int, fd, uint64_t, from, uint64_t, bytes, int64_t,
	position)
{
	return position < 0 ? -EINVAL : move(fd, from, bytes, &position, file_write);
}

/* --- a buffer in parts ------------------------------------------------------------- */

/* How many bytes the parts have in all; what is too much is cut off. -EINVAL if one's length is
 * none. */
static int64_t measure(struct iovec *part, size_t parts)
{
	size_t all = 0;

	for (size_t i = 0; i < parts; i++) {
		if ((int64_t)part[i].iov_len < 0)
			return -EINVAL;
		if (part[i].iov_len > TRANSFER_MAX - all)
			part[i].iov_len = TRANSFER_MAX - all;
		all += part[i].iov_len;
	}
	return (int64_t)all;
}

static int64_t move_parts(struct file *file, struct iovec *part, uint64_t address, size_t parts,
	int64_t *position, transfer *how)
{
	int64_t bytes;

	if (copy_from_user(part, address, parts * sizeof(*part)) < 0)
		return -EFAULT;
	bytes = measure(part, parts);
	if (bytes < 0)
		return bytes;
	struct buffer buffer = { .part = part, .parts = parts, .left = (size_t)bytes };

	return how(file, &buffer, position);
}

static int64_t move_vector(int fd, uint64_t address, int parts, int64_t *position, transfer *how)
{
	struct iovec few[PARTS_FEW], *part = few;
	struct file *file = table_file(fd);
	int64_t result = -EINVAL;

	if (!file)
		return -EBADF;
	if (parts > PARTS_FEW && parts <= UIO_MAXIOV)
		part = kmalloc((size_t)parts * sizeof(*part), 0);
	if (!part)
		result = -ENOMEM;
	else if (parts >= 0 && parts <= UIO_MAXIOV)
		result = move_parts(file, part, address, (size_t)parts, position, how);
	if (part != few)
		kfree(part);
	file_put(file);
	return result;
}

SYSCALL(readv, "fd, vector, count", int, fd, uint64_t, vector, int, parts)
{
	return move_vector(fd, vector, parts, NULL, file_read);
}

SYSCALL(writev, "fd, vector, count", int, fd, uint64_t, vector, int, parts)
{
	return move_vector(fd, vector, parts, NULL, file_write);
}

SYSCALL(preadv, "fd, vector, count, offset", int, fd, uint64_t, vector, int, parts, int64_t,
	position)
{
	return position < 0 ? -EINVAL : move_vector(fd, vector, parts, &position, file_read);
}

SYSCALL(pwritev, "fd, vector, count, offset", int, fd, uint64_t, vector, int, parts, int64_t,
	position)
{
	return position < 0 ? -EINVAL : move_vector(fd, vector, parts, &position, file_write);
}

/* preadv2 and pwritev2: -1 is the file's own position, and there are flags, of which we have none.
 */
static int64_t move_vector_2(
	int fd, uint64_t vector, int parts, int64_t position, int flags, transfer *how)
{
	if (flags)
		return -EOPNOTSUPP;
	if (position < -1)
		return -EINVAL;
	return move_vector(fd, vector, parts, position < 0 ? NULL : &position, how);
}

SYSCALL(preadv2, "fd, vector, count, offset, int, int", int, fd, uint64_t, vector, int, parts,
	int64_t, position, uint64_t, high, int, flags)
{
	(void)high; /* the position's upper half, on machines whose registers are too small */
	return move_vector_2(fd, vector, parts, position, flags, file_read);
}

SYSCALL(pwritev2, "fd, vector, count, offset, int, int", int, fd, uint64_t, vector, int, parts,
	int64_t, position, uint64_t, high, int, flags)
{
	(void)high;
	return move_vector_2(fd, vector, parts, position, flags, file_write);
}
