/*
 * The console as a file, by polling: until the terminal (tty/) takes its place. No echo, no lines,
 * no signals from keys.
 */
#include "lab1-boot/console/console.h"
#include "lab3-threads/sched/sched.h"
#include "lab4-interrupts/file/device.h"
#include <linux/errno.h>
#include <linux/poll.h>

#define PIECE 256 /* bytes written at a time: the console's lock is held so long */

static int64_t console_file_write(struct file *file, struct buffer *from, int64_t *position)
{
	char piece[PIECE];
	size_t all = 0;

	(void)file, (void)position;
	while (from->left) {
		size_t want = from->left < PIECE ? from->left : PIECE;
		size_t taken = buffer_take(from, piece, want);

		console_write(piece, taken);
		all += taken;
		if (taken < want)
			return all ? (int64_t)all : -EFAULT;
	}
	return (int64_t)all;
}

static int64_t console_file_read(struct file *file, struct buffer *to, int64_t *position)
{
	int typed;
	char byte;

	(void)file, (void)position;
	if (!to->left)
		return 0;
	while ((typed = console_read()) < 0) {
		if (thread_self()->interrupted)
			return -EINTR;
		sched_yield();
	}
	byte = typed == '\r' ? '\n' : (char)typed;
	return buffer_put(to, &byte, 1) ? 1 : -EFAULT;
}

static const struct file_ops console_ops = {
	.name = "console", .read = console_file_read, .write = console_file_write
};

static int open_console(unsigned flags, struct file **file)
{
	return device_file(&console_ops, flags, file);
}
DEVICE(console, 5, 1, 0600, open_console);
DEVICE(tty, 5, 0, 0666, open_console);
