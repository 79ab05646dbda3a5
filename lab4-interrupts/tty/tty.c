/* Terminals as files: see tty.h. */
#include "lab4-interrupts/tty/tty.h"
#include "lab1-boot/debug/panic.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/file/file.h"
#include "lab4-interrupts/file/poll.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/time/sleep.h"
#include <linux/fcntl.h>

#define PIECE 256 /* bytes that are copied at a time, if that does */

/* A file's data: the terminal, and how often it had been hung up. */
struct opening {
	struct terminal *terminal; /* [I] */
	unsigned hang_ups;         /* [I] */
	bool lasting;              /* [I] hanging up is nothing to it */
};

/* --- the line discipline's other side ---------------------------------------------------- */

static size_t room(void *context)
{
	struct terminal *terminal = context;

	return terminal->driver->room(terminal->device);
}

static void put(void *context, char byte)
{
	struct terminal *terminal = context;

	terminal->driver->put(terminal->device, byte);
}

static void note_signal(void *context, int number)
{
	((struct terminal *)context)->signals |= 1u << number;
}

static void discard(void *context)
{
	struct terminal *terminal = context;

	terminal->driver->discard(terminal->device);
	waitqueue_wake_all(&terminal->writers); /* there is room */
}

static const struct ldisc_ops ldisc_ops = { room, put, note_signal, discard };

/* --- the driver's side --------------------------------------------------------------------- */

void terminal_init(struct terminal *terminal, const struct terminal_driver *driver, void *device)
{
	*terminal = (struct terminal){ .driver = driver, .device = device };
	spin_init(&terminal->lock, "terminal");
	waitqueue_init(&terminal->readers, "terminal readers");
	waitqueue_init(&terminal->writers, "terminal writers");
	ldisc_init(&terminal->ldisc, &ldisc_ops, terminal);
}

uint64_t terminal_lock(struct terminal *terminal)
{
	return spin_lock_irqsave(&terminal->lock);
}

void terminal_unlock(struct terminal *terminal, uint64_t irq)
{
	terminal->driver->push(terminal->device);
	spin_unlock_irqrestore(&terminal->lock, irq);
}

size_t terminal_typed(struct terminal *terminal, const char *bytes, size_t count)
{
	uint64_t irq = terminal_lock(terminal);
	bool stopped = terminal->ldisc.stopped;
	size_t taken = 0;

	for (; taken < count && ldisc_room(&terminal->ldisc); taken++)
		ldisc_input(&terminal->ldisc, bytes[taken]);
	if (ldisc_ready(&terminal->ldisc, 1))
		waitqueue_wake_all(&terminal->readers);
	if (stopped && !terminal->ldisc.stopped)
		waitqueue_wake_all(&terminal->writers);
	terminal_unlock(terminal, irq);
	return taken;
}

void terminal_send_signals(struct terminal *terminal)
{
	uint64_t irq = spin_lock_irqsave(&terminal->lock);
	uint32_t signals = terminal->signals;

	terminal->signals = 0;
	spin_unlock_irqrestore(&terminal->lock, irq);
	for (int number = 1; signals >> number; number++)
		if (signals >> number & 1)
			jobs_send(terminal, number);
}

void terminal_room(struct terminal *terminal)
{
	uint64_t irq = terminal_lock(terminal);

	ldisc_echo(&terminal->ldisc);
	waitqueue_wake_all(&terminal->writers);
	terminal_unlock(terminal, irq);
}

int terminal_wait(
	struct terminal *terminal, struct waitqueue *queue, uint64_t *irq, uint64_t deadline)
{
	struct waiter waiter;
	int error;

	waitqueue_prepare(queue, &waiter, WAIT_INTERRUPTIBLE);
	terminal_unlock(terminal, *irq);
	error = waitqueue_wait_until(queue, &waiter, deadline);
	*irq = terminal_lock(terminal);
	return error == -EINTR ? -ERESTARTSYS : error;
}

/* --- opening and closing ------------------------------------------------------------------- */

