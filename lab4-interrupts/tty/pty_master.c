/*
 * The master of a pseudo-terminal as a file: what is written is typed, what is shown is read.
 */
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/file.h"
#include "lab4-interrupts/file/poll.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/time/sleep.h"
#include "lab4-interrupts/tty/pty_pair.h"
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/fcntl.h>

#define PIECE 256 /* bytes that are copied at a time */

/* --- the master as a file ----------------------------------------------------------------------
 */

static bool nonblocking(const struct file *file)
{
	return __atomic_load_n(&file->flags, __ATOMIC_RELAXED) & O_NONBLOCK;
}

static void master_release(struct file *file)
{
	pty_master_closed(file->data);
}

/* Wait until something is shown: 0, or why not. Holds the terminal's lock. */
static int wait_shown(struct file *file, struct pty *pty, uint64_t *irq)
{
	int error = 0;

	while (pty->head == pty->tail && !error) {
		if (!pty_has_slave(pty))
			error = -EIO;
		else if (nonblocking(file))
			error = -EAGAIN;
		else
			error = terminal_wait(&pty->terminal, &pty->watchers, irq, TIMER_NEVER);
	}
	return error;
}

/* Take what is shown; how many bytes, or why none. wait: for the first of them. */
static int64_t take_shown(struct file *file, struct pty *pty, char *to, size_t bytes, bool wait)
{
	struct terminal *terminal = &pty->terminal;
	uint64_t irq = terminal_lock(terminal);
	int error = wait ? wait_shown(file, pty, &irq) : 0;
	size_t done = 0;

	while (done < bytes && pty->tail != pty->head)
		to[done++] = pty->shown[pty->tail++ % PTY_SHOWN];
	terminal_unlock(terminal, irq);
	if (done)
		terminal_room(terminal);
	return done ? (int64_t)done : error;
}

static int64_t master_read(struct file *file, struct buffer *to, int64_t *position)
{
	char piece[PIECE];
	int64_t all_bytes = 0, count = 0;

	(void)position;
	while (to->left) {
		size_t want = to->left < PIECE ? to->left : PIECE;

		count = take_shown(file, file->data, piece, want, !all_bytes);
		if (count <= 0)
			break;
		if (buffer_put(to, piece, (size_t)count) < (size_t)count)
			return all_bytes ? all_bytes : -EFAULT;
		all_bytes += count;
		if ((size_t)count < want)
			break; /* that was all, for now */
	}
	return all_bytes ? all_bytes : count;
}

/* Type these; how many bytes, or why none. */
static int64_t type(struct file *file, struct pty *pty, const char *bytes, size_t count)
{
	struct terminal *terminal = &pty->terminal;
	size_t done = terminal_typed(terminal, bytes, count);
	int error = 0;
	uint64_t irq;

	terminal_send_signals(terminal);
	while (done < count && !error) {
		irq = terminal_lock(terminal);
		if (!ldisc_room(&terminal->ldisc) && nonblocking(file))
			error = -EAGAIN;
		else if (!ldisc_room(&terminal->ldisc))
			error = terminal_wait(terminal, &terminal->writers, &irq, TIMER_NEVER);
		terminal_unlock(terminal, irq);
		if (!error) /* else it would be forgotten, if there is room for all by now */
			done += terminal_typed(terminal, bytes + done, count - done);
		terminal_send_signals(terminal);
	}
	return done ? (int64_t)done : error;
}

static int64_t master_write(struct file *file, struct buffer *from, int64_t *position)
{
	char piece[PIECE];
	int64_t all_bytes = 0, count = 0;

	(void)position;
	while (from->left) {
		size_t want = from->left < PIECE ? from->left : PIECE;
		size_t taken = buffer_take(from, piece, want);

		count = taken ? type(file, file->data, piece, taken) : -EFAULT;
		if (count < 0)
			break;
		all_bytes += count;
		if ((size_t)count < want)
			break;
	}
	return all_bytes ? all_bytes : count;
}

static unsigned master_poll(struct file *file, struct poll_table *table)
{
	struct pty *pty = file->data;
	unsigned bits = 0;
	uint64_t irq;

	poll_wait(table, &pty->watchers);
	poll_wait(table, &pty->terminal.writers);
	irq = spin_lock_irqsave(&pty->terminal.lock); /* terminal_unlock would wake who polls */
	if (pty->head != pty->tail)
		bits |= POLLIN | POLLRDNORM;
	if (!pty_has_slave(pty))
		bits |= POLLHUP;
	if (ldisc_room(&pty->terminal.ldisc))
		bits |= POLLOUT | POLLWRNORM;
	spin_unlock_irqrestore(&pty->terminal.lock, irq);
	return bits;
}

/* --- what is asked of the master ---------------------------------------------------------------
 */

static int give(uint64_t to, int value)
{
	return value < 0 ? value : copy_to_user(to, &value, sizeof(value));
}

static int set_locked(struct pty *pty, uint64_t from)
{
	int locked;
	uint64_t irq;

	if (copy_from_user(&locked, from, sizeof(locked)))
		return -EFAULT;
	irq = terminal_lock(&pty->terminal);
	pty->locked = locked;
	terminal_unlock(&pty->terminal, irq);
	return 0;
}

/* TIOCGPTPEER: the slave, without a way to its name. */
static int open_peer(struct pty *pty, unsigned flags)
{
	struct file *slave;
	int error = terminal_open(&pty->terminal, flags, &slave), fd;

	if (error)
		return error;
	fd = table_install(process_self()->files, slave, 0, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(slave);
	return fd;
}

static int count_shown(struct pty *pty, uint64_t to)
{
	uint64_t irq = terminal_lock(&pty->terminal);
	int count = (int)(pty->head - pty->tail);

	terminal_unlock(&pty->terminal, irq);
	return give(to, count);
}

static int send_signal(struct pty *pty, uint64_t number)
{
	if (number != SIGINT && number != SIGQUIT && number != SIGTSTP)
		return -EINVAL;
	jobs_send(&pty->terminal, (int)number);
	return 0;
}

static int64_t master_ioctl(struct file *file, unsigned request, uint64_t argument)
{
	struct pty *pty = file->data;

	switch (request) {
	case TIOCGPTN:
		return give(argument, (int)pty->number);
	case TIOCSPTLCK:
		return set_locked(pty, argument);
	case TIOCGPTLCK:
		return give(argument, pty->locked);
	case TIOCGPTPEER:
		return open_peer(pty, (unsigned)argument);
	case TIOCSIG:
		return send_signal(pty, argument);
	case FIONREAD:
		return count_shown(pty, argument);
	case TIOCGPGRP:
		return give(argument, jobs_foreground(&pty->terminal, true));
	case TIOCGSID:
		return give(argument, jobs_session(&pty->terminal, true));
	case TIOCSCTTY:
	case TIOCNOTTY:
		return -ENOTTY;
	default: /* the rest is the pair's */
		return terminal_ioctl(&pty->terminal, request, argument);
	}
}

const struct file_ops pty_master_ops = {
	.name = "pty master",
	.read = master_read,
	.write = master_write,
	.poll = master_poll,
	.ioctl = master_ioctl,
	.release = master_release,
};
