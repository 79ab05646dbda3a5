/*
 * Select in many interleavings: one of its cases is done, and only one, whoever comes from
 * the other ends. It rests on the functions of exercise 3.7.
 */
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/tests/selects.h"

#define SCHEDULES 40

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

/* --- in parallel ------------------------------------------------------------------- */

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
