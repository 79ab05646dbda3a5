/* pipe(2), pipe2: a pipe's ends as descriptors. */
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/pipe.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/process/process.h"
#include <linux/errno.h>
#include <linux/fcntl.h>

/* Both ends get numbers, and the program is told: all of it or nothing. */
static int64_t install(struct file *end[2], bool close_exec, uint64_t to)
{
	struct file_table *table = process_self()->files;
	int fd[2];

	fd[0] = table_install(table, end[0], 0, close_exec);
	if (fd[0] < 0) {
		file_put(end[0]);
		file_put(end[1]);
		return fd[0];
	}
	fd[1] = table_install(table, end[1], 0, close_exec);
	if (fd[1] < 0)
		file_put(end[1]);
	else if (copy_to_user(to, fd, sizeof(fd)) == 0)
		return 0;
	else
		table_close(table, fd[1]);
	table_close(table, fd[0]);
	return fd[1] < 0 ? fd[1] : -EFAULT;
}

SYSCALL(pipe2, "int*, open_flags", uint64_t, to, unsigned, flags)
{
	struct file *end[2];
	int result;

	if (flags & ~(unsigned)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	result = pipe_create(flags & O_NONBLOCK, &end[0], &end[1]);
	return result < 0 ? result : install(end, flags & O_CLOEXEC, to);
}

SYSCALL(pipe, "int*", uint64_t, to)
{
	struct file *end[2];
	int result = pipe_create(0, &end[0], &end[1]);

	return result < 0 ? result : install(end, false, to);
}
