/* Channels: see channel.h. */
#include "lab3-threads/channel/channel.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab3-threads/channel/party.h"
#include "lab3-threads/order/order.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/trace/trace.h"
#include <linux/errno.h>

#define CALLER ((uint64_t)__builtin_return_address(0))

struct channel *channel_create(const char *name, size_t bytes, unsigned capacity)
{
	size_t buffer;
	struct channel *channel;

	if (__builtin_mul_overflow(bytes, capacity, &buffer) || buffer > SIZE_MAX / 2)
		return NULL;
	channel = kmalloc(sizeof(*channel) + buffer, 0);
	if (!channel)
		return NULL;
	*channel = (struct channel){ .name = name, .bytes = bytes, .capacity = capacity };
	spin_init(&channel->lock, "channel");
	waitqueue_init(&channel->senders, "channel senders");
	waitqueue_init(&channel->receivers, "channel receivers");
	return channel;
}

void channel_destroy(struct channel *channel)
{
	if (channel)
		assert(waitqueue_empty(&channel->senders) && waitqueue_empty(&channel->receivers));
	kfree(channel);
}

/* --- meeting (party.h) ------------------------------------------------------------- */

/* What the waiter of a party does when it is woken. A select is served once, by whichever of its
 * channels comes first. */
static bool found(struct waiter *waiter)
{
	struct channel_party *party = list_entry(waiter, struct channel_party, waiter);

	if (party->chosen && __atomic_exchange_n(party->chosen, true, __ATOMIC_ACQ_REL))
		return false;
	party->result = 0;
	party->channel->met = party;
	sched_wake(waiter->thread); /* false: thread_interrupt was faster, and it is served still */
	return true;
}

struct channel_party *channel_meet(struct channel *channel, struct waitqueue *queue)
{
	assert(spin_held(&channel->lock));
	channel->met = NULL;
	waitqueue_wake_one(queue);
	return channel->met;
}

void channel_join(struct channel_party *party, struct channel *channel, struct waitqueue *queue,
	void *element, unsigned flags)
{
	assert(spin_held(&channel->lock));
	party->channel = channel;
	party->element = element;
	party->result = -EINTR;
	party->chosen = NULL;
	waitqueue_prepare(queue, &party->waiter, flags & WAIT_INTERRUPTIBLE);
	party->waiter.wake = found; /* who wakes holds the channel's lock: nobody has, so far */
}

/* --- the buffer -------------------------------------------------------------------- */

/* Put an element into the buffer, which is not full, behind the others. Caller holds lock. */
static void put(struct channel *channel, const void *element)
{
	/* Exercise 3.7 */
	// BEGIN SOLUTION 3.7
	unsigned place = (channel->first + channel->count) % channel->capacity;

	memcpy(channel->buffer + place * channel->bytes, element, channel->bytes);
	channel->count++;
	// END SOLUTION 3.7 => (void)channel; (void)element; todo("3.7");
}

/* Take the oldest element out of the buffer, which is not empty. Caller holds lock. */
static void take(struct channel *channel, void *element)
{
	/* Exercise 3.7 */
	// BEGIN SOLUTION 3.7
	memcpy(element, channel->buffer + channel->first * channel->bytes, channel->bytes);
	channel->first = (channel->first + 1) % channel->capacity;
	channel->count--;
	// END SOLUTION 3.7 => (void)channel; (void)element; todo("3.7");
}

/* --- sending and receiving --------------------------------------------------------- */

int channel_send_now(struct channel *channel, const void *element)
{
	assert(spin_held(&channel->lock));
	/* Exercise 3.7: what can be done without waiting: 0, -EPIPE, or -EAGAIN if nothing can. A
	 * receiver that waits is served by us (channel_meet, party.h). */
	// BEGIN SOLUTION 3.7
	struct channel_party *receiver;

	if (channel->closed)
		return -EPIPE;
	receiver = channel_meet(channel, &channel->receivers);
	if (receiver)
		memcpy(receiver->element, element, channel->bytes);
	else if (channel->count < channel->capacity)
		put(channel, element);
	else
		return -EAGAIN;
	return 0;
	// END SOLUTION 3.7 => (void)element; (void)put; todo("3.7"); return -EPIPE;
}

