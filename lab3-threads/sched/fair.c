/*
 * The fair policy: everybody gets a share of the processor by its weight, and gets it in
 * time. Earliest eligible virtual deadline first, in small.
 *
 * A thread's virtual time is the time that it has had, divided by its weight: with ideal
 * sharing all would be the same at every moment. What they would be is their average,
 * weighted; who is behind it is owed something (its lag), and only such a thread is
 * eligible. A thread asks for a slice at a time, and in virtual time it should have had it
 * by its deadline: now, plus the slice divided by its weight. Of all that are eligible,
 * the one with the earliest deadline runs. So nobody is ever ahead or behind by much more
 * than a slice, if the others come to a resched point when theirs is over.
 *
 * Who goes away to sleep takes its lag along, within bounds: it comes back neither with a
 * right to all that it slept through, nor freed from having had too much.
 *
 * Read more: Stoica and Abdel-Wahab, "Earliest eligible virtual deadline first", Old
 * Dominion University TR-95-22, 1995; Linux's kernel/sched/fair.c.
 */
#include "lab3-threads/sched/fair.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab3-threads/sched/policy.h"

/*
 * A nanosecond of a thread's is 2^UNITS divided by its weight in virtual time: with the lowest
 * weight a second is 2^39 units, and differences fit into 63 bits for half a year.
 */
#define UNITS 14

/* Who runs alone may not be interrupted for days. Of so many nanoseconds at once the rest does not
 * count: virtual time times a weight has to fit. Nobody else was ready in that time, unless the
 * running one came to no resched point, for it is charged before another one comes. */
#define COUNTED_MAX 1000000000ul

struct fair {
	struct tree tree; /* who is ready, in the order of deadlines */
	uint64_t base;    /* a virtual time near the average */
	int64_t sum;      /* weight * (virtual - base), of all: who runs is one of them */
	uint64_t weight;  /* of all together */
};

static struct thread *thread_at(struct tree_node *node)
{
	return tree_entry(node, struct thread, sched.node);
}

/* Times may wrap around; differences do not. */
static bool before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

/* Each node knows the lowest virtual time below it. */
static void update_least(struct tree_node *node)
{
	struct thread_sched *sched = &thread_at(node)->sched;

	sched->least = sched->virtual;
	for (int side = 0; side < 2; side++)
		if (node->child[side] &&
			before(thread_at(node->child[side])->sched.least, sched->least))
			sched->least = thread_at(node->child[side])->sched.least;
}

static PERCPU(struct fair, fair_queue) = { .tree = TREE_INIT(update_least) };

static struct fair *fair_of(unsigned cpu)
{
	return percpu_at(percpu_areas[cpu], fair_queue);
}

static void fair_init(unsigned cpu)
{
	*fair_of(cpu) = (struct fair){ .tree = TREE_INIT(update_least) };
}

/* --- weights, averages, lags --------------------------------------------------------- */

/* 1024 * 1.25 ^ (priority - 16): a step is a quarter more. */
static const uint16_t weights[THREAD_PRIORITIES] = { 29, 36, 45, 56, 70, 88, 110, 137, 172, 215,
	268, 336, 419, 524, 655, 819, 1024, 1280, 1600, 2000, 2500, 3125, 3906, 4883, 6104, 7629,
	9537, 11921, 14901, 18626, 23283, 29104 };

uint64_t fair_weight(unsigned priority)
{
	return weights[priority];
}

/* What all would have with ideal sharing; rounded down, so that somebody is never above it. */
static uint64_t average(struct fair *fair)
{
	int64_t weight = (int64_t)fair->weight, step;

	if (!weight)
		return fair->base;
	step = fair->sum / weight - (fair->sum % weight < 0);
	fair->base += (uint64_t)step;
	fair->sum -= step * weight;
	return fair->base;
}

static int64_t weighted(const struct fair *fair, const struct thread_sched *sched)
{
	return (int64_t)(sched->virtual - fair->base) * (int64_t)sched->weight;
}

/* A new slice is asked for. */
static void ask(struct thread_sched *sched)
{
	sched->deadline = sched->virtual + (FAIR_SLICE << UNITS) / sched->weight;
}

/* The thread has had some time, or is to be treated as if. */
static void advance(struct fair *fair, struct thread_sched *sched, uint64_t by)
{
	sched->virtual += by;
	fair->sum += (int64_t)by * (int64_t)sched->weight;
}

/* One more takes part. Its own lag moves the average: it is placed so far off that the lag is the
 * same afterwards. */
