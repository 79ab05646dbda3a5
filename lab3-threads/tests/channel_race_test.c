/*
 * Exercise 3.7: many threads at one channel, in many interleavings. Whatever they are, an
 * element that was sent is received once, and one that was not never is.
 */
#include "lab3-threads/channel/channel.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/tests/crew.h"
#include <linux/errno.h>

#define SCHEDULES 40
#define ENDS_MAX  4  /* threads at either end */
#define EACH_MAX  60 /* elements of one sender */

static struct channel *channel;

static void open(unsigned capacity)
{
	channel = channel_create("test", sizeof(uint64_t), capacity);
	KT_REQUIRE(channel);
}

/* Element number `number` of sender number `sender`. */
static uint64_t element_of(unsigned sender, unsigned number)
{
	return (uint64_t)(sender + 1) << 32 | (number + 1);
}

/* --- senders and receivers --------------------------------------------------------- */

/* Each is its own thread's until that has been joined. */
struct sender {
	unsigned number;
	unsigned most; /* elements that it will send, if it can */
	unsigned flags;
	unsigned sent;
	int result; /* of the last */
};

struct receiver {
	unsigned flags;
	unsigned got[ENDS_MAX];  /* elements of each sender */
	unsigned last[ENDS_MAX]; /* the last one's number */
	unsigned strange;        /* that nobody sent, or after a later one */
	uint8_t seen[ENDS_MAX][EACH_MAX];
	int result;
};

static struct sender sender[ENDS_MAX];
static struct receiver receiver[ENDS_MAX];

static void send_all(void *argument)
{
	struct sender *self = argument;

	for (self->sent = 0; self->sent < self->most; self->sent++) {
		uint64_t element = element_of(self->number, self->sent);

		self->result = channel_send(channel, &element, self->flags);
		if (self->result)
			break;
	}
}

static void note(struct receiver *self, uint64_t element)
{
	uint64_t from = (element >> 32) - 1, number = (uint32_t)element - 1u;

	if (from >= ENDS_MAX || number >= EACH_MAX || number < self->last[from]) {
		self->strange++;
		return;
	}
	self->last[from] = (unsigned)number;
	self->got[from]++;
	self->seen[from][number]++;
}

static void receive_all(void *argument)
{
	struct receiver *self = argument;
	uint64_t element = 0;

	while (!(self->result = channel_receive(channel, &element, self->flags))) {
		note(self, element);
		element = 0;
	}
}

static void start(unsigned senders, unsigned receivers, unsigned each, unsigned flags)
{
	for (unsigned i = 0; i < ENDS_MAX; i++) {
		receiver[i] = (struct receiver){ .flags = flags };
		sender[i] = (struct sender){ .number = i, .most = each, .flags = flags };
	}
	for (unsigned i = 0; i < receivers; i++)
		crew_start(receive_all, &receiver[i]);
	for (unsigned i = 0; i < senders; i++)
		crew_start(send_all, &sender[i]);
}

/* What was sent came out at the other end: once, and at each receiver in the order of its sender.
 */
static void check(void)
{
	for (unsigned from = 0; from < ENDS_MAX; from++) {
		unsigned got = 0;

		for (unsigned i = 0; i < ENDS_MAX; i++)
			got += receiver[i].got[from];
		KT_EQ(got, sender[from].sent);
		for (unsigned number = 0; number < sender[from].sent; number++) {
			unsigned times = 0;

			for (unsigned i = 0; i < ENDS_MAX; i++)
				times += receiver[i].seen[from][number];
			if (times != 1)
				KT_EQ(times, 1);
		}
	}
	for (unsigned i = 0; i < ENDS_MAX; i++)
		KT_EQ(receiver[i].strange, 0);
}

/* All is sent, and then the channel is closed. */
static void carry(unsigned capacity, unsigned senders, unsigned receivers, unsigned each)
{
	open(capacity);
	start(senders, receivers, each, 0);
	for (unsigned i = 0; i < senders; i++)
		crew_join_last();
	channel_close(channel);
	crew_join();
	check();
	for (unsigned i = 0; i < senders; i++)
		KT_EQ(sender[i].sent, each);
	for (unsigned i = 0; i < receivers; i++)
		KT_EQ(receiver[i].result, -EPIPE);
	channel_destroy(channel);
}

static void carry_0(void)
{
	carry(0, 2, 2, 2);
}

static void carry_1(void)
{
	carry(1, 2, 2, 2);
}

static void carry_2(void)
{
	carry(2, 2, 1, 4);
}

/* A wake-up that is lost here nobody makes good. */
static void carry_pair(void)
{
	carry(explore_schedule() % 2, 1, 1, 4);
}

KTEST(channel_pair, "3.7",
	"one sender and one receiver, with and without a buffer: neither waits in vain",
	.limit = 20)
{
	explore(2, SCHEDULES, carry_pair);
}

KTEST(channel_carries_all_without_buffer, "3.7",
	"two senders and two receivers meet without a buffer: nothing is lost, doubled or "
	"overtaken",
	.limit = 20)
{
	explore(2, SCHEDULES, carry_0);
}

KTEST(channel_carries_all, "3.7",
	"two senders and two receivers at a buffer of one: nothing is lost, doubled or overtaken",
	.limit = 20)
{
	explore(2, SCHEDULES, carry_1);
}