int channel_receive_now(struct channel *channel, void *element)
{
	assert(spin_held(&channel->lock));
	/* Exercise 3.7: the same from the other end. Where the buffer was full, a sender may wait,
	 * and what it sends comes after everything that is in the buffer. */
	// BEGIN SOLUTION 3.7
	bool buffered = channel->count > 0;
	struct channel_party *sender;

	if (buffered)
		take(channel, element);
	sender = channel_meet(channel, &channel->senders);
	if (buffered && sender)
		put(channel, sender->element);
	else if (sender)
		memcpy(element, sender->element, channel->bytes);
	else if (!buffered)
		return channel->closed ? -EPIPE : -EAGAIN;
	return 0;
	// END SOLUTION 3.7 => (void)element; (void)take; todo("3.7"); return -EPIPE;
}

/*
 * Wait in one of the two queues for a partner that does what we could not do now; returns 0,
 * -EPIPE or -EINTR. Caller holds channel->lock, which is let go of meanwhile.
 */
static int wait_for_partner(
	struct channel *channel, struct waitqueue *queue, void *element, unsigned flags)
{
	int error;

	trace_event(TRACE_WAIT, thread_self()->id, (uint64_t)channel);
	/* Exercise 3.7: as a struct channel_party (party.h), which says who may touch it when. */
	// BEGIN SOLUTION 3.7
	struct channel_party self;

	channel_join(&self, channel, queue, element, flags);
	spin_unlock(&channel->lock);
	waitqueue_wait(queue, &self.waiter);
	spin_lock(&channel->lock);
	error = self.result;
	// END SOLUTION 3.7 => (void)queue; (void)element; (void)flags; todo("3.7"); error = -EPIPE;
	trace_event(TRACE_WAITED, thread_self()->id, (uint64_t)channel);
	return error;
}

int channel_send(struct channel *channel, const void *element, unsigned flags)
{
	if (!(flags & CHANNEL_TRY)) {
		order_may_sleep(CALLER);
		assert(may_sleep());
	}
	/* Exercise 3.7: now, if it can be done now; otherwise wait, unless CHANNEL_TRY says not to.
	 */
	// BEGIN SOLUTION 3.7
	int error;

	spin_lock(&channel->lock);
	error = channel_send_now(channel, element);
	if (error == -EAGAIN && !(flags & CHANNEL_TRY))
		error = wait_for_partner(channel, &channel->senders, (void *)element, flags);
	spin_unlock(&channel->lock);
	return error;
	// END SOLUTION 3.7 => (void)channel; (void)element; (void)wait_for_partner; todo("3.7");
	// return -EPIPE;
}

int channel_receive(struct channel *channel, void *element, unsigned flags)
{
	if (!(flags & CHANNEL_TRY)) {
		order_may_sleep(CALLER);
		assert(may_sleep());
	}
	/* Exercise 3.7 */
	// BEGIN SOLUTION 3.7
	int error;

	spin_lock(&channel->lock);
	error = channel_receive_now(channel, element);
	if (error == -EAGAIN && !(flags & CHANNEL_TRY))
		error = wait_for_partner(channel, &channel->receivers, element, flags);
	spin_unlock(&channel->lock);
	return error;
	// END SOLUTION 3.7 => (void)channel; (void)element; todo("3.7"); return -EPIPE;
}

void channel_close(struct channel *channel)
{
	/* Exercise 3.7: channel_meet finds everybody who waits. */
	// BEGIN SOLUTION 3.7
	struct channel_party *party;

	spin_lock(&channel->lock);
	channel->closed = true;
	while ((party = channel_meet(channel, &channel->receivers)))
		party->result = -EPIPE;
	while ((party = channel_meet(channel, &channel->senders)))
		party->result = -EPIPE;
	spin_unlock(&channel->lock);
	// END SOLUTION 3.7 => (void)channel; todo("3.7");
}
