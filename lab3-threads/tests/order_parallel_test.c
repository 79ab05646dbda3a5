/*
 * Several processors find new classes and new edges at once. tests/test_order.py runs it on
 * two that are really parallel.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/format.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/lock/spinlock.h"
#include "lab3-threads/cpu/smp.h"
#include "lab3-threads/order/graph.h"
#include "lab3-threads/thread/thread.h"

#define LOCKS 30

static struct spinlock lock[LOCKS];
static char name[LOCKS][ORDER_NAME];
static unsigned here; /* [a] */

/* Each takes all pairs, the lower number first, beginning when everybody is there. */
static void run_pairs(void *unused)
{
	(void)unused;
	__atomic_add_fetch(&here, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&here, __ATOMIC_SEQ_CST) < smp_online())
		CPU_PAUSE();
	for (int low = 0; low < LOCKS; low++)
		for (int high = low + 1; high < LOCKS; high++) {
			spin_lock(&lock[low]);
			spin_lock(&lock[high]);
			spin_unlock(&lock[low]);
			spin_unlock(&lock[high]);
		}
}

/* Each name is one class, and was counted right. */
static void check_classes(void)
{
	unsigned found = 0;

	for (unsigned i = 0; i < order_class_count(); i++) {
		const struct order_class *class = order_class_at(i);

		if (strncmp(class->name, "pair ", 5))
			continue;
		found++;
		KT_EQ(class->acquired, (LOCKS - 1) * smp_online());
	}
	KT_EQ(found, LOCKS);
}

static void check_edges(void)
{
	unsigned found = 0;
	struct order_edge edge;

	for (unsigned i = 0; order_edge_at(i, &edge); i++)
		found += !strncmp(order_class_at(edge.from)->name, "pair ", 5) &&
			 !strncmp(order_class_at(edge.to)->name, "pair ", 5);
	KT_EQ(found, LOCKS * (LOCKS - 1) / 2);
}

KTEST(order_parallel, "", "all processors learn the same order at the same time",
	.needs = "3.1 3.2 3.3", .limit = 10)
{
	struct thread *thread[CPUS_MAX];
	unsigned cpus = smp_online();

	for (int i = 0; i < LOCKS; i++) {
		ksnprintf(name[i], sizeof(name[i]), "pair %d", i);
		spin_init(&lock[i], name[i]);
	}
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		thread[cpu] = thread_create("pairs", run_pairs, NULL);
		KT_REQUIRE(thread[cpu]);
		thread_set_affinity(thread[cpu], (uint8_t)(1u << cpu));
	}
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		thread_start(thread[cpu]);
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		thread_join(thread[cpu]);
	check_classes();
	check_edges();
}
