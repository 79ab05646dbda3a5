/*
 * The probe for test_donation.py: workers, and mutexes that each of them takes in the order of
 * their numbers.
 *
 *   l 3 5    worker 3 locks mutex 5
 *   u 3 5    worker 3 unlocks mutex 5
 *   p 3 20   worker 3 gets the priority 20 of its own
 *
 * The reply has the priorities of all workers, and then for each mutex who has got it, or 8:
 * nobody; all in hexadecimal. It is "-" if the worker cannot do that: it waits, or has one of these
 * or of the later mutexes already, or has not got it. After the last line all that are got are
 * unlocked.
 */
#include "lab2-memory/tests/probe_words.h"
#include "lab3-threads/tests/donation_workers.h"

static unsigned owner_of(unsigned which)
{
	unsigned number = 0;

	while (number < WORKERS && !owns(number, which))
		number++;
	return number;
}

/* Whether it has got this or a later one. */
static bool owns_from(unsigned number, unsigned which)
{
	while (which < MUTEXES && !owns(number, which))
		which++;
	return which < MUTEXES;
}

static bool can(char what, unsigned number, unsigned which)
{
	if (what == 'p')
		return true;
	if (worker[number].busy)
		return false;
	return what == 'l' ? !owns_from(number, which) : owns(number, which);
}

static void follow(char what, unsigned number, unsigned which)
{
	if (what == 'p')
		set_base(number, which);
	else if (what == 'l')
		let_lock(number, which);
	else
		let_unlock(number, which);
}

static void say_all(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		probe_say(worker[i].thread->priority);
	for (unsigned i = 0; i < MUTEXES; i++)
		probe_say(owner_of(i));
}

static void unlock_all(void)
{
	for (unsigned i = MUTEXES; i-- > 0;)
		for (unsigned owner; (owner = owner_of(i)) < WORKERS;)
			let_unlock(owner, i);
}

KPROBE(donation_lines)
{
	const char *words[PROBE_WORDS];
	char line[16];

	workers_begin(WORKERS);
	while (kt_input_line(line, sizeof(line))) {
		unsigned number, which;

		probe_split(line, words);
		number = (unsigned)probe_number(words[1], WORKERS);
		which = (unsigned)probe_number(
			words[2], *words[0] == 'p' ? THREAD_PRIORITIES : MUTEXES);
		if (can(*words[0], number, which)) {
			follow(*words[0], number, which);
			say_all();
		}
		probe_reply();
	}
	unlock_all();
	workers_end();
}
