/*
 * Select: one of several channels. It rests on the functions of exercise 3.7.
 */
#include "lab3-threads/channel/channel.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/tests/crew.h"
#include <linux/errno.h>

#define SCHEDULES 40
#define CHANNELS  3

static struct channel *channel[CHANNELS];

static void open(unsigned capacity)
{
	for (unsigned i = 0; i < CHANNELS; i++) {
		channel[i] = channel_create("test", sizeof(uint64_t), capacity);
		KT_REQUIRE(channel[i]);
	}
}

static void destroy(void)
{
	for (unsigned i = 0; i < CHANNELS; i++)
		channel_destroy(channel[i]);
}

static int send(unsigned to, uint64_t number, unsigned flags)
{
	return channel_send(channel[to], &number, flags);
}

/* The next number, or the error. */
static int64_t receive(unsigned from, unsigned flags)
{
	int64_t number = -1;
	int error = channel_receive(channel[from], &number, flags);

	return error ? error : number;
}

/* --- what can be done now ----------------------------------------------------------------- */

KTEST(select_takes_what_is_ready, "", "select does the case that can be done, and only that",
	.needs = "3.7")
{
	uint64_t number[3] = { 1, 2, 3 };
	struct channel_case cases[3] = { { channel[0], false, &number[0], 9 } };

	open(1);
	for (unsigned i = 0; i < 3; i++)
		cases[i] = (struct channel_case){ channel[i], i == 2, &number[i], 9 };
	KT_EQ(send(2, 30, 0), 0); /* full: none can be done */
	KT_EQ(channel_select(cases, 3, CHANNEL_TRY), -EAGAIN);
	KT_EQ(send(1, 20, 0), 0);
	KT_EQ(channel_select(cases, 3, 0), 1);
	KT_EQ(cases[1].result, 0);
	KT_EQ(number[1], 20);
	KT_EQ(receive(2, 0), 30);
	KT_EQ(channel_select(cases, 3, 0), 2);
	KT_EQ(receive(2, 0), 3);
	KT_EQ(number[0], 1);
	cases[2].channel = NULL; /* and none again */
	KT_EQ(channel_select(cases, 3, CHANNEL_TRY), -EAGAIN);
	KT_EQ(channel_select(cases, 0, CHANNEL_TRY), -EAGAIN);
	destroy();
}

KTEST(select_tells_of_the_end, "", "a closed channel is ready for everything, with -EPIPE",
	.needs = "3.7")
{
	uint64_t number = 5;
	struct channel_case cases[1];

	open(1);
	for (unsigned sends = 0; sends < 2; sends++) {
		cases[0] = (struct channel_case){ channel[sends], sends, &number, 9 };
		channel_close(channel[sends]);
		KT_EQ(channel_select(cases, 1, 0), 0);
		KT_EQ(cases[0].result, -EPIPE);
		KT_EQ(number, 5);
	}
	destroy();
}

KTEST(select_is_fair, "", "of cases that can all be done each is chosen about as often",
	.needs = "3.7")
{
	uint64_t number;
	unsigned chosen[CHANNELS] = { 0 };

	open(1);
	for (unsigned i = 0; i < 900; i++) {
		struct channel_case cases[CHANNELS];
		int one;

		for (unsigned j = 0; j < CHANNELS; j++) {
			send(j, i, CHANNEL_TRY);
			cases[j] = (struct channel_case){ channel[j], false, &number, 9 };
		}
		one = channel_select(cases, CHANNELS, 0);
		KT_REQUIRE(one >= 0 && one < CHANNELS);
		chosen[one]++;
	}
	for (unsigned i = 0; i < CHANNELS; i++)
		KT_TRUE(chosen[i] > 230 && chosen[i] < 370);
	destroy();
}

/* --- waiting at several ----------------------------------------------------------------------- */

/* A select over all channels that waits; each case has its own direction. */
struct selection {
	bool sends[CHANNELS];
	uint64_t number[CHANNELS];
	struct channel_case cases[CHANNELS];
	unsigned flags;
	int chosen;
};

