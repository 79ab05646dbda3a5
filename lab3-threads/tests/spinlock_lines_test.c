/*
 * The probe for test_spinlock.py: up to four processors use spin locks as their
 * programmes say, in many schedules, and each writes down what it sees.
 *
 *   p CPU PROGRAMME        what that processor does from now on
 *   g CPUS SCHEDULES FIRST run it; the numbers of all locks begin with FIRST
 *
 * A programme is a row of letters: a, b, c lock one of the three locks, x, y, z try it, a
 * dot lets go of the one that was taken last; what stands between x and its dot is passed
 * over if it was not to be had. w works: the value of each lock that is held becomes
 * 5 * value + 1 + the processor's number, in 32 bits.
 *
 * The reply to each schedule is its log in hexadecimal, four numbers an event: the
 * processor, the event's letter, the lock, and
 *   w wants, t tries   the lock's `next`, before
 *   g has got it       its `owner`
 *   n has not got it   0
 *   v has worked       the lock's value
 *   r lets go          0, before
 *   d has let go       0
 * and at last for each lock "f next, owner". The reply to p is "-", and so is that to g,
 * behind its schedules'.
 */
#include "lab1-boot/lock/spinlock.h"
#include "lab2-memory/tests/probe_words.h"
#include "lab3-threads/explore/explore.h"

#define LOCKS     3
#define EVENTS    700
#define PROGRAMME 80

struct event {
	unsigned cpu, lock;
	char what;
	uint32_t number;
};

static struct spinlock locks[LOCKS];
static uint32_t value[LOCKS]; /* [its lock] */
static char programme[EXPLORE_CPUS][PROGRAMME];
static struct event events[EVENTS];
static unsigned event_count; /* [a] */
static uint32_t first;

static void note(unsigned cpu, char what, unsigned lock, uint32_t number)
{
	unsigned place = __atomic_fetch_add(&event_count, 1, __ATOMIC_RELAXED);

	KT_REQUIRE(place < EVENTS);
	events[place] = (struct event){ cpu, lock, what, number };
}

static uint32_t load(const uint32_t *number)
{
	return __atomic_load_n(number, __ATOMIC_RELAXED);
}

/* Take the lock that the letter names; false if it was only tried, and not to be had. */
static bool take(unsigned cpu, char letter)
{
	bool tries = letter >= 'x';
	unsigned lock = (unsigned)(letter - (tries ? 'x' : 'a'));

	note(cpu, tries ? 't' : 'w', lock, load(&locks[lock].next));
	if (tries && !spin_trylock(&locks[lock])) {
		note(cpu, 'n', lock, 0);
		return false;
	}
	if (!tries)
		spin_lock(&locks[lock]);
	note(cpu, 'g', lock, load(&locks[lock].owner));
	return true;
}

static void let_go(unsigned cpu, unsigned lock)
{
	note(cpu, 'r', lock, 0);
	spin_unlock(&locks[lock]);
	note(cpu, 'd', lock, 0);
}

static void work(unsigned cpu, unsigned lock)
{
	value[lock] = 5 * value[lock] + 1 + cpu;
	note(cpu, 'v', lock, value[lock]);
}

/* Behind the dot that belongs to the letter at `at`. */
static const char *behind(const char *at)
{
	for (int depth = 0;; at++) {
		depth += *at == '.' ? -1 : *at != 'w';
		if (!depth)
			return at + 1;
	}
}

static void run(unsigned cpu)
{
	const char *at = programme[cpu];
	unsigned held[LOCKS], count = 0;

	while (*at) {
		if (*at == '.') {
			let_go(cpu, held[--count]);
		} else if (*at == 'w') {
			for (unsigned i = 0; i < count; i++)
				work(cpu, held[i]);
		} else if (take(cpu, *at)) {
			held[count++] = (unsigned)(*at - (*at >= 'x' ? 'x' : 'a'));
		} else {
			at = behind(at);
			continue;
		}
		at++;
	}
}

static void before(void)
{
	static const char *const names[LOCKS] = { "a", "b", "c" };

	for (unsigned i = 0; i < LOCKS; i++) {
		locks[i] = (struct spinlock){ .name = names[i], .next = first, .owner = first };
		value[i] = 0;
	}
	event_count = 0;
}

static void after(void)
{
	for (unsigned i = 0; i < LOCKS; i++)
		note(load(&locks[i].next), 'f', i, load(&locks[i].owner));
	for (unsigned i = 0; i < event_count; i++) {
		probe_say(events[i].cpu);
		probe_say((uint64_t)events[i].what);
		probe_say(events[i].lock);
		probe_say(events[i].number);
	}
	probe_reply();
}

KPROBE(spinlock_lines)
{
	static char line[256];
	const char *words[PROBE_WORDS];

	while (kt_input_line(line, sizeof(line))) {
		probe_split(line, words);
		if (*words[0] == 'p') {
			strlcpy(programme[probe_number(words[1], EXPLORE_CPUS)], words[2],
				PROGRAMME);
		} else {
			first = (uint32_t)probe_number(words[3], 1ul << 32);
			explore_bare((unsigned)probe_number(words[1], EXPLORE_CPUS + 1),
				(unsigned)probe_number(words[2], 10000), before, run, after);
		}
		probe_reply();
	}
}
