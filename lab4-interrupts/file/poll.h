/*
 * Waiting for one of several files: poll, ppoll, select (epoll: standin/epoll.c, until lab 6).
 *
 * A file's poll function says what holds now, and before that joins its wait queues with a
 * waiter of the table's, whose wake function wakes the one who polls: nothing is missed in between.
 * Such a waiter never takes a wake-up for itself: somebody behind it in the queue may be meant.
 */
#pragma once
#include "lab3-threads/lock/waitqueue.h"
#include <linux/poll.h>

#define POLL_WAITERS 16 /* that a table has room for in itself */

/* One queue that the table waits in. */
struct poll_waiter {
	struct waiter waiter;
	struct poll_table *table;
	struct waitqueue *queue;
};

/* Waiters for which the table itself has no room, in pieces. */
struct poll_more;

/* Key: [own] who polls, [a] atomic. */
struct poll_table {
	struct poll_waiter first[POLL_WAITERS]; /* [own] */
	unsigned used;                          /* [own] of first, or of the newest piece */
	struct poll_more *more;                 /* [own] the newest piece */
	int error;                              /* [own] -ENOMEM: not all queues were joined */
	bool joining;                           /* [own] poll_wait joins: once is enough */
	struct waitqueue asleep;                /* who polls */
	struct waitqueue *told;                 /* [own] asleep, or what poll_stay was given */
	bool woken;                             /* [a] since it looked */
};

/* poll_wait: let that queue's wake-ups count for the table, which may be NULL (nobody wants to
 * wait). For poll functions, before they look. The queue stays as long as the file does. May sleep.
 */
void poll_wait(struct poll_table *table, struct waitqueue *queue);

/* poll_begin: a table that waits in no queue. poll_end: it waits in none any more. May sleep. */
void poll_begin(struct poll_table *table);
void poll_end(struct poll_table *table);

/*
 * poll_stay: let the table join that file's queues, and stay in them while others look: whatever
 * wakes sets table->woken, and wakes `told` if it was not set. 0 or -ENOMEM. poll_end ends it,
 * before the file is released. May sleep.
 */
struct file;
int poll_stay(struct poll_table *table, struct file *file, struct waitqueue *told);

/* poll_sleep: sleep until one of the queues is woken (since the last poll_sleep, or poll_begin) or
 * the moment (clock_ns) has come. 0, -ETIMEDOUT, -EINTR. May sleep. */
int poll_sleep(struct poll_table *table, uint64_t deadline);

/* file_poll: what holds of a file now. May sleep. */
unsigned file_poll(struct file *file, struct poll_table *table);

/* One of those who are waited for. */
struct poll_item {
	struct file *file; /* the caller has a reference; NULL: found stays as it is */
	unsigned wanted, found;
};

/*
 * poll_items: wait until at least one of them has something that is wanted, at most until that
 * moment (clock_ns; 0: do not wait; TIMER_NEVER). How many have: 0 if the moment has come first;
 * -EINTR; -ENOMEM. May sleep.
 */
int64_t poll_items(struct poll_item *item, unsigned count, uint64_t deadline);