static void select_all(void *argument)
{
	struct selection *self = argument;

	for (unsigned i = 0; i < CHANNELS; i++)
		self->cases[i] =
			(struct channel_case){ channel[i], self->sends[i], &self->number[i], 9 };
	self->chosen = channel_select(self->cases, CHANNELS, self->flags);
}

static bool all_wait(const struct selection *selection)
{
	for (unsigned i = 0; i < CHANNELS; i++)
		if (!waiting(selection->sends[i] ? &channel[i]->senders : &channel[i]->receivers))
			return false;
	return true;
}

static void nobody_waits(void)
{
	for (unsigned i = 0; i < CHANNELS; i++)
		KT_EQ(waiting(&channel[i]->senders) + waiting(&channel[i]->receivers), 0);
}

KTEST(select_waits_at_all, "",
	"a select that waits is served by whichever channel comes first, and leaves the others",
	.needs = "3.7")
{
	open(0);
	for (unsigned i = 0; i < 2 * CHANNELS; i++) {
		unsigned one = i % CHANNELS;
		bool sends = i >= CHANNELS;
		struct selection self = { { sends, sends, sends }, { 10, 11, 12 }, .flags = 0 };

		crew_start(select_all, &self);
		UNTIL(all_wait(&self));
		if (sends)
			KT_EQ(receive(one, CHANNEL_TRY), 10 + one);
		else
			KT_EQ(send(one, 50 + one, CHANNEL_TRY), 0);
		for (unsigned j = 0; j < CHANNELS; j++) { /* it is served, awake or not */
			KT_EQ(send(j, 99, CHANNEL_TRY), -EAGAIN);
			KT_EQ(receive(j, CHANNEL_TRY), -EAGAIN);
		}
		crew_join();
		nobody_waits();
		KT_EQ(self.chosen, one);
		KT_EQ(self.cases[one].result, 0);
		for (unsigned j = 0; j < CHANNELS; j++)
			KT_EQ(self.number[j], j == one && !sends ? 50 + j : 10 + j);
	}
	destroy();
}

KTEST(select_ends_with_a_channel, "", "closing one of the channels ends a select that waits",
	.needs = "3.7")
{
	open(0);
	for (unsigned i = 0; i < CHANNELS; i++) {
		struct selection self = { { false, true, false }, { 10, 11, 12 }, .flags = 0 };

		crew_start(select_all, &self);
		UNTIL(all_wait(&self));
		channel_close(channel[i]);
		crew_join();
		nobody_waits();
		KT_EQ(self.chosen, i);
		KT_EQ(self.cases[i].result, -EPIPE);
		channel_destroy(channel[i]);
		channel[i] = channel_create("test", sizeof(uint64_t), 0);
		KT_REQUIRE(channel[i]);
	}
	destroy();
}

KTEST(select_interrupted, "", "thread_interrupt ends an interruptible select, and no other",
	.needs = "3.7")
{
	struct selection self = { { false, true, false }, { 10, 11, 12 }, .flags = 0 };
	struct thread *thread;

	open(0);
	thread = crew_start(select_all, &self);
	UNTIL(all_wait(&self));
	thread_interrupt(thread);
	KT_EQ(receive(1, CHANNEL_TRY), 11);
	crew_join();
	KT_EQ(self.chosen, 1);

	self.flags = WAIT_INTERRUPTIBLE;
	thread = crew_start(select_all, &self);
	UNTIL(all_wait(&self));
	thread_interrupt(thread);
	crew_join();
	KT_EQ(self.chosen, -EINTR);
	nobody_waits();
	KT_EQ(send(0, 1, CHANNEL_TRY), -EAGAIN);
	destroy();
}

static bool heard; /* [a] */

static void interrupted_once(void *argument)
{
	struct selection *self = argument;

	thread_interrupt(thread_self());
	select_all(self);
	KT_EQ(self->chosen, -EINTR);
	self->flags = CHANNEL_TRY;
	select_all(self);
	KT_EQ(self->chosen, -EAGAIN);
	self->flags = WAIT_INTERRUPTIBLE;
	__atomic_store_n(&heard, true, __ATOMIC_RELEASE);
	select_all(self); /* the interrupt has been told, and once is enough */
}

