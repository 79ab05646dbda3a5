/*
 * Pseudo-terminals: a terminal whose other side is a program, that of a terminal window or of a
 * login over the network.
 *
 *   program A                                        program B
 *      | writes what is "typed"                         | reads
 *      v                                                v
 *    master ---> terminal_typed ---> line discipline ---> slave
 *           <--- shown <------------ line discipline <--- slave
 *
 * A pair has a number, by which its slave is opened: /dev/pts/3 (lab 5). It lasts as long as either
 * side is open. When the master is closed the slave is hung up; when no slave is open a read from
 * the master is -EIO.
 *
 * Read more: pty(7), ptmx(4).
 */
#pragma once
#include "lab4-interrupts/tty/tty.h"

#define PTYS 64 /* pairs at a time */

/* pty_create: a new pair: a file that is its master. Its slave cannot be opened before it is
 * unlocked (TIOCSPTLCK). 0, -ENOMEM, -ENOSPC. May sleep. */
int pty_create(unsigned flags, struct file **master);

/* pty_open: the slave of that pair. 0; -EIO if there is none, or it is locked; -ENOMEM. May sleep.
 */
int pty_open(unsigned number, unsigned flags, struct file **slave);

/* pty_unlock: TIOCSPTLCK, for the kernel. */
void pty_unlock(struct file *master);

/* pty_number: of a file that is a master; else -ENOTTY. */
int pty_number(const struct file *file);
