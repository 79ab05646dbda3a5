/*
 * What programs ask and tell a terminal: tty_ioctl(4).
 *
 * Linux has three structures of settings: termios, what the C library calls so with speeds that are
 * bits of c_cflag; termios2, with speeds as numbers behind it; and that of the C library, which the
 * kernel never sees.
 */
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/time/sleep.h"
#include "lab4-interrupts/tty/tty.h"
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/errno.h>

_Static_assert(sizeof(struct termios) == 36 && sizeof(struct termios2) == 44, "Linux's sizes");
_Static_assert(sizeof(struct ktermios) == sizeof(struct termios2), "the same with both speeds");

/* --- settings ------------------------------------------------------------------------------ */

static const unsigned speeds[] = { 0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800,
	9600, 19200, 38400 };
static const unsigned more_speeds[] = { 0, 57600, 115200, 230400, 460800, 500000, 576000, 921600,
	1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000 };

/* The speed that bits of c_cflag mean; given: what BOTHER means. */
static unsigned speed_of(unsigned bits, unsigned given)
{
	if (!(bits & CBAUDEX))
		return speeds[bits & 15];
	return bits & 15 ? more_speeds[bits & 15] : given;
}

static void set_speeds(struct ktermios *termios)
{
	unsigned cflag = termios->c_cflag, input = cflag >> IBSHIFT & CBAUD;

	termios->c_ospeed = speed_of(cflag & CBAUD, termios->c_ospeed);
	termios->c_ispeed = input ? speed_of(input, termios->c_ispeed) : termios->c_ospeed;
}

static int get(struct terminal *terminal, uint64_t to, size_t bytes)
{
	uint64_t irq = spin_lock_irqsave(&terminal->lock);
	struct ktermios termios = terminal->ldisc.termios;

	spin_unlock_irqrestore(&terminal->lock, irq);
	return copy_to_user(to, &termios, bytes);
}

/* Wait until all that was written has left. */
static int drain(struct terminal *terminal)
{
	uint64_t irq = terminal_lock(terminal);
	int error = 0;

	while (!error && terminal->driver->unsent(terminal->device))
		error = terminal_wait(terminal, &terminal->writers, &irq, TIMER_NEVER);
	terminal_unlock(terminal, irq);
	return error;
}

enum when { NOW, DRAINED, FLUSHED };

static int set(struct terminal *terminal, uint64_t from, size_t bytes, enum when when)
{
	int error = jobs_may_change(terminal);
	struct ktermios termios;
	uint64_t irq;

	termios = terminal->ldisc.termios;
	if (!error)
		error = copy_from_user(&termios, from, bytes);
	if (!error && when != NOW)
		error = drain(terminal);
	if (error)
		return error;
	set_speeds(&termios);
	irq = terminal_lock(terminal);
	if (when == FLUSHED)
		ldisc_flush(&terminal->ldisc);
	ldisc_set(&terminal->ldisc, &termios);
	terminal->driver->take_more(terminal->device);
	waitqueue_wake_all(&terminal->readers);
	waitqueue_wake_all(&terminal->writers);
	terminal_unlock(terminal, irq);
	return 0;
}

/* --- the window ---------------------------------------------------------------------------- */

static int get_size(struct terminal *terminal, uint64_t to)
{
	uint64_t irq = spin_lock_irqsave(&terminal->lock);
	struct winsize size = terminal->size;

	spin_unlock_irqrestore(&terminal->lock, irq);
	return copy_to_user(to, &size, sizeof(size));
}

static int set_size(struct terminal *terminal, uint64_t from)
{
	struct winsize size;
	uint64_t irq;
	bool same;

	if (copy_from_user(&size, from, sizeof(size)))
		return -EFAULT;
	irq = spin_lock_irqsave(&terminal->lock);
	same = memcmp(&size, &terminal->size, sizeof(size)) == 0;
	terminal->size = size;
	spin_unlock_irqrestore(&terminal->lock, irq);
	if (!same)
		jobs_send(terminal, SIGWINCH);
	return 0;
}

/* --- flow, and what waits ------------------------------------------------------------------ */

static int flush(struct terminal *terminal, uint64_t which)
{
	int error = jobs_may_change(terminal);
	uint64_t irq;

	if (error || which > TCIOFLUSH)
		return error ? error : -EINVAL;
	irq = terminal_lock(terminal);
	if (which != TCOFLUSH)
		ldisc_flush(&terminal->ldisc);
	if (which != TCIFLUSH)
		terminal->driver->discard(terminal->device);
	terminal->driver->take_more(terminal->device);
	waitqueue_wake_all(&terminal->writers);
	terminal_unlock(terminal, irq);
	return 0;
}