static void join(struct fair *fair, struct thread *thread)
{
	struct thread_sched *sched = &thread->sched;

	sched->weight = weights[thread->priority];
	sched->virtual = average(fair);
	if (fair->weight)
		sched->virtual -= (uint64_t)(sched->lag / (int64_t)sched->weight +
					     sched->lag / (int64_t)fair->weight);
	ask(sched);
	fair->sum += weighted(fair, sched);
	fair->weight += sched->weight;
}

static void part(struct fair *fair, struct thread_sched *sched)
{
	int64_t most = (int64_t)(FAIR_LAG << UNITS);
	int64_t lag = (int64_t)(average(fair) - sched->virtual) * (int64_t)sched->weight;

	sched->lag = lag > most ? most : lag < -most ? -most : lag;
	fair->sum -= weighted(fair, sched);
	fair->weight -= sched->weight;
}

/* --- the queue ----------------------------------------------------------------------- */

/* Behind those with the same deadline. */
static void insert(struct fair *fair, struct thread *thread)
{
	struct tree_node *parent = NULL, *at = fair->tree.root;
	int side = 0;

	while (at) {
		parent = at;
		side = !before(thread->sched.deadline, thread_at(at)->sched.deadline);
		at = at->child[side];
	}
	tree_insert(&fair->tree, parent, side, &thread->sched.node);
}

/* Who yields gives up what is left of its slice. */
static void fair_enqueue(unsigned cpu, struct thread *thread, enum sched_why why)
{
	struct fair *fair = fair_of(cpu);
	struct thread_sched *sched = &thread->sched;

	if (why == SCHED_NEW || why == SCHED_WOKEN || why == SCHED_MOVED) {
		join(fair, thread);
	} else if (why == SCHED_GIVEN) {
		advance(fair, sched, sched->deadline - sched->virtual);
		ask(sched);
	}
	insert(fair, thread);
}

static void fair_dequeue(unsigned cpu, struct thread *thread)
{
	struct fair *fair = fair_of(cpu);

	tree_remove(&fair->tree, &thread->sched.node);
	part(fair, &thread->sched);
}

static void fair_leave(unsigned cpu, struct thread *running)
{
	part(fair_of(cpu), &running->sched);
}

/* The earliest deadline of those not above that virtual time; NULL if there is none. */
static struct tree_node *earliest(struct tree_node *node, uint64_t limit)
{
	while (node) {
		struct tree_node *left = node->child[0];

		if (left && !before(limit, thread_at(left)->sched.least))
			node = left;
		else if (!before(limit, thread_at(node)->sched.virtual))
			break;
		else
			node = node->child[1];
	}
	return node;
}

static struct thread *fair_pick(unsigned cpu)
{
	struct fair *fair = fair_of(cpu);
	struct tree_node *node = earliest(fair->tree.root, average(fair));

	if (!node)
		return NULL;
	tree_remove(&fair->tree, node);
	return thread_at(node);
}

static bool fair_tick(unsigned cpu, struct thread *running, uint64_t ns, enum sched_why *why)
{
	struct fair *fair = fair_of(cpu);
	struct thread_sched *sched = &running->sched;

	ns = ns < COUNTED_MAX ? ns : COUNTED_MAX;
	advance(fair, sched, (ns << UNITS) / sched->weight);
	if (sched->weight != weights[running->priority]) {
		part(fair, sched);
		join(fair, running);
	}
	if (before(sched->virtual, sched->deadline))
		return false;
	ask(sched);
	*why = SCHED_SPENT;
	return true;
}

static uint64_t fair_left(unsigned cpu, const struct thread *running)
{
	const struct thread_sched *sched = &running->sched;

	(void)cpu;
	if (!before(sched->virtual, sched->deadline))
		return 0;
	return ((sched->deadline - sched->virtual) * sched->weight >> UNITS) + 1;
}

static bool fair_urgent(const struct thread *thread, const struct thread *running)
{
	return !before(average(fair_of(thread->cpu)), thread->sched.virtual) &&
	       before(thread->sched.deadline, running->sched.deadline);
}

static struct thread *fair_spare(unsigned cpu, unsigned other)
{
	struct tree_node *node = tree_first(&fair_of(cpu)->tree);

	while (node && !(thread_at(node)->affinity >> other & 1))
		node = tree_next(node);
	return node ? thread_at(node) : NULL;
}

SCHED_POLICY(fair, .init = fair_init, .enqueue = fair_enqueue, .dequeue = fair_dequeue,
	.pick = fair_pick, .tick = fair_tick, .left = fair_left, .leave = fair_leave,
	.urgent = fair_urgent, .spare = fair_spare);
