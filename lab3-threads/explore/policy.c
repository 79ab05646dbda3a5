/*
 * Who runs next: three policies, in turn; which one and with what numbers is drawn anew
 * for each schedule.
 *
 * POS: what each processor is about to do has a random priority, and the highest is done.
 * What meets another's access to the same memory is given a new one. So the order of any
 * few accesses that matter is nearly a fair draw, however many lie between that do not.
 *
 * PCT: every processor has a random priority, and the highest runs. At d - 1 points,
 * drawn from the whole run's length, whoever runs falls below all others. A bug that
 * needs d things to happen in the wrong order is found with a probability of at least
 * 1 / (n * k^(d-1)) for n processors and k points. It runs far with one processor alone,
 * which POS hardly ever does.
 *
 * Random: at each point go on, or with some probability change to anybody.
 *
 * In three schedules of four only atomic accesses and pauses are points: between two of
 * them others can see nothing that is no data race, and those are found anyhow.
 *
 * Read more: Yuan, Yang and Gu, "Partial order aware concurrency sampling", CAV 2018;
 * Burckhardt et al., "A randomized scheduler with probabilistic guarantees of finding
 * bugs", ASPLOS 2010.
 */
#include "lab1-boot/lib/format.h"
#include "lab3-threads/explore/virtual.h"

#define DEPTH_MAX 3
#define PAUSES    8 /* after so many, about, a processor that waits lets all others go on */

enum kind { POS, RANDOM, PCT };

static uint64_t state; /* of the random numbers */
static enum kind kind;
static bool coarse;                   /* plain accesses are no points */
static unsigned points, length[2];    /* of this schedule; of the last one, coarse or not */
static unsigned depth;                /* PCT */
static unsigned change_at[DEPTH_MAX]; /* PCT: the points, counted from the schedule's begin */
static unsigned lowest;               /* PCT: below all priorities that there are */
static unsigned change_one_in;        /* random */

/* SplitMix64, as kt_random, with a state of its own. */
uint64_t explore_random(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static unsigned below(unsigned limit)
{
	return (unsigned)(explore_random() % limit);
}

static void shuffle_priorities(void)
{
	for (unsigned i = 0; i < virtual_cpus; i++) {
		unsigned j = below(i + 1);

		virtual_cpu[i].priority = virtual_cpu[j].priority;
		virtual_cpu[j].priority = lowest + 1 + i;
	}
}

void explore_draw(uint64_t seed, unsigned schedule)
{
	static const enum kind kinds[] = { POS, PCT, POS, RANDOM };

	length[coarse] = points;
	state = seed;
	points = 0;
	kind = kinds[schedule % (sizeof(kinds) / sizeof(*kinds))];
	coarse = below(4) != 0;
	change_one_in = 2u << 2 * below(4); /* 2, 8, 32, 128 */
	depth = 1 + below(DEPTH_MAX);
	lowest = UINT32_MAX / 2;
	shuffle_priorities();
	for (unsigned i = 0; i + 1 < DEPTH_MAX; i++)
		change_at[i] = i + 1 < depth ? 1 + below(length[coarse] + 1) : 0;
}

const char *explore_policy(void)
{
	const char *of = coarse ? ", atomic points" : "";
	static char text[60];

	if (kind == POS)
		ksnprintf(text, sizeof(text), "POS%s", of);
	else if (kind == PCT)
		ksnprintf(text, sizeof(text), "PCT of depth %u%s", depth, of);
	else
		ksnprintf(text, sizeof(text), "random, 1 in %u%s", change_one_in, of);
	return text;
}

static bool may_run(unsigned cpu)
{
	return !virtual_cpu[cpu].done && !virtual_cpu[cpu].paused;
}

static unsigned highest(void)
{
	unsigned best = virtual_cpus;

	for (unsigned cpu = 0; cpu < virtual_cpus; cpu++)
		if (may_run(cpu) && (best == virtual_cpus ||
					    virtual_cpu[cpu].priority > virtual_cpu[best].priority))
			best = cpu;
	return best;
}

static unsigned choose_random(void)
{
	unsigned cpu = virtual_current;

	if (may_run(cpu) && below(change_one_in))
		return cpu;
	do
		cpu = below(virtual_cpus);
	while (!may_run(cpu));
	return cpu;
}

/* At the drawn points; and who waits for long must not keep those from running for whom it waits.
 */
static bool falls(enum explore_point point)
{
	if (point == POINT_PAUSE && below(PAUSES) == 0)
		return true;
	for (unsigned i = 0; i < DEPTH_MAX; i++)
		if (points == change_at[i])
			return true;
	return false;
}

static unsigned choose_pct(enum explore_point point)
{
	if (falls(point))
		virtual_cpu[virtual_current].priority = lowest--;
	return highest();
}

/* Those that wait with a change in view draw again and again: one that has drawn a low number would
 * hardly ever have its turn. */
static void draw(enum explore_point point)
{
	bool all = point == POINT_PAUSE && below(PAUSES) == 0;

	for (unsigned cpu = 0; cpu < virtual_cpus; cpu++)
		if (all || cpu == virtual_current)
			virtual_cpu[cpu].priority = (unsigned)explore_random();
}

static unsigned choose_pos(enum explore_point point, uint64_t word)
{
	struct virtual_cpu *self = &virtual_cpu[virtual_current], *chosen;
	unsigned next;

	draw(point);
	self->word = point == POINT_PAUSE ? 0 : word;
	self->changes = point == POINT_CHANGE || point == POINT_ATOMIC_CHANGE;
	next = highest();
	chosen = &virtual_cpu[next];
	for (unsigned cpu = 0; cpu < virtual_cpus; cpu++)
		if (cpu != next && chosen->word && virtual_cpu[cpu].word == chosen->word &&
			(chosen->changes || virtual_cpu[cpu].changes))
			virtual_cpu[cpu].priority = (unsigned)explore_random();
	return next;
}

unsigned explore_choose(enum explore_point point, uint64_t word)
{
	if (coarse && (point == POINT_LOOK || point == POINT_CHANGE) && may_run(virtual_current))
		return virtual_current;
	points++;
	return kind == POS   ? choose_pos(point, word)
	       : kind == PCT ? choose_pct(point)
			     : choose_random();
}
