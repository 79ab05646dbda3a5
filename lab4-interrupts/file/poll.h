/*
 * Waiting for one of several files: poll, ppoll, select (epoll: lab 6).
 *
 * A file's poll function says what holds now, and before that joins its wait queues with a
 * waiter of the table's, whose wake function wakes the one who polls: nothing is missed in between.
 */
#pragma once
#include "lab3-threads/lock/waitqueue.h"
#include <linux/poll.h>

struct poll_table;

/* poll_wait: let that queue's wake-ups count for the table, which may be NULL (nobody wants to
 * wait). For poll functions, before they look. May sleep. */
void poll_wait(struct poll_table *table, struct waitqueue *queue);
