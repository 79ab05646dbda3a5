/*
 * Channels, judged by the host (test_channel.py).
 *
 * channel_lines does one thing at a time, as each line says, and never waits:
 *
 *   n NAME BYTES CAPACITY   make channel NAME (0 to 7); in the place of an older one
 *   s NAME BYTE             send an element made of that byte
 *   r NAME                  receive one
 *   c NAME                  close
 *
 * and replies with the error's number ("-" without one), for r with the element; "none" if
 * there is no such channel.
 *
 * channel_history lets threads do things at once. A line is a program:
 *
 *   CAPACITY SCHEDULES THREAD...   each thread a word, each letter one of its steps
 *
 *   s send   t try to send   r receive   u try to receive
 *
 * and is run under so many schedules, while the boot thread closes the channel at some
 * moment. The reply, one a schedule, is what happened, 6 bytes a step: the thread, the
 * letter, the moments at which it began and ended, the error's number, and the element:
 * what was sent is made of the byte 16 * thread + step + 1. The close is a step, too.
 */
#include "lab2-memory/tests/probe_words.h"
#include "lab3-threads/channel/channel.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/tests/crew.h"
#include <linux/errno.h>

#define NAMES     8
#define BYTES_MAX 24

static void say_error(int error)
{
	if (error)
		probe_say((uint64_t)-error);
	probe_reply();
}

static void make(struct channel **channel, const char *const *words)
{
	channel_destroy(*channel);
	*channel = channel_create("test", probe_number(words[2], BYTES_MAX + 1),
		(unsigned)probe_number(words[3], 100));
	KT_REQUIRE(*channel);
	probe_reply();
}

static void send(struct channel *channel, const char *byte)
{
	uint8_t element[BYTES_MAX];

	memset(element, (int)probe_number(byte, 256), sizeof(element));
	say_error(channel_send(channel, element, CHANNEL_TRY));
}

static void receive(struct channel *channel)
{
	uint8_t element[BYTES_MAX];
	int error;

	memset(element, 0, sizeof(element));
	error = channel_receive(channel, element, CHANNEL_TRY);
	if (error)
		say_error(error);
	else
		kt_reply_hex(element, sizeof(element));
}

static void do_line(struct channel **channel, const char *const *words)
{
	if (*words[0] == 'n') {
		make(channel, words);
	} else if (!*channel) {
		kt_reply("none");
	} else if (*words[0] == 's') {
		send(*channel, words[2]);
	} else if (*words[0] == 'r') {
		receive(*channel);
	} else {
		channel_close(*channel);
		probe_reply();
	}
}

KPROBE(channel_lines)
{
	static struct channel *channel[NAMES];
	char line[64];

	while (kt_input_line(line, sizeof(line))) {
		const char *words[PROBE_WORDS];

		probe_split(line, words);
		do_line(&channel[probe_number(words[1], NAMES)], words);
	}
	for (unsigned i = 0; i < NAMES; i++)
		channel_destroy(channel[i]);
}

/* --- histories --------------------------------------------------------------------- */

#define THREADS 4
#define STEPS   6
#define STRANGE 0xff /* an element that is not made of one byte */

struct step {
	uint8_t thread, letter, began, ended, error, element;
};

static struct channel *shared;
static unsigned capacity, threads;
static char program[THREADS][STEPS + 1];
static struct step history[THREADS][STEPS + 1]; /* each thread its own */
static unsigned moments;                        /* [a] */

static uint8_t moment(void)
{
	return (uint8_t)__atomic_fetch_add(&moments, 1, __ATOMIC_RELAXED);
}

static uint64_t made_of(uint8_t byte)
{
	return byte * 0x0101010101010101ul;
}

static int do_letter(char letter, uint64_t *element)
{
	unsigned flags = letter == 't' || letter == 'u' ? CHANNEL_TRY : 0;

	return letter == 's' || letter == 't' ? channel_send(shared, element, flags)
					      : channel_receive(shared, element, flags);
}

static void follow(void *argument)
{
	uint8_t me = (uint8_t)(uint64_t)argument;

	for (uint8_t i = 0; program[me][i]; i++) {
		uint64_t element = made_of((uint8_t)(16 * me + i + 1));
		uint8_t began = moment();
		int error = do_letter(program[me][i], &element);

		history[me][i] = (struct step){ me, (uint8_t)program[me][i], began, moment(),
			(uint8_t)-error,
			element == made_of((uint8_t)element) ? (uint8_t)element : STRANGE };
	}
}

/* All steps of all threads, as the reply. */
static void tell(const struct step *close)
{
	static struct step all[THREADS * STEPS + 1];
	size_t count = 0;

	for (unsigned i = 0; i < threads; i++)
		for (unsigned j = 0; program[i][j]; j++)
			all[count++] = history[i][j];
	all[count++] = *close;
	kt_reply_hex(all, count * sizeof(*all));
}

static void follow_all(void)
{
	struct step close = { .thread = THREADS, .letter = 'c' };

	moments = 0;
	shared = channel_create("test", sizeof(uint64_t), capacity);
	KT_REQUIRE(shared);
	for (uint64_t i = 0; i < threads; i++)
		crew_start(follow, (void *)i);
	close.began = moment();
	channel_close(shared);
	close.ended = moment();
	crew_join();
	channel_destroy(shared);
	tell(&close);
}

KPROBE(channel_history)
{
	char line[64];

	while (kt_input_line(line, sizeof(line))) {
		const char *words[PROBE_WORDS];

		probe_split(line, words);
		capacity = (unsigned)probe_number(words[0], 100);
		for (threads = 0; threads < THREADS && *words[2 + threads]; threads++)
			strlcpy(program[threads], words[2 + threads], sizeof(program[threads]));
		explore(2, (unsigned)probe_number(words[1], 1000), follow_all);
	}
}
