/*
 * Select: one of several channels. It rests on the functions of exercise 3.7.
 */
#include "lab3-threads/tests/selects.h"

/* --- what can be done now ---------------------------------------------------------- */

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

/* --- waiting at several ------------------------------------------------------------ */

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