static int open_file(struct terminal *terminal, unsigned flags, bool lasting, struct file **file)
{
	struct opening *opening = kmalloc(sizeof(*opening), 0);
	uint64_t irq;

	if (!opening)
		return -ENOMEM;
	*file = file_create(&terminal_file_ops, flags & ~(unsigned)O_NOCTTY, opening);
	if (!*file) {
		kfree(opening);
		return -ENOMEM;
	}
	irq = spin_lock_irqsave(&terminal->lock);
	*opening = (struct opening){ terminal, terminal->hang_ups, lasting };
	terminal->files++;
	spin_unlock_irqrestore(&terminal->lock, irq);
	jobs_opened(terminal, flags);
	return 0;
}

int terminal_open(struct terminal *terminal, unsigned flags, struct file **file)
{
	return open_file(terminal, flags, false, file);
}

int terminal_open_lasting(struct terminal *terminal, unsigned flags, struct file **file)
{
	return open_file(terminal, flags | O_NOCTTY, true, file);
}

bool terminal_uncount(struct terminal *terminal)
{
	uint64_t irq = spin_lock_irqsave(&terminal->lock);
	bool last = --terminal->files == 0;

	spin_unlock_irqrestore(&terminal->lock, irq);
	return last;
}

static void terminal_release(struct file *file)
{
	struct opening *opening = file->data;
	struct terminal *terminal = opening->terminal;

	kfree(opening);
	if (terminal->driver->close)
		terminal->driver->close(terminal);
	else
		terminal_uncount(terminal);
}

struct terminal *terminal_of(const struct file *file)
{
	return file->ops == &terminal_file_ops ? ((struct opening *)file->data)->terminal : NULL;
}

/* Whether the file is at its end for ever: it was hung up since it was opened. */
static bool dead(const struct file *file)
{
	const struct opening *opening = file->data;

	return !opening->lasting &&
	       __atomic_load_n(&opening->terminal->hang_ups, __ATOMIC_ACQUIRE) != opening->hang_ups;
}

static bool nonblocking(const struct file *file)
{
	return __atomic_load_n(&file->flags, __ATOMIC_RELAXED) & O_NONBLOCK;
}

/* --- reading ------------------------------------------------------------------------------- */

/* How long a read waits, besides for a line: VMIN and VTIME (termios(3)). */
struct patience {
	size_t least;      /* bytes that are enough */
	uint64_t between;  /* nanoseconds that it may take from one byte to the next; 0: any */
	uint64_t deadline; /* by clock_ns */
};

static struct patience patience_of(const struct ldisc *ldisc)
{
	uint64_t time = ldisc->termios.c_cc[VTIME] * 100000000ull;
	uint8_t minimum = ldisc->termios.c_cc[VMIN];

	if (ldisc->termios.c_lflag & ICANON)
		return (struct patience){ .deadline = TIMER_NEVER };
	if (minimum)
		return (struct patience){ minimum, time, TIMER_NEVER };
	return (struct patience){ .least = 1, .deadline = time ? clock_ns() + time : 0 };
}

/* Wait until there is something to be read: 0, or why there is nothing. Holds the lock. */
static int wait_typed(
	struct file *file, struct terminal *terminal, uint64_t deadline, uint64_t *irq)
{
	while (!ldisc_ready(&terminal->ldisc, 1)) {
		int error;

		if (dead(file) || !deadline)
			return -ETIMEDOUT;
		if (nonblocking(file))
			return -EAGAIN;
		error = terminal_wait(terminal, &terminal->readers, irq, deadline);
		if (error)
			return error;
	}
	return dead(file) ? -ETIMEDOUT : 0;
}

static int64_t read_typed(struct file *file, struct terminal *terminal, char *to, size_t bytes)
{
	uint64_t irq = terminal_lock(terminal);
	struct patience patience = patience_of(&terminal->ldisc);
	size_t done = 0;
	int error;

	do {
		error = wait_typed(file, terminal, patience.deadline, &irq);
		if (error)
			break;
		done += ldisc_read(&terminal->ldisc, to + done, bytes - done);
		terminal->driver->take_more(terminal->device);
		if (patience.between)
			patience.deadline = clock_ns() + patience.between;
	} while (done < bytes && done < patience.least);
	terminal_unlock(terminal, irq);
	return done || error == -ETIMEDOUT ? (int64_t)done : error;
}

