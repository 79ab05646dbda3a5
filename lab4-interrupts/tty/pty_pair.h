/*
 * What the pair's two files share: pty.c (the slave's driver, and the pair's life) and
 * pty_master.c.
 */
#pragma once
#include "lab4-interrupts/tty/pty.h"

#define PTY_SHOWN 4096 /* bytes that wait for the master */

/* Key: [ptys] the lock of that name, [lock] the terminal's, [I]. */
struct pty {
	struct terminal terminal;  /* the slave */
	struct waitqueue watchers; /* of the master's side: for what is shown */
	unsigned number;           /* [I] */
	bool master;               /* [ptys] it is open */
	bool slave;                /* [lock] one is open, or none has been yet */
	bool locked;               /* [lock] */
	char shown[PTY_SHOWN];     /* [lock] a ring */
	unsigned head, tail;       /* [lock] they only grow */
};

/* pty_master_ops: of the master's file, whose data is the pair. */
extern const struct file_ops pty_master_ops;

/* pty_slave: a file of the slave, locked or not. 0 or -ENOMEM. pty_master_closed: the master's file
 * is gone; so may be the pair. May sleep. */
int pty_slave(struct pty *pty, unsigned flags, struct file **slave);
void pty_master_closed(struct pty *pty);