KTEST(select_interrupted_before, "", "an interrupt before the select ends it, and only that one",
	.needs = "3.7")
{
	struct selection self = { { false, false, false }, { 10, 11, 12 },
		.flags = WAIT_INTERRUPTIBLE };

	open(0);
	crew_start(interrupted_once, &self);
	UNTIL(__atomic_load_n(&heard, __ATOMIC_ACQUIRE) && all_wait(&self));
	KT_EQ(send(2, 7, 0), 0);
	crew_join();
	KT_EQ(self.chosen, 2);
	KT_EQ(self.number[2], 7);
	destroy();
}

KTEST(select_both_ends, "",
	"a select that both sends and receives at a channel does not serve itself", .needs = "3.7")
{
	struct selection self = { { false, true, true }, { 10, 11, 12 }, .flags = 0 };

	open(0);
	channel_destroy(channel[1]);
	channel[1] = channel[0];
	crew_start(select_all, &self);
	UNTIL(all_wait(&self));
	KT_EQ(receive(0, CHANNEL_TRY), 11);
	crew_join();
	KT_EQ(self.chosen, 1);

	crew_start(select_all, &self);
	UNTIL(all_wait(&self));
	KT_EQ(send(1, 50, CHANNEL_TRY), 0);
	crew_join();
	KT_EQ(self.chosen, 0);
	KT_EQ(self.number[0], 50);
	channel[1] = channel_create("test", sizeof(uint64_t), 0);
	destroy();
}

/* --- races -------------------------------------------------------------------------------------
 */

static struct selection first, second;

/* Two selects, of which each offers what the other wants, in the other order. */
static void two_selects(void)
{
	open(0);
	first = (struct selection){ { true, false, false }, { 1, 2, 3 }, .flags = 0 };
	second = (struct selection){ { false, true, false }, { 11, 12, 13 }, .flags = 0 };
	crew_start(select_all, &first);
	crew_start(select_all, &second);
	crew_join();
	KT_EQ(first.chosen, second.chosen);
	KT_TRUE(first.chosen == 0 || first.chosen == 1);
	if (first.chosen == 0)
		KT_EQ(second.number[0], 1);
	else
		KT_EQ(first.number[1], 12);
	nobody_waits();
	destroy();
}

KTEST(select_meets_select, "", "two selects do the same one of two things that both could do",
	.limit = 20, .needs = "3.7")
{
	explore(2, SCHEDULES, two_selects);
}

static unsigned sent[CHANNELS]; /* by the thread of that number, until it is joined */

static void send_two(void *argument)
{
	unsigned which = (unsigned)(uint64_t)argument;

	for (sent[which] = 0; sent[which] < 2; sent[which]++)
		if (send(which, 10 * which + sent[which], 0))
			break;
}

/* A sender at each channel; one select gets it all, in the order of each. */
static void gather(void)
{
	unsigned got[CHANNELS] = { 0 };
	uint64_t number[CHANNELS] = { 0 };
	struct channel_case cases[CHANNELS];

	open(0);
	for (unsigned i = 0; i < CHANNELS; i++) {
		cases[i] = (struct channel_case){ channel[i], false, &number[i], 9 };
		crew_start(send_two, (void *)(uint64_t)i);
	}
	for (unsigned i = 0; i < 2 * CHANNELS; i++) {
		int one = channel_select(cases, CHANNELS, 0);

		KT_REQUIRE(one >= 0 && one < CHANNELS);
		KT_EQ(cases[one].result, 0);
		KT_EQ(number[one], 10 * (unsigned)one + got[one]);
		got[one]++;
	}
	crew_join();
	KT_EQ(channel_select(cases, CHANNELS, CHANNEL_TRY), -EAGAIN);
	destroy();
}

KTEST(select_gathers, "", "a select loses nothing of what three threads send to three channels",
	.limit = 20, .needs = "3.7")
{
	explore(2, SCHEDULES, gather);
}

static int got_or_error[CHANNELS];

