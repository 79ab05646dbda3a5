/* pipe(2), pipe2: a pipe's ends as descriptors. */
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/pipe.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/process/process.h"
#include <linux/errno.h>
#include <linux/fcntl.h>

/* A number for a file, whose reference stays the caller's. */
static int install(struct file_table *table, struct file *file, bool close_exec)
{
	int fd;

	file_get(file);
	fd = table_install(table, file, 0, close_exec);
	if (fd < 0)
		file_put(file);
	return fd;
}

/* Both ends get numbers, and the program is told: all of it or nothing. What other tasks have made
 * of a number meanwhile is theirs. */
static int64_t install_both(struct file *end[2], bool close_exec, uint64_t to)
{
	struct file_table *table = process_self()->files;
	int fd[2];

	fd[0] = install(table, end[0], close_exec);
	if (fd[0] < 0)
		return fd[0];
	fd[1] = install(table, end[1], close_exec);
	if (fd[1] >= 0 && copy_to_user(to, fd, sizeof(fd)) == 0)
		return 0;
	if (fd[1] >= 0)
		table_close_if(table, fd[1], end[1]);
	table_close_if(table, fd[0], end[0]);
	return fd[1] < 0 ? fd[1] : -EFAULT;
}

static int64_t make(unsigned flags, uint64_t to)
{
	struct file *end[2];
	int64_t result = pipe_create(flags & O_NONBLOCK, &end[0], &end[1]);

	if (result < 0)
		return result;
	result = install_both(end, flags & O_CLOEXEC, to);
	file_put(end[0]);
	file_put(end[1]);
	return result;
}

SYSCALL(pipe2, "int*, open_flags", uint64_t, to, unsigned, flags)
{
	if (flags & ~(unsigned)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	return make(flags, to);
}

SYSCALL(pipe, "int*", uint64_t, to)
{
	return make(0, to);
}
