/*
 * The probe for test_mutex.py's logs: threads on several processors do what their programmes
 * say, in many schedules, and write down what they see.
 *
 *   p T PROGRAMME      what thread T does from now on
 *   g CPUS SCHEDULES   run all of them so often
 *
 * A programme is a row of letters: a, b lock one of two mutexes, x, y try it, a dot lets go of the
 * one that was taken last; what stands between x and its dot is passed over if it was not to
 * be had. w works: the value of each mutex that is held becomes 5 * value + 1 + T, in 32 bits. z
 * lets other threads run. Outside of all that, P puts T's next element into a buffer for two, and
 * G takes one out. When nothing goes on any more, the test itself, thread 9, takes one out, or puts
 * one in if there is none, until all have ended.
 *
 * The reply to each schedule is its log, four numbers an event in hexadecimal: the thread, the
 * event's letter, the mutex, and
 *   w wants, t tries   0, before
 *   g has got it       0; n has not: 0
 *   v has worked       the mutex's value
 *   r lets go          0, before; d has let go: 0
 *   P has put, G has taken (both while it has the buffer's mutex)  the element
 * The replies to p and, behind the logs, to g are "-".
 */
#include "lab2-memory/tests/probe_words.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/lock/condvar.h"
#include "lab3-threads/tests/crew.h"

#define THREADS   4
#define MUTEXES   2
#define EVENTS    600
#define PROGRAMME 80
#define ROUNDS    100
#define CAPACITY  2
#define MYSELF    9

struct event {
	unsigned thread, mutex;
	char what;
	uint32_t number;
};

static char programme[THREADS][PROGRAMME];
static struct mutex mutexes[MUTEXES];
static uint32_t value[MUTEXES]; /* [its mutex] */
static struct event events[EVENTS];
static unsigned event_count, ended; /* [a] */

static struct mutex at_buffer = MUTEX_INIT(at_buffer, "buffer");
static struct condvar not_full = CONDVAR_INIT(not_full, "not full");
static struct condvar not_empty = CONDVAR_INIT(not_empty, "not empty");
static uint32_t buffer[CAPACITY]; /* [at_buffer], and the next ones */
static unsigned first, filled;

static void note(unsigned thread, char what, unsigned mutex, uint32_t number)
{
	unsigned place = __atomic_fetch_add(&event_count, 1, __ATOMIC_RELAXED);

	KT_REQUIRE(place < EVENTS);
	events[place] = (struct event){ thread, mutex, what, number };
}

/* --- the buffer ---------------------------------------------------------------------- */

static void put(unsigned thread, uint32_t element)
{
	buffer[(first + filled++) % CAPACITY] = element;
	note(thread, 'P', MUTEXES, element);
	condvar_signal(&not_empty);
}

static void get(unsigned thread)
{
	uint32_t element = buffer[first];

	first = (first + 1) % CAPACITY;
	filled--;
	note(thread, 'G', MUTEXES, element);
	condvar_signal(&not_full);
}

static void use_buffer(unsigned thread, char what, uint32_t element)
{
	mutex_lock(&at_buffer);
	if (what == 'P') {
		while (filled == CAPACITY)
			condvar_wait(&not_full, &at_buffer, 0);
		put(thread, element);
	} else {
		while (!filled)
			condvar_wait(&not_empty, &at_buffer, 0);
		get(thread);
	}
	mutex_unlock(&at_buffer);
}

/* When nothing goes on any more: help those that still wait. */
static void help_all(void)
{
	for (uint32_t round = 0;; round++) {
		explore_wait_idle();
		if (__atomic_load_n(&ended, __ATOMIC_RELAXED) == THREADS)
			return;
		if (round == ROUNDS)
			kt_stop("a thread that waits is never woken", __FILE__, __LINE__);
		mutex_lock(&at_buffer);
		if (filled)
			get(MYSELF);
		else
			put(MYSELF, MYSELF << 8 | round);
		mutex_unlock(&at_buffer);
	}
}

/* --- mutexes ------------------------------------------------------------------------- */

/* Take the mutex that the letter names; false if it was only tried, and not to be had. */
static bool take(unsigned thread, char letter)
{
	bool tries = letter >= 'x';
	unsigned mutex = (unsigned)(letter - (tries ? 'x' : 'a'));

	note(thread, tries ? 't' : 'w', mutex, 0);
	if (tries && !mutex_trylock(&mutexes[mutex])) {
		note(thread, 'n', mutex, 0);
		return false;
	}
	if (!tries)
		mutex_lock(&mutexes[mutex]);
	note(thread, 'g', mutex, 0);
	return true;
}

static void let_go(unsigned thread, unsigned mutex)
{
	note(thread, 'r', mutex, 0);
	mutex_unlock(&mutexes[mutex]);
	note(thread, 'd', mutex, 0);
}

static void work(unsigned thread, unsigned mutex)
{
	value[mutex] = 5 * value[mutex] + 1 + thread;
	note(thread, 'v', mutex, value[mutex]);
}

/* Behind the dot that belongs to the letter at `at`. */
static const char *behind(const char *at)
{
	for (int depth = 0;; at++) {
		depth += *at == '.' ? -1 : *at != 'w' && *at != 'z';
		if (!depth)
			return at + 1;
	}
}

static void run(void *argument)
{
	unsigned self = (unsigned)(uint64_t)argument, held[MUTEXES], count = 0, puts = 0;
	const char *at = programme[self];

	while (*at) {
		char what = *at++;

		if (what == '.')
			let_go(self, held[--count]);
		else if (what == 'w')
			for (unsigned i = 0; i < count; i++)
				work(self, held[i]);
		else if (what == 'z')
			sched_yield();
		else if (what == 'P' || what == 'G')
			use_buffer(self, what, self << 8 | (what == 'P' ? puts++ : 0));
		else if (take(self, what))
			held[count++] = (unsigned)(what - (what >= 'x' ? 'x' : 'a'));
		else
			at = behind(at - 1);
	}
	__atomic_fetch_add(&ended, 1, __ATOMIC_RELAXED);
}

static void once(void)
{
	event_count = ended = first = filled = 0;
	for (unsigned i = 0; i < MUTEXES; i++)
		value[i] = 0;
	for (unsigned i = 0; i < THREADS; i++)
		crew_start(run, (void *)(uint64_t)i);
	help_all();
	crew_join();
	for (unsigned i = 0; i < event_count; i++) {
		probe_say(events[i].thread);
		probe_say((uint64_t)events[i].what);
		probe_say(events[i].mutex);
		probe_say(events[i].number);
	}
	probe_reply();
}

KPROBE(mutex_log)
{
	static char line[256];
	const char *words[PROBE_WORDS];

	mutex_init(&mutexes[0], "a");
	mutex_init(&mutexes[1], "b");
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
