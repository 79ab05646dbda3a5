/* Pseudo-terminals: see pty.h. */
#include "lab4-interrupts/tty/pty.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/file/device.h"
#include "lab4-interrupts/file/file.h"
#include "lab4-interrupts/file/poll.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/time/sleep.h"
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/fcntl.h>

#define SHOWN 4096 /* bytes that wait for the master */
#define PIECE 256

/* Key: [ptys] the lock of that name, [lock] the terminal's, [I]. */
struct pty {
	struct terminal terminal; /* the slave */
	unsigned number;          /* [I] */
	bool master;              /* [ptys] it is open */
	bool slave;               /* [lock] one is open, or none has been yet */
	bool locked;              /* [lock] */
	char shown[SHOWN];        /* [lock] a ring */
	unsigned head, tail;      /* [lock] they only grow */
};

static struct mutex ptys = MUTEX_INIT(ptys, "ptys");
static struct pty *all[PTYS]; /* [ptys] */

/* --- what the slave shows -------------------------------------------------------------------- */

static size_t pty_room(void *device)
{
	struct pty *pty = device;

	return SHOWN - (pty->head - pty->tail);
}

static void pty_put(void *device, char byte)
{
	struct pty *pty = device;

	pty->shown[pty->head++ % SHOWN] = byte;
}

/* The master reads in the readers' queue, too, and writes in the writers'. */
static void pty_push(void *device)
{
	struct pty *pty = device;

	if (pty->head != pty->tail)
		waitqueue_wake_all(&pty->terminal.readers);
}

static size_t pty_unsent(void *device)
{
	(void)device;
	return 0; /* it has arrived where it was to go */
}

static void pty_discard(void *device)
{
	struct pty *pty = device;

	pty->tail = pty->head;
}

static void pty_take_more(void *device)
{
	waitqueue_wake_all(&((struct pty *)device)->terminal.writers);
}

static void pty_closed(struct terminal *terminal);

static const struct terminal_driver pty_driver = { "pty", pty_room, pty_put, pty_push, pty_unsent,
	pty_discard, pty_take_more, pty_closed };

/* --- the pair's life -------------------------------------------------------------------------- */

/* Neither side is open any more. Caller holds ptys. */
static void pty_free_unused(struct pty *pty)
{
	if (pty->master || pty->terminal.files)
		return;
	all[pty->number] = NULL;
	kfree(pty);
}

/* The last file of the slave is closed: the master is to know. */
static void pty_closed(struct terminal *terminal)
{
	struct pty *pty = terminal->device;
	uint64_t irq;

	mutex_lock(&ptys);
	irq = terminal_lock(terminal);
	pty->slave = terminal->files != 0;
	waitqueue_wake_all(&terminal->readers);
	waitqueue_wake_all(&terminal->writers);
	terminal_unlock(terminal, irq);
	pty_free_unused(pty);
	mutex_unlock(&ptys);
}

static struct pty *pty_new(void)
{
	struct pty *pty = kmalloc(sizeof(*pty), 0);

	if (!pty)
		return NULL;
	memset(pty, 0, sizeof(*pty));
	terminal_init(&pty->terminal, &pty_driver, pty);
	pty->master = pty->slave = pty->locked = true;
	return pty;
}

/* Give it a number. 0 or -ENOSPC. */
static int pty_enter(struct pty *pty)
{
	mutex_lock(&ptys);
	while (pty->number < PTYS && all[pty->number])
		pty->number++;
	if (pty->number < PTYS)
		all[pty->number] = pty;
	mutex_unlock(&ptys);
	return pty->number < PTYS ? 0 : -ENOSPC;
}

int pty_open(unsigned number, unsigned flags, struct file **slave)
{
	struct pty *pty;
	uint64_t irq;
	int error = -EIO;

	mutex_lock(&ptys);
	pty = number < PTYS ? all[number] : NULL;
	if (pty && pty->master && !pty->locked)
		error = terminal_open(&pty->terminal, flags | O_NOCTTY, slave);
	if (!error) {
		irq = terminal_lock(&pty->terminal);
		pty->slave = true;
		terminal_unlock(&pty->terminal, irq);
	}
	mutex_unlock(&ptys);
	if (!error && !(flags & O_NOCTTY))
		jobs_opened(&pty->terminal);
	return error;
}

/* --- the master as a file ----------------------------------------------------------------------
 */

static bool nonblocking(const struct file *file)
{
	return __atomic_load_n(&file->flags, __ATOMIC_RELAXED) & O_NONBLOCK;
}

static void master_release(struct file *file)
{
	struct pty *pty = file->data;

	terminal_hang_up(&pty->terminal);
	mutex_lock(&ptys);
	pty->master = false;
	pty_free_unused(pty);
	mutex_unlock(&ptys);
}

/* Take what is shown; how many bytes, or why none. */
static int64_t take_shown(struct file *file, struct pty *pty, char *to, size_t bytes)
{
	struct terminal *terminal = &pty->terminal;
	uint64_t irq = terminal_lock(terminal);
	size_t done = 0;
	int error = 0;

	while (pty->head == pty->tail && !error) {
		if (!pty->slave)
			error = -EIO;
		else if (nonblocking(file))
			error = -EAGAIN;
		else
			error = terminal_wait(terminal, &terminal->readers, &irq, TIMER_NEVER);
	}
	while (done < bytes && pty->tail != pty->head)
		to[done++] = pty->shown[pty->tail++ % SHOWN];
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

		count = take_shown(file, file->data, piece, want);
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

	poll_wait(table, &pty->terminal.readers);
	poll_wait(table, &pty->terminal.writers);
	irq = terminal_lock(&pty->terminal);
	if (pty->head != pty->tail)
		bits |= POLLIN | POLLRDNORM;
	if (!pty->slave)
		bits |= POLLHUP;
	if (ldisc_room(&pty->terminal.ldisc))
		bits |= POLLOUT | POLLWRNORM;
	terminal_unlock(&pty->terminal, irq);
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
	uint64_t irq;

	if (error)
		return error;
	irq = terminal_lock(&pty->terminal);
	pty->slave = true;
	terminal_unlock(&pty->terminal, irq);
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

static const struct file_ops master_ops = {
	.name = "pty master",
	.read = master_read,
	.write = master_write,
	.poll = master_poll,
	.ioctl = master_ioctl,
	.release = master_release,
};

int pty_number(const struct file *file)
{
	return file->ops == &master_ops ? (int)((struct pty *)file->data)->number : -ENOTTY;
}

int pty_create(unsigned flags, struct file **master)
{
	struct pty *pty = pty_new();
	int error;

	if (!pty)
		return -ENOMEM;
	error = pty_enter(pty);
	if (error) {
		kfree(pty);
		return error;
	}
	*master = file_create(&master_ops, flags & ~(unsigned)O_NOCTTY, pty);
	if (*master)
		return 0;
	mutex_lock(&ptys);
	pty->master = false;
	pty_free_unused(pty);
	mutex_unlock(&ptys);
	return -ENOMEM;
}
DEVICE(ptmx, 5, 2, 0666, pty_create);
