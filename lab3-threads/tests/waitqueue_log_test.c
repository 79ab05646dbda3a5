/*
 * The probe for test_waitqueue.py's logs: threads on several processors do what their
 * programmes say, in many schedules, and write down what they see.
 *
 *   p T PROGRAMME      what thread T does from now on
 *   g CPUS SCHEDULES   run all of them so often
 *
 * A programme is a row of letters with a number each. Queues 0 and 1: s0 sleeps once in queue
 * 0, S0 so that it can be interrupted, o0 wakes one there, a0 all; i2 interrupts thread 2.
 * Queues 2 and 3 are those of a number of tokens: -2 takes one, and sleeps in queue 2 as long as
 * there is none; +2 adds one, and wakes one. When nothing goes on any more, the test itself, thread
 * 9, does a0, a1, +2 and +3 until all have ended.
 *
 * The reply to each schedule is its log, four numbers an event in hexadecimal: the thread, a
 * letter, the queue or the thread that is interrupted, and a result. The letters: p has prepared,
 * r has slept (0, or 1 for -EINTR); of o, a, i, -, + the same before it, and with result 0; and
 * O, A, I, M, P behind it, O with whether one was woken and A with how many. The replies to p and,
 * behind the logs, to g are "-".
 */
#include "lab2-memory/tests/probe_words.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/tests/crew.h"
#include <linux/errno.h>

#define THREADS   5
#define QUEUES    4
#define RAW       2 /* queues without tokens */
#define EVENTS    600
#define PROGRAMME 40
#define ROUNDS    60
#define MYSELF    9

struct event {
	unsigned thread, number, result;
	char what;
};

static char programme[THREADS][PROGRAMME];
static struct thread *made[THREADS];
static struct waitqueue queues[QUEUES];
static struct spinlock guards[QUEUES];
static unsigned tokens[QUEUES]; /* [its guard] */
static struct event events[EVENTS];
static unsigned event_count, ended; /* [a] */

static void note(unsigned thread, char what, unsigned number, unsigned result)
{
	unsigned place = __atomic_fetch_add(&event_count, 1, __ATOMIC_RELAXED);

	KT_REQUIRE(place < EVENTS);
	events[place] = (struct event){ thread, number, result, what };
}

static void sleep_once(unsigned thread, unsigned queue, unsigned flags)
{
	struct waiter waiter;
	int error;

	waitqueue_prepare(&queues[queue], &waiter, flags);
	note(thread, 'p', queue, flags);
	error = waitqueue_wait(&queues[queue], &waiter);
	waiter = (struct waiter){ .wake = NULL };
	note(thread, 'r', queue, error == -EINTR);
}

static void take_token(unsigned queue)
{
	spin_lock(&guards[queue]);
	while (!tokens[queue])
		waitqueue_sleep(&queues[queue], &guards[queue], 0);
	tokens[queue]--;
	spin_unlock(&guards[queue]);
}

static void add_token(unsigned queue)
{
	spin_lock(&guards[queue]);
	tokens[queue]++;
	spin_unlock(&guards[queue]);
	waitqueue_wake_one(&queues[queue]);
}

static void operate(unsigned thread, char what, unsigned number)
{
	if (what == 's' || what == 'S') {
		sleep_once(thread, number, what == 'S' ? WAIT_INTERRUPTIBLE : 0);
		return;
	}
	note(thread, what, number, 0);
	if (what == 'o') {
		note(thread, 'O', number, waitqueue_wake_one(&queues[number]));
	} else if (what == 'a') {
		note(thread, 'A', number, waitqueue_wake_all(&queues[number]));
	} else if (what == 'i') {
		thread_interrupt(made[number]);
		note(thread, 'I', number, 0);
	} else if (what == '-') {
		take_token(number);
		note(thread, 'M', number, 0);
	} else {
		add_token(number);
		note(thread, 'P', number, 0);
	}
}

static void run(void *argument)
{
	unsigned self = (unsigned)(uint64_t)argument;

	for (const char *at = programme[self]; *at; at += 2)
		operate(self, at[0], (unsigned)(at[1] - '0'));
	__atomic_fetch_add(&ended, 1, __ATOMIC_RELAXED);
}

/* When nothing goes on any more: help those that still sleep. */
static void help_all(void)
{
	for (int round = 0;; round++) {
		explore_wait_idle();
		if (__atomic_load_n(&ended, __ATOMIC_RELAXED) == THREADS)
			return;
		if (round == ROUNDS)
			kt_stop("a thread that sleeps is never woken", __FILE__, __LINE__);
		for (unsigned queue = 0; queue < QUEUES; queue++)
			operate(MYSELF, queue < RAW ? 'a' : '+', queue);
	}
}

static void once(void)
{
	event_count = ended = 0;
	for (unsigned i = 0; i < QUEUES; i++)
		tokens[i] = 0;
	/* All are made before the first one runs: they interrupt each other. */
	for (unsigned i = 0; i < THREADS; i++)
		KT_REQUIRE((made[i] = thread_create("programme", run, (void *)(uint64_t)i)));
	for (unsigned i = 0; i < THREADS; i++)
		thread_start(made[i]);
	help_all();
	for (unsigned i = 0; i < THREADS; i++)
		thread_join(made[i]);
	for (unsigned i = 0; i < event_count; i++) {
		probe_say(events[i].thread);
		probe_say((uint64_t)events[i].what);
		probe_say(events[i].number);
		probe_say(events[i].result);
	}
	probe_reply();
}

static void begin(void)
{
	static const char *const names[QUEUES] = { "queue 0", "queue 1", "queue 2", "queue 3" };

	for (unsigned i = 0; i < QUEUES; i++) {
		waitqueue_init(&queues[i], names[i]);
		spin_init(&guards[i], "tokens");
	}
}

KPROBE(waitqueue_log)
{
	static char line[128];
	const char *words[PROBE_WORDS];

	begin();
	while (kt_input_line(line, sizeof(line))) {
		probe_split(line, words);
		if (*words[0] == 'p')
			strlcpy(programme[probe_number(words[1], THREADS)], words[2], PROGRAMME);
		else
			explore((unsigned)probe_number(words[1], EXPLORE_CPUS + 1),
				(unsigned)probe_number(words[2], 10000), once);
		probe_reply();
	}
}
