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
	bool left;                 /* [lock] the last slave was closed once */
	bool locked;               /* [lock] */
	char shown[PTY_SHOWN];     /* [lock] a ring */
	unsigned head, tail;       /* [lock] they only grow */
};

/* pty_master_ops: of the master's file, whose data is the pair. */
extern const struct file_ops pty_master_ops;

/* pty_has_slave: one is open, /dev/tty too, or none has been yet. Caller holds the terminal's lock.
 */
static inline bool pty_has_slave(const struct pty *pty)
{
	return pty->terminal.files || !pty->left;
}

/* pty_master_closed: the master's file is gone; so may be the pair. May sleep. */
void pty_master_closed(struct pty *pty);
