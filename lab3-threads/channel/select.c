/*
 * Select: wait at several channels, and do one thing at one of them.
 *
 * It holds the locks of all its channels while it looks, so no case becomes ready
 * behind its back. If none is, it joins the queue of each, as a party that shares with
 * the others the mark `chosen`: the first partner that comes, at whichever channel, sets
 * the mark and serves that party; those who find it set pass the others over. The
 * select then leaves all queues, under all locks again.
 *
 * Read more: Go's runtime/select.go, which does it so.
 */
#include "lab1-boot/debug/panic.h"
#include "lab3-threads/channel/party.h"
#include "lab3-threads/order/order.h"
#include "lab3-threads/sched/sched.h"
#include <linux/errno.h>

#define CALLER ((uint64_t)__builtin_return_address(0))

/* The channels of a select: each once, by address. */
struct channels {
	struct channel *channel[CHANNEL_CASES];
	unsigned count;
};

static void add(struct channels *set, struct channel *channel)
{
	unsigned place = set->count;

	for (unsigned i = 0; i < set->count; i++)
		if (set->channel[i] == channel)
			return;
	for (; place > 0 && set->channel[place - 1] > channel; place--)
		set->channel[place] = set->channel[place - 1];
	set->channel[place] = channel;
	set->count++;
}

static void lock_all(const struct channels *set)
{
	for (unsigned i = 0; i < set->count; i++)
		spin_lock(&set->channel[i]->lock);
}

static void unlock_all(const struct channels *set)
{
	for (unsigned i = set->count; i-- > 0;)
		spin_unlock(&set->channel[i]->lock);
}

/* Where to begin to look: another case each time, and not in turn, for a second thread's selects
 * may come in between. The last steps of SplitMix64 spread a count. */
static unsigned beginning(unsigned count)
{
	static uint64_t selects;
	uint64_t z = __atomic_fetch_add(&selects, 0x9e3779b97f4a7c15, __ATOMIC_RELAXED);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % count;
}

/* Do one of the cases that can be done now; its number, or -EAGAIN. Caller holds all locks. */
static int select_now(struct channel_case *cases, unsigned count)
{
	unsigned begin = beginning(count);

	for (unsigned i = 0; i < count; i++) {
		unsigned number = (begin + i) % count;
		struct channel_case *one = &cases[number];

		if (!one->channel)
			continue;
		one->result = one->sends ? channel_send_now(one->channel, one->element)
					 : channel_receive_now(one->channel, one->element);
		if (one->result != -EAGAIN)
			return (int)number;
	}
	return -EAGAIN;
}

static struct waitqueue *queue_of(struct channel_case *one)
{
	return one->sends ? &one->channel->senders : &one->channel->receivers;
}

/* Leave all queues; the number of the case that a partner has done, or -EINTR. Caller holds all
 * locks. */
static int leave_all(struct channel_case *cases, unsigned count, struct channel_party *parties)
{
	int number = -EINTR;

	for (unsigned i = 0; i < count; i++) {
		if (!cases[i].channel)
			continue;
		waitqueue_leave(queue_of(&cases[i]), &parties[i].waiter);
		cases[i].result = parties[i].result;
		if (parties[i].result != -EINTR)
			number = (int)i;
	}
	return number;
}

/* Wait until a partner does one of the cases. Caller holds all locks, which are let go of
 * meanwhile. */
static int select_wait(
	struct channel_case *cases, unsigned count, const struct channels *set, unsigned flags)
{
	struct channel_party parties[CHANNEL_CASES];
	bool chosen = false;
	int number;

	for (unsigned i = 0; i < count; i++) {
		if (!cases[i].channel)
			continue;
		channel_join(&parties[i], cases[i].channel, queue_of(&cases[i]), cases[i].element,
			flags);
		parties[i].chosen = &chosen;
	}
	unlock_all(set);
	sched_sleep();
	lock_all(set);
	number = leave_all(cases, count, parties);
	if (number < 0) /* the interrupt has been seen */
		__atomic_store_n(&thread_self()->interrupted, false, __ATOMIC_RELAXED);
	return number;
}

void channel_init(void)
{
	order_by_address("channel");
}

int channel_select(struct channel_case *cases, unsigned count, unsigned flags)
{
	struct channels set = { .count = 0 };
	int number;

	assert(count <= CHANNEL_CASES);
	for (unsigned i = 0; i < count; i++)
		if (cases[i].channel)
			add(&set, cases[i].channel);
	if (!(flags & CHANNEL_TRY)) {
		order_may_sleep(CALLER);
		assert(may_sleep() && set.count > 0);
	}
	if (set.count == 0)
		return -EAGAIN;
	lock_all(&set);
	number = select_now(cases, count);
	if (number == -EAGAIN && !(flags & CHANNEL_TRY))
		number = select_wait(cases, count, &set, flags);
	unlock_all(&set);
	return number;
}
