/*
 * Pipes: a ring of bytes with an end to write to and an end to read from.
 */
#pragma once
#include "lab4-interrupts/file/file.h"

#define PIPE_BYTES 65536 /* that fit in: Linux's number */

/* pipe_init: the cache of pipes. Once. */
void pipe_init(void);

/* pipe_create: both ends; flags: O_NONBLOCK. 0 or -ENOMEM. May sleep. */
int pipe_create(unsigned flags, struct file **reads, struct file **writes);

/* pipe_capacity: how many bytes fit in, or -EBADF if it is no pipe. pipe_set_capacity: what becomes
 * of the wish for another; -EPERM if it is for more. */
int64_t pipe_capacity(struct file *file);
int64_t pipe_set_capacity(struct file *file, uint64_t bytes);
