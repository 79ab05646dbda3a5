/*
 * Terminals: a line discipline with a driver below it, who reads and writes it, and whose keys'
 * signals it sends (job control).
 */
#pragma once
#include "lab1-boot/lock/spinlock.h"
#include "lab3-threads/lock/waitqueue.h"
#include "lab4-interrupts/tty/ldisc.h"
#include <linux/types.h>

struct file_ops;

struct terminal_driver {
	const char *name;
	/* write: so many bytes to the other side; how many it took. Called with the terminal's
	 * lock; never sleeps. */
	size_t (*write)(void *device, const char *bytes, size_t count);
};

/* Key: [lock], [I], [tree] process_tree. */
struct terminal {
	const struct terminal_driver *driver; /* [I] */
	void *device;                         /* [I] */
	struct spinlock lock; /* taken with interrupts off: typed bytes come in a handler */
	struct ldisc ldisc;   /* [lock] */
	struct waitqueue readers, writers;
	struct winsize size; /* [lock] */
	int foreground;      /* [lock] the process group whose keys these are; 0: none */
	int session;         /* [tree] whose controlling terminal it is; 0: nobody's */
	bool hung_up;        /* [lock] */
};

/* terminal_init: no session, no settings but the usual. */
void terminal_init(struct terminal *terminal, const struct terminal_driver *driver, void *device);

/* terminal_typed: bytes came from the other side. Never sleeps; for handlers. */
void terminal_typed(struct terminal *terminal, const char *bytes, size_t count);

/* terminal_room: the driver can take more. */
void terminal_room(struct terminal *terminal);

/* terminal_hang_up: the other side is gone: SIGHUP and SIGCONT to the session's leader, end of file
 * for all. */
void terminal_hang_up(struct terminal *terminal);

/* terminal_file_ops: a file whose data is the terminal. */
extern const struct file_ops terminal_file_ops;

/* terminal_console: COM1 and the keyboard. Once console_tty_init has run. */
extern struct terminal terminal_console;
void console_tty_init(void);
