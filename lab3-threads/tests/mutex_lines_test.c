/*
 * The probe for test_mutex.py's sequences: threads, mutexes and condition variables on one
 * processor. Each mutex has a condition variable and a number of tokens.
 *
 *   l T M    thread T locks mutex M
 *   t T M    it tries to
 *   u T      it unlocks the one that it has
 *   w T F    it takes a token of the one that it has, and waits as long as there is none
 *            (F 1: interruptible)
 *   s T N    it adds N tokens to the one that it has, and signals N times
 *   b T N    it adds N tokens, and broadcasts
 *   p T P    thread T gets the priority P
 *   i T      it is interrupted
 *
 * A thread has at most one mutex, and tokens are taken by whoever comes first. The reply, in
 * hexadecimal: for each mutex, who owns it (0xff: nobody), and then what has been done since, for
 * each thread its number and 1 (has locked), 2 (has not, by t), 3 (has a token), 4 (was
 * interrupted) or 5 (anything else). "-" is the reply to what cannot be: T waits, has none, has one
 * already.
 */
#include "lab2-memory/tests/probe_words.h"
#include "lab3-threads/lock/condvar.h"
#include "lab3-threads/tests/workers.h"
#include <linux/errno.h>

#define MUTEXES 3
#define THREADS 7
#define NONE    0xff

/* With a condition variable and tokens. */
struct place {
	struct mutex mutex;
	struct condvar condvar;
	unsigned tokens; /* [mutex] */
};

static struct place place[MUTEXES];
static struct place *has[THREADS]; /* what each thread owns, by its own account */

static void say(unsigned thread, unsigned what)
{
	probe_say(thread);
	probe_say(what);
}

static void lock(unsigned self, unsigned number)
{
	mutex_lock(&place[number].mutex);
	has[self] = &place[number];
	KT_TRUE(mutex_held(&has[self]->mutex));
	say(self, 1);
}

static void try(unsigned self, unsigned number)
{
	if (mutex_trylock(&place[number].mutex))
		has[self] = &place[number];
	say(self, has[self] ? 1 : 2);
}

static void unlock(unsigned self, unsigned unused)
{
	(void)unused;
	mutex_unlock(&has[self]->mutex);
	has[self] = NULL;
	say(self, 5);
}

static void take(unsigned self, unsigned flags)
{
	struct place *mine = has[self];
	int error = 0;

	while (!mine->tokens && !error) {
		has[self] = NULL;
		error = condvar_wait(&mine->condvar, &mine->mutex, flags);
		has[self] = mine;
		KT_REQUIRE(mutex_held(&mine->mutex));
	}
	if (!error)
		mine->tokens--;
	say(self, error == -EINTR ? 4 : 3);
}

static void signal(unsigned self, unsigned count)
{
	for (has[self]->tokens += count; count; count--)
		condvar_signal(&has[self]->condvar);
	say(self, 5);
}

static void broadcast(unsigned self, unsigned count)
{
	has[self]->tokens += count;
	condvar_broadcast(&has[self]->condvar);
	say(self, 5);
}

static unsigned owner(const struct mutex *mutex)
{
	for (unsigned i = 0; i < THREADS; i++)
		if (worker[i].thread == mutex->owner)
			return i;
	return NONE;
}

/* Do it if it can be. What a thread says comes behind the owners. */
static bool done(char what, unsigned thread, unsigned argument)
{
	static void (*const jobs[])(unsigned, unsigned) = { ['l'] = lock,
		['t'] = try,
		['u'] = unlock,
		['w'] = take,
		['s'] = signal,
		['b'] = broadcast };
	bool locks = what == 'l' || what == 't';

	if (what == 'p') {
		thread_set_priority(worker[thread].thread, argument);
	} else if (what == 'i') {
		thread_interrupt(worker[thread].thread);
		workers_settle();
	} else if (worker[thread].busy || locks == !!has[thread]) {
		return false;
	} else {
		worker_do(thread, jobs[(unsigned)what], argument);
	}
	return true;
}

static void reply(void)
{
	static char events[sizeof(probe_said)];

	strlcpy(events, probe_said, probe_length + 1);
	probe_length = 0;
	for (unsigned i = 0; i < MUTEXES; i++)
		probe_say(owner(&place[i].mutex));
	strlcpy(probe_said + probe_length, events, sizeof(probe_said) - probe_length);
	probe_length += strlen(events);
	probe_reply();
}

static void begin(void)
{
	static const char *const names[MUTEXES] = { "mutex 0", "mutex 1", "mutex 2" };

	for (unsigned i = 0; i < MUTEXES; i++) {
		mutex_init(&place[i].mutex, names[i]);
		condvar_init(&place[i].condvar, names[i]);
	}
	workers_begin(THREADS);
}

/* Whoever waits for a token gets one, and whoever has a mutex gives it up, until all are done. */
static void end(void)
{
	unsigned left = 1;

	for (unsigned rounds = 0; left; rounds++) {
		KT_REQUIRE(rounds < 100);
		for (unsigned i = 0; i < MUTEXES; i++) {
			__atomic_store_n(&place[i].tokens, 100, __ATOMIC_RELAXED);
			condvar_broadcast(&place[i].condvar);
		}
		workers_settle();
		left = 0;
		for (unsigned i = 0; i < THREADS; i++) {
			left += worker[i].busy || has[i];
			if (!worker[i].busy && has[i])
				worker_do(i, unlock, 0);
		}
	}
	workers_end();
}

KPROBE(mutex_lines)
{
	static char line[128];
	const char *words[PROBE_WORDS];

	begin();
	while (kt_input_line(line, sizeof(line))) {
		probe_split(line, words);
		if (done(*words[0], (unsigned)probe_number(words[1], THREADS),
			    *words[2] ? (unsigned)probe_number(words[2], 100) : 0))
			reply();
		else
			probe_reply();
	}
	end();
}