static void receive_one(void *argument)
{
	unsigned which = (unsigned)(uint64_t)argument;

	got_or_error[which] = (int)receive(which, 0);
}

/* A select sends to whichever of three receivers comes first: one of them gets it. */
static void scatter(void)
{
	unsigned got = 0;

	open(0);
	first = (struct selection){ { true, true, true }, { 5, 6, 7 }, .flags = 0 };
	for (unsigned i = 0; i < CHANNELS; i++)
		crew_start(receive_one, (void *)(uint64_t)i);
	select_all(&first);
	KT_REQUIRE(first.chosen >= 0 && first.chosen < CHANNELS);
	for (unsigned i = 0; i < CHANNELS; i++)
		channel_close(channel[i]);
	crew_join();
	for (unsigned i = 0; i < CHANNELS; i++) {
		KT_EQ(got_or_error[i], i == (unsigned)first.chosen ? 5 + (int)i : -EPIPE);
		got += got_or_error[i] >= 0;
	}
	KT_EQ(got, 1);
	destroy();
}

KTEST(select_scatters, "", "what a select sends, one of three receivers gets, and no other",
	.limit = 20, .needs = "3.7")
{
	explore(2, SCHEDULES, scatter);
}

/* An interrupt and an element on their way to the same select. */
static void interrupt_or_element(void)
{
	int result;

	open(1);
	first = (struct selection){ { false, false, false }, { 1, 2, 3 },
		.flags = WAIT_INTERRUPTIBLE };
	crew_start(select_all, &first);
	thread_interrupt(crew[0]);
	KT_EQ(send(1, 20, 0), 0);
	crew_join();
	result = (int)receive(1, CHANNEL_TRY);
	if (first.chosen == -EINTR)
		KT_EQ(result, 20);
	else
		KT_TRUE(first.chosen == 1 && first.number[1] == 20 && result == -EAGAIN);
	destroy();
}

KTEST(select_or_interrupt, "",
	"an interrupt that meets an element: either the select has it, or it is still there",
	.limit = 20, .needs = "3.7")
{
	explore(2, SCHEDULES, interrupt_or_element);
}

/* --- in parallel --------------------------------------------------------------------------------
 */

#define STORM 100 /* elements of one thread */

static uint64_t received[2]; /* sums, of a thread each */

/* Both ends select, so that all three channels are wanted by all threads at once. */
static void storm_send(void *argument)
{
	struct channel_case cases[CHANNELS];

	for (uint64_t i = 1; i <= STORM; i++) {
		uint64_t number = i + (uint64_t)argument * 1000;

		for (unsigned j = 0; j < CHANNELS; j++)
			cases[j] = (struct channel_case){ channel[j], true, &number, 9 };
		KT_REQUIRE(channel_select(cases, CHANNELS, 0) >= 0);
	}
}

static void storm_receive(void *argument)
{
	struct channel_case cases[CHANNELS];
	uint64_t number[CHANNELS];
	int one;

	for (uint64_t i = 1; i <= STORM; i++) {
		for (unsigned j = 0; j < CHANNELS; j++)
			cases[CHANNELS - 1 - j] =
				(struct channel_case){ channel[j], false, &number[j], 9 };
		one = channel_select(cases, CHANNELS, 0);
		KT_REQUIRE(one >= 0 && one < CHANNELS);
		received[(uint64_t)argument] += *(uint64_t *)cases[one].element;
	}
}

/* test_channel.py runs it on two processors, too. */
KTEST(select_storm, "", "selects that send and selects that receive at the same channels",
	.limit = 60, .needs = "3.7")
{
	for (unsigned capacity = 0; capacity < 2; capacity++) {
		open(capacity);
		received[0] = received[1] = 0;
		for (uint64_t i = 0; i < 2; i++) {
			crew_start(storm_send, (void *)i);
			crew_start(storm_receive, (void *)i);
		}
		crew_join();
		nobody_waits();
		KT_EQ(received[0] + received[1], 2 * STORM * (STORM + 1) / 2 + 1000 * STORM);
		destroy();
	}
}
