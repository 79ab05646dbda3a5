/* Inside channel/: what channel.c and select.c share. */
#pragma once
#include "lab3-threads/channel/channel.h"

/*
 * One that waits at a channel, on its own stack. All [lock] of the channel: its partner works in it
 * under that lock, so it takes the lock once more before it goes.
 */
struct channel_party {
	struct waiter waiter;
	struct channel *channel;
	void *element; /* a sender's: to be read; a receiver's: to be written */
	int result;    /* of its wait: -EINTR until channel_meet has found it */
	bool *chosen;  /* [a] a select's: one of its parties has been found; NULL: it is alone */
};

/* All of the following: caller holds channel->lock. None of them sleeps. */

/*
 * channel_join: from now on the calling thread, as this party, waits in one of the channel's two
 * queues, and has recorded that it sleeps. waitqueue_wait is to follow, without the lock.
 */
void channel_join(struct channel_party *party, struct channel *channel, struct waitqueue *queue,
	void *element, unsigned flags);

/*
 * channel_meet: take the party that waits first out of one of the channel's queues and wake it; its
 * result is 0, unless the caller sets another. It cannot go on before the caller lets go of the
 * lock. NULL if nobody waits there. Takes the queue's lock.
 */
struct channel_party *channel_meet(struct channel *channel, struct waitqueue *queue);

/* channel_send_now, channel_receive_now: as channel_send and channel_receive with CHANNEL_TRY. */
int channel_send_now(struct channel *channel, const void *element);
int channel_receive_now(struct channel *channel, void *element);
