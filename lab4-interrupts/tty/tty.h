/*
 * Terminals: a line discipline with a driver below it, who reads and writes it, and whose keys'
 * signals it sends (job control).
 *
 *   processes      tty.c (files), ioctl.c, jobs.c (who may)
 *                       |
 *                    terminal ---- ldisc.c
 *                       |
 *   drivers        serial_tty.c with keyboard.c and the screen, or pty.c (another process)
 *
 * What is typed may come in an interrupt's handler, which cannot send signals to a process group:
 * that takes process_tree. So a key's signal is noted, and sent by terminal_send_signals.
 *
 * Locks: process_tree, then a terminal's lock, then those of its driver and of wait queues.
 *
 * Read more: tty_ioctl(4), credentials(7), setsid(2); POSIX.1-2017, chapter 11.
 */
#pragma once
#include "lab1-boot/lock/spinlock.h"
#include "lab3-threads/lock/waitqueue.h"
#include "lab4-interrupts/tty/ldisc.h"
#include <linux/types.h>

struct file;
struct file_ops;
struct terminal;

/* All but close are called with the terminal's lock, and never sleep. */
struct terminal_driver {
	const char *name;
	bool outlives_session;        /* the end of a session's leader does not hang it up */
	size_t (*room)(void *device); /* how many more bytes put can take */
	void (*put)(void *device, char byte); /* one more byte for the other side */
	void (*push)(void *device);           /* some have been put: begin to send them */
	size_t (*unsent)(void *device);       /* how many are still to be sent */
	void (*discard)(void *device);        /* forget what has not been sent */
	void (*take_more)(void *device);      /* what is typed has room again */
	/* close: a file is closed: terminal_uncount, and what the driver has to do about it; NULL:
	 * nothing. May sleep. */
	void (*close)(struct terminal *terminal);
};

/* Key: [lock], [I], [tree] process_tree. */
struct terminal {
	const struct terminal_driver *driver; /* [I] */
	void *device;                         /* [I] */
	struct spinlock lock; /* taken with interrupts off: typed bytes come in a handler */
	struct ldisc ldisc;   /* [lock] */
	struct waitqueue readers, writers;
	struct winsize size; /* [lock] */
	uint32_t signals;  /* [lock] a bit for each that keys have sent, and nobody else has yet */
	unsigned files;    /* [lock] open ones */
	unsigned hang_ups; /* [lock] files that were opened before the last one are dead */
	int foreground;    /* [lock] the process group whose keys these are; 0: none */
	int session;       /* [tree] whose controlling terminal it is; 0: nobody's */
};

/* terminal_init: no session, no settings but the usual. */
void terminal_init(struct terminal *terminal, const struct terminal_driver *driver, void *device);

/* terminal_typed: bytes came from the other side; how many there was room for. The rest is to come
 * again after take_more. Never sleeps; for handlers. */
size_t terminal_typed(struct terminal *terminal, const char *bytes, size_t count);

/* terminal_send_signals: to the foreground group, what keys have asked for. May sleep. Takes
 * process_tree. */
void terminal_send_signals(struct terminal *terminal);

/* terminal_room: the driver can take more. Never sleeps; for handlers. */
void terminal_room(struct terminal *terminal);

/*
 * terminal_hang_up: the other side is gone, or the session's leader: SIGHUP and SIGCONT to the
 * leader and the foreground group; all files that are open now are at their end for ever, and the
 * terminal is nobody's. May sleep. Takes process_tree.
 */
void terminal_hang_up(struct terminal *terminal);

/*
 * terminal_open: a file that is the terminal. A session's leader without one gets it as its
 * controlling terminal, unless flags has O_NOCTTY. 0 or -ENOMEM. May sleep.
 */
int terminal_open(struct terminal *terminal, unsigned flags, struct file **file);

/* terminal_open_lasting: the same for /dev/console: never the controlling terminal by itself, and
 * not at its end when it is hung up, so that who watches over sessions can still be heard. */
int terminal_open_lasting(struct terminal *terminal, unsigned flags, struct file **file);

/* terminal_file_ops: of such a file; terminal_of: its terminal, NULL if it is another kind. */
extern const struct file_ops terminal_file_ops;
struct terminal *terminal_of(const struct file *file);

/*
 * terminal_console: COM1, the keyboard and the screen. terminals_init: programs can write to it,
 * by polling. Once. console_tty_init: from now on keys belong to it, and no more to lab 1's
 * console_read; it interrupts. Once. May sleep. console_keyboard_init: the keyboard's part of it.
 */
extern struct terminal terminal_console;
void terminals_init(void);
void console_tty_init(void);
void console_keyboard_init(void);

/* --- for tty's own files --------------------------------------------------------------- */

/*
 * terminal_ioctl: of a terminal that is not hung up, which callers have looked at. argument is what
 * the request says: a number, or a user address. The request's result; -EFAULT, -EINVAL; -ENOTTY
 * for requests that it does not know; -EIO or -ERESTARTSYS for who is in the background. May sleep:
 * for user memory, and until the output is sent. Takes terminal->lock, and job control's
 * process_tree.
 */
int64_t terminal_ioctl(struct terminal *terminal, unsigned request, uint64_t argument);

/* terminal_uncount: one file less is the terminal's; whether it was the last. */
bool terminal_uncount(struct terminal *terminal);

/* terminal_lock: takes its lock. terminal_unlock: pushes, and lets go of it. */
uint64_t terminal_lock(struct terminal *terminal);
void terminal_unlock(struct terminal *terminal, uint64_t irq);

/* terminal_wait: prepare to sleep in one of its queues under its lock, which is let go of, until
 * woken; and take it again. 0; -ETIMEDOUT at the deadline (clock_ns); -ERESTARTSYS. May sleep. */
int terminal_wait(
	struct terminal *terminal, struct waitqueue *queue, uint64_t *irq, uint64_t deadline);

/*
 * Job control (jobs.c). All may sleep, and take process_tree if there is something to do.
 *   jobs_may_read    0; -EIO or -ERESTARTSYS (SIGTTIN was sent) for who is in the background
 *   jobs_may_change  the same for settings, with SIGTTOU, and for writing under TOSTOP
 *   jobs_acquire     the terminal becomes the session's (TIOCSCTTY). 0 or -EPERM
 *   jobs_opened      the same if that is possible, after an open with those flags (O_*)
 *   jobs_give_up     TIOCNOTTY. 0 or -ENOTTY
 *   jobs_foreground, jobs_session   0 or the number; -ENOTTY if it is not the caller's terminal
 *   jobs_set_foreground  TIOCSPGRP
 *   jobs_forget      the terminal is no session's any more
 *   jobs_send        a signal to the foreground group
 */
int jobs_may_read(struct terminal *terminal);
int jobs_may_change(struct terminal *terminal);
int jobs_acquire(struct terminal *terminal, bool steal);
void jobs_opened(struct terminal *terminal, unsigned flags);
int jobs_give_up(struct terminal *terminal);
int jobs_foreground(struct terminal *terminal, bool any);
int jobs_session(struct terminal *terminal, bool any);
int jobs_set_foreground(struct terminal *terminal, int group);
void jobs_forget(struct terminal *terminal);
void jobs_send(struct terminal *terminal, int number);