static int64_t terminal_read(struct file *file, struct buffer *to, int64_t *position)
{
	struct terminal *terminal = terminal_of(file);
	char few[PIECE], *piece = few;
	size_t bytes = to->left < LDISC_BUFFER ? to->left : LDISC_BUFFER;
	int64_t count;

	(void)position;
	if (dead(file) || !bytes)
		return 0;
	count = jobs_may_read(terminal);
	if (count)
		return count;
	if (bytes > PIECE)
		piece = kmalloc(bytes, 0);
	if (!piece)
		return -ENOMEM;
	count = read_typed(file, terminal, piece, bytes);
	if (count > 0 && buffer_put(to, piece, (size_t)count) < (size_t)count)
		count = -EFAULT;
	if (piece != few)
		kfree(piece);
	return count;
}

/* --- writing ------------------------------------------------------------------------------- */

/* Show these bytes; how many, or if none, why. */
static int64_t show(struct file *file, struct terminal *terminal, const char *bytes, size_t count)
{
	uint64_t irq = terminal_lock(terminal);
	size_t done = 0;
	int error = 0;

	ldisc_echo(&terminal->ldisc);
	while (done < count && !error) {
		if (dead(file))
			error = -EIO;
		else if (ldisc_output(&terminal->ldisc, bytes[done]))
			done++;
		else if (nonblocking(file))
			error = -EAGAIN;
		else
			error = terminal_wait(terminal, &terminal->writers, &irq, TIMER_NEVER);
	}
	terminal_unlock(terminal, irq);
	return done ? (int64_t)done : error;
}

static int64_t terminal_write(struct file *file, struct buffer *from, int64_t *position)
{
	struct terminal *terminal = terminal_of(file);
	char piece[PIECE];
	int64_t all = 0, shown = 0;

	(void)position;
	if (terminal->ldisc.termios.c_lflag & TOSTOP)
		all = jobs_may_change(terminal);
	if (all)
		return all;
	while (from->left) {
		size_t want = from->left < PIECE ? from->left : PIECE;
		size_t taken = buffer_take(from, piece, want);

		shown = taken ? show(file, terminal, piece, taken) : -EFAULT;
		if (shown < 0)
			break;
		all += shown;
		if ((size_t)shown < want)
			break;
	}
	return all ? all : shown;
}

/* --- the rest ------------------------------------------------------------------------------ */

static unsigned terminal_poll(struct file *file, struct poll_table *table)
{
	struct terminal *terminal = terminal_of(file);
	struct ldisc *ldisc = &terminal->ldisc;
	const cc_t *cc = ldisc->termios.c_cc;
	unsigned bits = 0;
	uint64_t irq;

	poll_wait(table, &terminal->readers);
	poll_wait(table, &terminal->writers);
	if (dead(file))
		return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
	irq = spin_lock_irqsave(&terminal->lock);
	if (ldisc_ready(ldisc, !cc[VTIME] && cc[VMIN] ? cc[VMIN] : 1))
		bits |= POLLIN | POLLRDNORM;
	if (!ldisc->stopped && room(terminal))
		bits |= POLLOUT | POLLWRNORM;
	spin_unlock_irqrestore(&terminal->lock, irq);
	return bits;
}

static int64_t terminal_file_ioctl(struct file *file, unsigned request, uint64_t argument)
{
	return dead(file) ? -EIO : terminal_ioctl(terminal_of(file), request, argument);
}

const struct file_ops terminal_file_ops = {
	.name = "terminal",
	.read = terminal_read,
	.write = terminal_write,
	.poll = terminal_poll,
	.ioctl = terminal_file_ioctl,
	.release = terminal_release,
};