KTEST(channel_carries_all_in_order, "3.7",
	"what two senders send through a larger buffer comes out in the order of each", .limit = 20)
{
	explore(3, SCHEDULES, carry_2);
}

/* --- closing in the midst ---------------------------------------------------------- */

/* Senders send as much as they can until the channel is closed under them. We send one, too. */
static void close_amid(unsigned capacity)
{
	uint64_t ours = element_of(2, 0);

	open(capacity);
	start(2, 2, 3, 0);
	KT_EQ(channel_send(channel, &ours, 0), 0);
	sender[2].sent = 1;
	channel_close(channel);
	crew_join();
	check();
	for (unsigned i = 0; i < 2; i++) {
		KT_EQ(sender[i].result, sender[i].sent < 3 ? -EPIPE : 0);
		KT_EQ(receiver[i].result, -EPIPE);
	}
	channel_destroy(channel);
}

static void close_amid_0(void)
{
	close_amid(0);
}

static void close_amid_2(void)
{
	close_amid(2);
}

KTEST(channel_close_amid, "3.7",
	"a channel is closed while threads send and receive: each send that returned 0 is received",
	.limit = 20)
{
	explore(2, SCHEDULES, close_amid_2);
}

KTEST(channel_close_amid_rendezvous, "3.7",
	"and without a buffer: each send that returned 0 met a receiver", .limit = 20)
{
	explore(2, SCHEDULES, close_amid_0);
}

/* --- interrupts -------------------------------------------------------------------- */

/*
 * A sender and a receiver that may meet, while the sender is interrupted; and, if that ended
 * its wait, the receiver afterwards.
 */
static void interrupt_sender(void)
{
	open(0);
	start(0, 1, 1, WAIT_INTERRUPTIBLE);
	crew_start(send_all, &sender[0]);
	thread_interrupt(crew[1]);
	crew_join_last();
	if (sender[0].sent == 0)
		KT_EQ(sender[0].result, -EINTR);
	thread_interrupt(crew[0]);
	crew_join();
	KT_EQ(receiver[0].result, -EINTR);
	check();
	channel_destroy(channel);
}

KTEST(channel_send_or_interrupt, "3.7",
	"an interrupt that meets a hand-over: the sender hears of one, and it is that which "
	"happened",
	.limit = 20)
{
	explore(2, SCHEDULES, interrupt_sender);
}

/* The receiver is interrupted while an element is on its way to it: if it was not taken, it is
 * still there. */
static void interrupt_receiver(void)
{
	uint64_t element = 0;
	int left;

	open(1);
	start(1, 1, 1, WAIT_INTERRUPTIBLE);
	thread_interrupt(crew[0]);
	crew_join();
	KT_EQ(sender[0].sent, 1);
	KT_EQ(receiver[0].result, -EINTR);
	left = channel_receive(channel, &element, CHANNEL_TRY);
	if (!left)
		note(&receiver[1], element);
	check();
	channel_destroy(channel);
}

KTEST(channel_receive_or_interrupt, "3.7",
	"an interrupt that meets an element: either the receiver has it, or it is still there",
	.limit = 20)
{
	explore(2, SCHEDULES, interrupt_receiver);
}

/* --- those that do not wait -------------------------------------------------------- */

static void give_way(void)
{
	sched_yield();
	CPU_PAUSE();
}

/* Sends until all are sent, and never waits. */
static void send_trying(void *argument)
{
	struct sender *self = argument;

	while (self->sent < self->most) {
		uint64_t element = element_of(self->number, self->sent);

		self->result = channel_send(channel, &element, CHANNEL_TRY);
		if (!self->result)
			self->sent++;
		else if (self->result != -EAGAIN)
			break;
		else
			give_way();
	}
}

static void receive_trying(void *argument)
{
	struct receiver *self = argument;
	uint64_t element = 0;

	for (;;) {
		self->result = channel_receive(channel, &element, CHANNEL_TRY);
		if (!self->result)
			note(self, element);
		else if (self->result != -EAGAIN)
			break;
		else
			give_way();
		element = 0;
	}
}

/* One of each kind at either end. */
static void try_and_wait(void)
{
	open(1);
	start(1, 1, 2, 0);
	crew_start(receive_trying, &receiver[1]);
	crew_start(send_trying, &sender[1]);
	crew_join_last();
	thread_join(crew[1]);
	crew[1] = crew[--crew_count];
	channel_close(channel);
	crew_join();
	check();
	KT_EQ(sender[0].sent + sender[1].sent, 4);
	channel_destroy(channel);
}

KTEST(channel_try_among_waiters, "3.7",
	"threads that only try and threads that wait lose nothing to each other", .limit = 20)
{
	explore(2, SCHEDULES, try_and_wait);
}

/* --- in parallel ------------------------------------------------------------------- */

/* test_channel.py runs it on two processors, too. */
KTEST(channel_storm, "3.7",
	"four senders and four receivers carry more than a thousand elements through channels of "
	"all sizes",
	.limit = 60)
{
	static const unsigned capacity[] = { 0, 1, 2, 5, 64 };

	for (unsigned i = 0; i < sizeof(capacity) / sizeof(*capacity); i++)
		carry(capacity[i], ENDS_MAX, ENDS_MAX, EACH_MAX);
}
