/*
 * Who runs next: two policies, drawn anew for each schedule.
 *
 * Random: at each point go on, or with some probability change to anybody.
 *
 * PCT: every processor has a random priority, and the highest runs. At d - 1 points,
 * drawn from the whole run's length, whoever runs falls below all others. A bug that
 * needs d things to happen in the wrong order is found with a probability of at least
 * 1 / (n * k^(d-1)) for n processors and k points: most bugs have d = 1 or 2.
 *
 * Read more: Burckhardt et al., ASPLOS 2010 (see explore.h).
 */
#include "lab1-boot/lib/format.h"
#include "lab3-threads/explore/virtual.h"

#define DEPTH_MAX 3

static uint64_t state;                /* of the random numbers */
static unsigned depth;                /* of PCT; 0: random */
static unsigned change_one_in;        /* random */
static unsigned change_at[DEPTH_MAX]; /* PCT: the points, counted from the schedule's begin */
static unsigned lowest;               /* PCT: below all priorities that there are */
static unsigned points;

/* SplitMix64, as kt_random, with a state of its own. */
uint64_t explore_random(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void shuffle_priorities(void)
{
	for (unsigned i = 0; i < virtual_cpus; i++) {
		unsigned j = (unsigned)(explore_random() % (i + 1));

		virtual_cpu[i].priority = virtual_cpu[j].priority;
		virtual_cpu[j].priority = lowest + 1 + i;
	}
}

void explore_draw(uint64_t seed, unsigned schedule, unsigned before)
{
	static const unsigned kinds[] = { 0, 1, 2, 0, 3, 2 }; /* in turn: random, or PCT's depth */

	state = seed;
	points = 0;
	depth = kinds[schedule % (sizeof(kinds) / sizeof(*kinds))];
	change_one_in = 2u << 2 * (explore_random() % 4); /* 2, 8, 32, 128 */
	lowest = UINT32_MAX / 2;
	shuffle_priorities();
	for (unsigned i = 0; i < DEPTH_MAX; i++)
		change_at[i] = i + 1 < depth ? 1 + (unsigned)(explore_random() % (before + 1)) : 0;
}

const char *explore_policy(void)
{
	static char text[40];

	if (depth)
		ksnprintf(text, sizeof(text), "PCT with depth %u", depth);
	else
		ksnprintf(text, sizeof(text), "random, a change at 1 in %u points", change_one_in);
	return text;
}

static bool may_run(unsigned cpu)
{
	return !virtual_cpu[cpu].done && !virtual_cpu[cpu].paused;
}

static unsigned anybody(void)
{
	unsigned cpu;

	do
		cpu = (unsigned)(explore_random() % virtual_cpus);
	while (!may_run(cpu));
	return cpu;
}

static unsigned most_urgent(void)
{
	unsigned best = virtual_cpus;

	for (unsigned cpu = 0; cpu < virtual_cpus; cpu++)
		if (may_run(cpu) && (best == virtual_cpus ||
					    virtual_cpu[cpu].priority > virtual_cpu[best].priority))
			best = cpu;
	return best;
}

unsigned explore_choose(void)
{
	points++;
	if (!depth)
		return may_run(virtual_current) && explore_random() % change_one_in
			       ? virtual_current
			       : anybody();
	for (unsigned i = 0; i < DEPTH_MAX; i++)
		if (points == change_at[i])
			virtual_cpu[virtual_current].priority = lowest--;
	return most_urgent();
}
