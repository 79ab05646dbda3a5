/*
 * The probe for test_mlfq.py: the policy's own functions, one call a line, on threads that only
 * look like some. They are called by numbers that the host chooses.
 *
 *   n NAME PRIORITY   a new thread comes
 *   w NAME            one that is away wakes up
 *   m NAME            one that is away comes from another processor
 *   d NAME            one that waits is taken out, and is away
 *   c NAME PRIORITY   its priority changes; if it waits, it is taken out for that
 *   p                 the next one is to run, if none does
 *   t NANOSECONDS     the running one has had so much time; if that was its slice, it goes back
 *   y, x, s           the running one yields, is preempted, goes to sleep
 *
 * A reply is "-" for what cannot be done, "NAME LEVEL" or "none" for p, "spent" or "on" for t, and
 * "ok" for the rest.
 */
#include "lab1-boot/lib/format.h"
#include "lab2-memory/tests/probe_words.h"
#include "lab3-threads/tests/policies.h"

#define NAMES 64

enum where { NOWHERE, AWAY, WAITS, RUNS };

static struct thread thread[NAMES];
static enum where where[NAMES];
static struct thread *running;

static void put(unsigned name, enum sched_why why)
{
	enqueue(&thread[name], why);
	where[name] = WAITS;
}

static void take_out(unsigned name)
{
	policy->dequeue(0, &thread[name]);
	where[name] = AWAY;
}

static void back(enum sched_why why)
{
	put((unsigned)(running - thread), why);
	running = NULL;
}

static void change(unsigned name, unsigned priority)
{
	bool waits = where[name] == WAITS;

	if (waits)
		take_out(name);
	thread[name].priority = priority;
	if (waits)
		put(name, SCHED_MOVED);
}

/* What is done with a thread by its name; false if that cannot be. */
static bool with_name(char what, unsigned name, unsigned priority)
{
	if (what == 'n' && where[name] == NOWHERE) {
		policy_thread(&thread[name], name, priority);
		put(name, SCHED_NEW);
	} else if ((what == 'w' || what == 'm') && where[name] == AWAY) {
		put(name, what == 'w' ? SCHED_WOKEN : SCHED_MOVED);
	} else if (what == 'd' && where[name] == WAITS) {
		take_out(name);
	} else if (what == 'c' && where[name] != NOWHERE) {
		change(name, priority);
	} else {
		return false;
	}
	return true;
}

static void reply_picked(void)
{
	char text[32];

	if (!running) {
		kt_reply("none");
		return;
	}
	KT_REQUIRE(running >= thread && running < thread + NAMES);
	where[running - thread] = RUNS;
	ksnprintf(text, sizeof(text), "%u %u", (unsigned)(running - thread), running->sched.level);
	kt_reply(text);
}

static void reply_ticked(uint64_t ns)
{
	bool spent = tick(running, ns);

	if (spent)
		back(SCHED_SPENT);
	kt_reply(spent ? "spent" : "on");
}

/* What is done with the running one. */
static void leave(char how)
{
	if (how == 's') {
		where[running - thread] = AWAY;
		running = NULL;
	} else {
		back(how == 'y' ? SCHED_GIVEN : SCHED_PREEMPTED);
	}
}

KPROBE(mlfq_lines)
{
	const char *words[PROBE_WORDS];
	char line[64];

	policy_take("mlfq");
	while (kt_input_line(line, sizeof(line))) {
		probe_split(line, words);
		char what = *words[0];

		if (what == 'p' && !running) {
			running = pick();
			reply_picked();
		} else if (what == 't' && running) {
			reply_ticked(probe_number(words[1], UINT64_MAX));
		} else if ((what == 'y' || what == 'x' || what == 's') && running) {
			leave(what);
			kt_reply("ok");
		} else if (*words[1] && what != 't' &&
			   with_name(what, (unsigned)probe_number(words[1], NAMES),
				   *words[2] ? (unsigned)probe_number(words[2], THREAD_PRIORITIES)
					     : 0)) {
			kt_reply("ok");
		} else {
			kt_reply("-");
		}
	}
}
