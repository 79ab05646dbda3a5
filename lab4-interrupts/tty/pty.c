/* Pseudo-terminals: see pty.h. */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab4-interrupts/file/device.h"
#include "lab4-interrupts/file/file.h"
#include "lab4-interrupts/tty/pty_pair.h"
#include <linux/errno.h>
#include <linux/fcntl.h>

static struct mutex ptys = MUTEX_INIT(ptys, "ptys");
static struct pty *all[PTYS]; /* [ptys] */

/* --- what the slave shows -------------------------------------------------------------------- */

static size_t pty_room(void *device)
{
	struct pty *pty = device;

	return PTY_SHOWN - (pty->head - pty->tail);
}

static void pty_put(void *device, char byte)
{
	struct pty *pty = device;

	pty->shown[pty->head++ % PTY_SHOWN] = byte;
}

static void pty_push(void *device)
{
	struct pty *pty = device;

	if (pty->head != pty->tail)
		waitqueue_wake_all(&pty->watchers);
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

static void pty_close(struct terminal *terminal);

static const struct terminal_driver pty_driver = {
	.name = "pty",
	.outlives_session = true,
	.room = pty_room,
	.put = pty_put,
	.push = pty_push,
	.unsent = pty_unsent,
	.discard = pty_discard,
	.take_more = pty_take_more,
	.close = pty_close,
};

/* --- the pair's life -------------------------------------------------------------------------- */

/* Free it if neither side is open any more. Caller holds ptys. */
static void pty_free_unused(struct pty *pty)
{
	if (pty->master || pty->terminal.files)
		return;
	jobs_forget(&pty->terminal);
	if (pty->terminal.files)
		return; /* /dev/tty was opened until then; that it is closed comes here, too */
	all[pty->number] = NULL;
	kfree(pty);
}

/* A file of the slave is closed: the master is to know if it was the last. */
static void pty_close(struct terminal *terminal)
{
	struct pty *pty = terminal->device;
	uint64_t irq;

	mutex_lock(&ptys);
	if (terminal_uncount(terminal)) {
		irq = terminal_lock(terminal);
		pty->left = true;
		waitqueue_wake_all(&pty->watchers);
		terminal_unlock(terminal, irq);
	}
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
	pty->terminal.ldisc.termios.c_cflag &= ~(tcflag_t)HUPCL;
	waitqueue_init(&pty->watchers, "pty master");
	pty->master = pty->locked = true;
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

void pty_master_closed(struct pty *pty)
{
	mutex_lock(&ptys); /* no slave is opened between the two */
	pty->master = false;
	terminal_hang_up(&pty->terminal);
	pty_free_unused(pty);
	mutex_unlock(&ptys);
}

int pty_open(unsigned number, unsigned flags, struct file **slave)
{
	struct pty *pty;
	int error = -EIO;

	mutex_lock(&ptys);
	pty = number < PTYS ? all[number] : NULL;
	if (pty && pty->master && !pty->locked)
		error = terminal_open(&pty->terminal, flags | O_NOCTTY, slave);
	mutex_unlock(&ptys);
	if (!error)
		jobs_opened(&pty->terminal, flags);
	return error;
}

void pty_unlock(struct file *master)
{
	struct pty *pty = master->data;
	uint64_t irq;

	assert(master->ops == &pty_master_ops);
	irq = terminal_lock(&pty->terminal);
	pty->locked = false;
	terminal_unlock(&pty->terminal, irq);
}

int pty_number(const struct file *file)
{
	return file->ops == &pty_master_ops ? (int)((struct pty *)file->data)->number : -ENOTTY;
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
	*master = file_create(&pty_master_ops, flags & ~(unsigned)O_NOCTTY, pty);
	if (*master)
		return 0;
	pty_master_closed(pty);
	return -ENOMEM;
}
DEVICE(ptmx, 5, 2, 0666, pty_create);
