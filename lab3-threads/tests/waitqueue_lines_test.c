/*
 * The probe for test_waitqueue.py's exact sequences: threads and other waiters in three
 * wait queues, on one processor.
 *
 *   s T Q FLAGS OPS  thread T prepares to sleep in queue Q (FLAGS & 1: interruptible), does the
 *                    OPS, and waits (FLAGS & 2: cancels)
 *   x OP OP ...      do these while none of the threads can run
 *   j W Q TAKES      waiter W joins queue Q, and takes wake-ups or (0) refuses them
 *   l W              it leaves, if it has joined and not left
 *   e Q              whether the queue is empty
 *
 * OPS are letters with a number each, without spaces: o0 wakes one in queue 0, a0 all, i3
 * interrupts thread 3. "-" is none.
 *
 * The reply in hexadecimal: the results (of the OPs, of l and of e); 0xff and the waiters that
 * were asked, in order; 0xff and for each thread that has come back its number and 0, 1 for
 * -EINTR, or whether it had been woken if it cancelled (2 or 3). "-" is the reply to what cannot
 * be: thread T sleeps, W waits already.
 */
#include "lab2-memory/tests/probe_words.h"
#include "lab3-threads/tests/naps.h"
#include <linux/errno.h>

#define THREADS 6
#define WAITERS 4
#define QUEUES  3
#define MARK    0xff
#define ASKED   256

/* A thread that does what it is told. Only one processor: they take turns. */
struct servant {
	struct thread *thread;
	struct waitqueue *queue; /* NULL: it has nothing to do */
	unsigned flags;
	const char *operations;
	bool quits, back;
	unsigned result;
};

struct taker {
	struct waiter waiter;
	struct waitqueue *queue; /* NULL: in none */
	bool takes;
};

static struct servant servants[THREADS];
static struct taker takers[WAITERS];
static struct waitqueue queues[QUEUES];
static unsigned asked[ASKED], asked_count;

static bool ask(struct waiter *waiter)
{
	struct taker *self = list_entry(waiter, struct taker, waiter);

	KT_REQUIRE(asked_count < ASKED);
	asked[asked_count++] = (unsigned)(self - takers);
	if (self->takes)
		self->queue = NULL;
	return self->takes;
}

/* One letter and its number; the result is said. */
static void operate(const char *operation)
{
	unsigned number = (unsigned)(operation[1] - '0');

	if (operation[0] == 'i') {
		KT_REQUIRE(number < THREADS);
		thread_interrupt(servants[number].thread);
		return;
	}
	KT_REQUIRE(number < QUEUES);
	if (operation[0] == 'o')
		probe_say(waitqueue_wake_one(&queues[number]));
	else
		probe_say(waitqueue_wake_all(&queues[number]));
}

static void sleep_as_told(struct servant *self)
{
	struct waiter waiter;

	waitqueue_prepare(self->queue, &waiter, self->flags & 1);
	for (const char *at = self->operations; *at && *at != '-'; at += 2)
		operate(at);
	if (self->flags & 2)
		self->result = 2 + waitqueue_cancel(self->queue, &waiter);
	else
		self->result = waitqueue_wait(self->queue, &waiter) == -EINTR;
	waiter = (struct waiter){ .wake = NULL };
	self->back = true;
}

static void serve(void *argument)
{
	struct servant *self = argument;

	while (!self->quits) {
		if (self->queue)
			sleep_as_told(self);
		self->queue = NULL;
		sched_yield();
	}
}

/* Whether each of the threads sleeps or has nothing to do. */
static bool settled(void)
{
	for (unsigned i = 0; i < THREADS; i++)
		if (servants[i].queue && !asleep(servants[i].thread))
			return false;
	return true;
}

static void reply(void)
{
	UNTIL(settled());
	probe_say(MARK);
	for (unsigned i = 0; i < asked_count; i++)
		probe_say(asked[i]);
	probe_say(MARK);
	for (unsigned i = 0; i < THREADS; i++)
		if (servants[i].back) {
			probe_say(i);
			probe_say(servants[i].result);
			servants[i].back = false;
		}
	asked_count = 0;
	probe_reply();
}

static bool do_sleep(const char *const words[PROBE_WORDS])
{
	struct servant *servant = &servants[probe_number(words[1], THREADS)];

	if (servant->queue)
		return false;
	servant->flags = (unsigned)probe_number(words[3], 4);
	servant->operations = words[4];
	servant->queue = &queues[probe_number(words[2], QUEUES)];
	return true;
}

static bool do_join(const char *const words[PROBE_WORDS])
{
	struct taker *taker = &takers[probe_number(words[1], WAITERS)];

	if (taker->queue)
		return false;
	taker->queue = &queues[probe_number(words[2], QUEUES)];
	taker->takes = *words[3] == '1';
	taker->waiter = (struct waiter){ .wake = ask };
	waitqueue_join(taker->queue, &taker->waiter);
	return true;
}

static bool do_leave(struct taker *taker)
{
	if (!taker->queue)
		return false;
	probe_say(waitqueue_leave(taker->queue, &taker->waiter));
	taker->queue = NULL;
	return true;
}

static bool done(const char *const words[PROBE_WORDS])
{
	switch (*words[0]) {
	case 's':
		return do_sleep(words);
	case 'j':
		return do_join(words);
	case 'l':
		return do_leave(&takers[probe_number(words[1], WAITERS)]);
	case 'e':
		probe_say(waitqueue_empty(&queues[probe_number(words[1], QUEUES)]));
		return true;
	default:
		for (int i = 1; i < PROBE_WORDS && *words[i]; i++)
			operate(words[i]);
		return true;
	}
}

static void begin(void)
{
	static const char *const names[QUEUES] = { "queue 0", "queue 1", "queue 2" };

	for (unsigned i = 0; i < QUEUES; i++)
		waitqueue_init(&queues[i], names[i]);
	for (unsigned i = 0; i < THREADS; i++)
		servants[i].thread = crew_start(serve, &servants[i]);
}

/* Wake whoever still sleeps, and let all end. */
static void end(void)
{
	for (unsigned i = 0; i < WAITERS; i++)
		do_leave(&takers[i]);
	for (unsigned i = 0; i < QUEUES; i++)
		waitqueue_wake_all(&queues[i]);
	for (unsigned i = 0; i < THREADS; i++) {
		UNTIL(!servants[i].queue);
		servants[i].quits = true;
	}
	crew_join();
}

KPROBE(waitqueue_lines)
{
	static char line[128];
	const char *words[PROBE_WORDS];

	begin();
	while (kt_input_line(line, sizeof(line))) {
		probe_split(line, words);
		if (done(words))
			reply();
		else
			probe_reply();
	}
	end();
}
