/*
 * sendfile(2): from one file to another, without a detour through the program's memory.
 *
 * The file that is read has a position; only what the other has taken counts as read.
 */
#include "lab2-memory/page/page.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/signal/signal.h"
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/uio.h>

#define SEND_MAX 0x7ffff000ul /* bytes in one call */

/* Read or write so many bytes of the kernel's memory. */
static int64_t move(struct file *file, void *memory, size_t bytes, int64_t *position)
{
	struct iovec part = { memory, bytes };
	struct buffer buffer = { .part = &part, .parts = 1, .left = bytes, .kernel = true };

	return position ? file_read(file, &buffer, position) : file_write(file, &buffer, NULL);
}

/* A page at most: how many bytes went over, 0 at the end, or an error. */
static int64_t send_some(
	struct file *to, struct file *from, void *memory, size_t bytes, int64_t *position)
{
	int64_t at = *position;
	int64_t got = move(from, memory, bytes < PAGE_SIZE ? bytes : PAGE_SIZE, &at), sent = got;

	if (got > 0)
		sent = move(to, memory, (size_t)got, NULL);
	if (sent > 0)
		*position += sent;
	return sent;
}

static int64_t send_all(struct file *to, struct file *from, size_t bytes, int64_t *position)
{
	struct page *page = page_alloc(0, 0);
	int64_t all = 0, sent = 1;

	if (!page)
		return -ENOMEM;
	while (sent > 0 && (size_t)all < bytes) {
		size_t want = bytes - (size_t)all;

		sent = send_some(to, from, page_address(page), want, position);
		if (sent > 0)
			all += sent;
		if (sent > 0 &&
			((size_t)sent == PAGE_SIZE ? signal_told_to_end() : signal_pending()))
			break; /* no handler interrupts what can go on at once */
	}
	page_put(page);
	return all || sent >= 0 ? all : sent;
}

/* From the file's own position, which then moves on. */
static int64_t send_on(struct file *to, struct file *from, size_t bytes)
{
	int64_t position, result;

	mutex_lock(&from->lock);
	position = from->position;
	mutex_unlock(&from->lock);
	result = send_all(to, from, bytes, &position);
	mutex_lock(&from->lock);
	from->position = position;
	mutex_unlock(&from->lock);
	return result;
}

static int64_t send(struct file *to, struct file *from, uint64_t offset, uint64_t bytes)
{
	int64_t position, result;

	if ((int64_t)bytes < 0 || !from->ops->read || !from->ops->seek || from->ops->list)
		return -EINVAL;
	if (to->flags & O_APPEND)
		return -EINVAL;
	bytes = bytes < SEND_MAX ? bytes : SEND_MAX;
	if (!offset)
		return send_on(to, from, bytes);
	if (copy_from_user(&position, offset, sizeof(position)) < 0)
		return -EFAULT;
	if (position < 0)
		return -EINVAL;
	result = send_all(to, from, bytes, &position);
	return copy_to_user(offset, &position, sizeof(position)) < 0 ? -EFAULT : result;
}

static bool may(const struct file *file, unsigned not_with)
{
	unsigned flags = __atomic_load_n(&file->flags, __ATOMIC_RELAXED);

	return (flags & O_ACCMODE) != not_with && !(flags & O_PATH);
}

SYSCALL(sendfile, "fd, fd, address, size", int, to_fd, int, from_fd, uint64_t, offset, uint64_t,
	bytes)
{
	struct file *to = table_file(to_fd), *from = table_file(from_fd);
	int64_t result = -EBADF;

	if (to && from && may(to, O_RDONLY) && may(from, O_WRONLY))
		result = send(to, from, offset, bytes);
	if (to)
		file_put(to);
	if (from)
		file_put(from);
	return result;
}