/* tcflow(3): our output; or a byte to the other side, which is to stop its own. */
static int flow(struct terminal *terminal, uint64_t what)
{
	int error = jobs_may_change(terminal);
	const cc_t *cc = terminal->ldisc.termios.c_cc;
	uint64_t irq;

	if (error || what > TCION)
		return error ? error : -EINVAL;
	irq = terminal_lock(terminal);
	if (what == TCOOFF || what == TCOON)
		ldisc_hold(&terminal->ldisc, what == TCOOFF);
	else if (cc[what == TCIOFF ? VSTOP : VSTART] && terminal->driver->room(terminal->device))
		terminal->driver->put(terminal->device, (char)cc[what == TCIOFF ? VSTOP : VSTART]);
	if (what == TCOON)
		waitqueue_wake_all(&terminal->writers);
	terminal_unlock(terminal, irq);
	return 0;
}

static int drain_in_turn(struct terminal *terminal)
{
	int error = jobs_may_change(terminal);

	return error ? error : drain(terminal);
}

static int give(uint64_t to, int value)
{
	return copy_to_user(to, &value, sizeof(value));
}

static int count_input(struct terminal *terminal, uint64_t to)
{
	uint64_t irq = spin_lock_irqsave(&terminal->lock);
	size_t count = ldisc_count(&terminal->ldisc);

	spin_unlock_irqrestore(&terminal->lock, irq);
	return give(to, (int)count);
}

static int count_output(struct terminal *terminal, uint64_t to)
{
	uint64_t irq = spin_lock_irqsave(&terminal->lock);
	size_t count = terminal->driver->unsent(terminal->device);

	spin_unlock_irqrestore(&terminal->lock, irq);
	return give(to, (int)count);
}

static int give_number(uint64_t to, int number)
{
	return number < 0 ? number : give(to, number);
}

static int take_group(struct terminal *terminal, uint64_t from)
{
	int error = jobs_may_change(terminal), group;

	if (error)
		return error == -EIO ? -ENOTTY : error;
	if (copy_from_user(&group, from, sizeof(group)))
		return -EFAULT;
	return jobs_set_foreground(terminal, group);
}

/* --- all of them --------------------------------------------------------------------------- */

static int64_t settings(struct terminal *terminal, unsigned request, uint64_t argument)
{
	switch (request) {
	case TCGETS:
		return get(terminal, argument, sizeof(struct termios));
	case TCSETS:
		return set(terminal, argument, sizeof(struct termios), NOW);
	case TCSETSW:
		return set(terminal, argument, sizeof(struct termios), DRAINED);
	case TCSETSF:
		return set(terminal, argument, sizeof(struct termios), FLUSHED);
	case TCGETS2:
		return get(terminal, argument, sizeof(struct termios2));
	case TCSETS2:
		return set(terminal, argument, sizeof(struct termios2), NOW);
	case TCSETSW2:
		return set(terminal, argument, sizeof(struct termios2), DRAINED);
	case TCSETSF2:
		return set(terminal, argument, sizeof(struct termios2), FLUSHED);
	default:
		return -ENOTTY;
	}
}

static int64_t jobs(struct terminal *terminal, unsigned request, uint64_t argument)
{
	switch (request) {
	case TIOCGPGRP:
		return give_number(argument, jobs_foreground(terminal, false));
	case TIOCSPGRP:
		return take_group(terminal, argument);
	case TIOCGSID:
		return give_number(argument, jobs_session(terminal, false));
	case TIOCSCTTY:
		return jobs_acquire(terminal, argument == 1);
	case TIOCNOTTY:
		return jobs_give_up(terminal);
	default:
		return settings(terminal, request, argument);
	}
}

int64_t terminal_ioctl(struct terminal *terminal, unsigned request, uint64_t argument)
{
	switch (request) {
	case TIOCGWINSZ:
		return get_size(terminal, argument);
	case TIOCSWINSZ:
		return set_size(terminal, argument);
	case FIONREAD:
		return count_input(terminal, argument);
	case TIOCOUTQ:
		return count_output(terminal, argument);
	case TCFLSH:
		return flush(terminal, argument);
	case TCXONC:
		return flow(terminal, argument);
	case TCSBRK: /* tcdrain; a break cannot be sent */
	case TCSBRKP:
		return drain_in_turn(terminal);
	case TIOCGETD:
		return give(argument, 0); /* N_TTY */
	default:
		return jobs(terminal, request, argument);
	}
}
