/*
 * Channels: threads that share nothing and hand each other elements.
 *
 * A channel carries elements of one size, in the order in which they were sent. Up to
 * its capacity they wait in a buffer. With a capacity of 0 there is none: sender and
 * receiver wait for each other, and go on together (a rendezvous).
 *
 * What is handed over goes straight to its receiver: whoever finds a thread waiting at
 * the other end copies the element from or into that thread's memory, and wakes it when
 * all is done. So nobody who comes later can be faster, and nobody is woken in vain.
 * From this follows what is true of every channel while nobody holds its lock:
 *
 *   senders wait    only if the buffer is full (or there is none);
 *   receivers wait  only if it is empty (or there is none);
 *   never both at once, and nobody waits at a closed channel,
 *
 * a select (below) that has been served elsewhere, and will leave, not counted.
 *
 * Read more: Hoare, "Communicating sequential processes", CACM 21(8), 1978; Go's
 * runtime/chan.go and select.go.
 */
#pragma once
#include "lab3-threads/lock/waitqueue.h"
#include <stddef.h>

/* Flags: WAIT_INTERRUPTIBLE (lock/waitqueue.h), and: */
#define CHANNEL_TRY 2u /* -EAGAIN instead of waiting */

struct channel_party; /* party.h: one that waits at a channel */

/* Key: [I] after channel_create, [lock]. */
struct channel {
	const char *name;           /* [I] */
	size_t bytes;               /* [I] of an element */
	unsigned capacity;          /* [I] elements in the buffer */
	struct spinlock lock;       /* taken before the queues' locks */
	bool closed;                /* [lock] */
	unsigned first;             /* [lock] where in the buffer the oldest element is */
	unsigned count;             /* [lock] how many elements are in it */
	struct waitqueue senders;   /* [lock] */
	struct waitqueue receivers; /* [lock] */
	struct channel_party *met;  /* [lock] channel_meet: who was found */
	char buffer[] __attribute__((aligned(16))); /* [lock] a ring: the last place's next is 0 */
};

/* channel_init: tell the lock-order checker of select. Once. */
void channel_init(void);

/*
 * channel_create: an open and empty channel for elements of so many bytes (0: it only tells that
 * something happened). The name stays the caller's; it is not copied. NULL if there is no memory.
 * May sleep.
 */
struct channel *channel_create(const char *name, size_t bytes, unsigned capacity);

/*
 * channel_destroy: free it. Nobody waits at it (asserted), or is still in one of its functions.
 * Elements in the buffer are forgotten. NULL is passed over. Never sleeps.
 */
void channel_destroy(struct channel *channel);

/*
 * channel_send: send the element, waiting until there is room for it; without a buffer, until a
 * receiver has it. Senders come in the order in which they began to wait. Returns 0; -EPIPE if the
 * channel is closed, or is closed while we wait; with CHANNEL_TRY -EAGAIN instead of waiting; with
 * WAIT_INTERRUPTIBLE -EINTR after thread_interrupt. With an error the element was not sent. May
 * sleep without CHANNEL_TRY. Takes the channel's lock.
 */
int channel_send(struct channel *channel, const void *element, unsigned flags);

/*
 * channel_receive: wait for the next element and put it at *element. Receivers come in the order in
 * which they began to wait. Returns 0; -EPIPE if the channel is closed and nothing is left in it,
 * or is closed while we wait; -EAGAIN and -EINTR as channel_send. With an error *element is as it
 * was. May sleep without CHANNEL_TRY. Takes the channel's lock.
 */
int channel_receive(struct channel *channel, void *element, unsigned flags);

/*
 * channel_close: nothing more is sent. What is in the buffer can still be received. All who wait at
 * the channel, senders and receivers, get -EPIPE. A second close does nothing. Never sleeps. Takes
 * the channel's lock.
 */
void channel_close(struct channel *channel);

/* --- select (select.c) ----------------------------------------------------------------- */

#define CHANNEL_CASES 8 /* in one select */

/* One of the things that a select may do. */
struct channel_case {
	struct channel *channel; /* NULL: this case is never chosen */
	bool sends;              /* or receives */
	void *element;           /* to be sent, or where the received one is to be */
	int result;              /* of the case that was chosen: 0, or -EPIPE: it is closed */
};

/*
 * channel_select: wait until one of the cases can be done, and do it; of several that can, any may
 * be chosen, each as often in the long run. A channel may be in several cases. Returns the number
 * of the case, whose result is set; with CHANNEL_TRY -EAGAIN instead of waiting; with
 * WAIT_INTERRUPTIBLE -EINTR after thread_interrupt. At most CHANNEL_CASES of them, and without
 * CHANNEL_TRY at least one with a channel (asserted). May sleep without CHANNEL_TRY. Takes the
 * locks of all its channels, in the order of their addresses.
 */
int channel_select(struct channel_case *cases, unsigned count, unsigned flags);
