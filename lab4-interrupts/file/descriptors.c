/* Calls about descriptors themselves: close, dup, fcntl. */
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/file/pipe.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/process/process.h"
#include <linux/close_range.h>
#include <linux/errno.h>
#include <linux/fcntl.h>

#define CHANGEABLE (O_APPEND | O_NONBLOCK | FASYNC | O_DIRECT | O_NOATIME) /* by F_SETFL */

SYSCALL(close, "fd", int, fd)
{
	return table_close(process_self()->files, fd);
}

SYSCALL(close_range, "fd, fd, address", unsigned, first, unsigned, last, unsigned, flags)
{
	int result = 0;

	if (first > last || (flags & ~(CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE)))
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE)
		result = table_unshare();
	if (result < 0)
		return result;
	if (flags & CLOSE_RANGE_CLOEXEC)
		table_mark_range(process_self()->files, first, last);
	else
		table_close_range(process_self()->files, first, last);
	return 0;
}

/* --- dup --------------------------------------------------------------------------- */

/* The lowest number from there on for what fd means. */
static int64_t duplicate(int fd, int from, bool close_exec)
{
	struct file *file = table_file(fd);
	int result;

	if (!file)
		return -EBADF;
	result = table_install(process_self()->files, file, from, close_exec);
	if (result < 0)
		file_put(file);
	return result;
}

static int64_t duplicate_to(int fd, int to, bool close_exec)
{
	struct file *file = table_file(fd);
	int result;

	if (!file)
		return -EBADF;
	result = table_replace(process_self()->files, to, file, close_exec);
	if (result < 0)
		file_put(file);
	return result < 0 ? result : to;
}

SYSCALL(dup, "fd", int, fd)
{
	return duplicate(fd, 0, false);
}

SYSCALL(dup2, "fd, fd", int, fd, int, to)
{
	if (fd == to)
		return table_marked(process_self()->files, fd) < 0 ? -EBADF : fd;
	return duplicate_to(fd, to, false);
}

SYSCALL(dup3, "fd, fd, open_flags", int, fd, int, to, unsigned, flags)
{
	if (fd == to || (flags & ~(unsigned)O_CLOEXEC))
		return -EINVAL;
	return duplicate_to(fd, to, flags & O_CLOEXEC);
}

/* --- fcntl ------------------------------------------------------------------------- */

static int64_t duplicate_from(int fd, uint64_t from, bool close_exec)
{
	if (table_marked(process_self()->files, fd) < 0)
		return -EBADF;
	return from >= (uint64_t)table_limit() ? -EINVAL : duplicate(fd, (int)from, close_exec);
}

void file_set_flags(struct file *file, unsigned flags)
{
	unsigned kept = file->flags & ~(unsigned)CHANGEABLE;

	__atomic_store_n(&file->flags, kept | (flags & CHANGEABLE), __ATOMIC_RELAXED);
	if (file->ops->flags)
		file->ops->flags(file);
}

/* What is about the file behind the descriptor. */
static int64_t file_control(struct file *file, unsigned command, uint64_t argument)
{
	switch (command) {
	case F_GETFL:
		return file->flags;
	case F_SETFL:
		file_set_flags(file, (unsigned)argument);
		return 0;
	case F_GETPIPE_SZ:
		return pipe_capacity(file);
	case F_SETPIPE_SZ:
		return pipe_set_capacity(file, argument);
	default:
		return -EINVAL;
	}
}

SYSCALL(fcntl, "fd, fcntl, address", int, fd, unsigned, command, uint64_t, argument)
{
	struct file_table *table = process_self()->files;
	struct file *file;
	int64_t result;

	switch (command) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return duplicate_from(fd, argument, command == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return table_marked(table, fd);
	case F_SETFD:
		return table_mark(table, fd, argument & FD_CLOEXEC);
	}
	file = table_file(fd);
	if (!file)
		return -EBADF;
	result = file_control(file, command, argument);
	file_put(file);
	return result;
}
