/* The monitor's command "locks": how each class fares, and the order that was seen. See order.h. */
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/debug/symbols.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/monitor/monitor.h"
#include "lab3-threads/order/graph.h"

#ifdef DEBUG
#define PLACE(site) symbol_of((site)-1).name, symbol_of((site)-1).offset + 1

static const char *kind_of(const struct order_class *class)
{
	return class->sleeps ? "sleeps" : "spins";
}

static uint64_t now(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* Whether a fares worse than b: it was waited for more often, or longer, or taken more often. */
static bool worse(const struct order_class *a, const struct order_class *b)
{
	if (now(&a->contended) != now(&b->contended))
		return now(&a->contended) > now(&b->contended);
	if (now(&a->waited) != now(&b->waited))
		return now(&a->waited) > now(&b->waited);
	return now(&a->acquired) > now(&b->acquired);
}

/* The numbers of all classes, the worst one first; returns how many. */
static unsigned sort_classes(uint8_t *sorted)
{
	unsigned count = order_class_count();

	for (unsigned i = 0; i < count; i++) {
		unsigned at = i;

		for (; at > 0 && worse(order_class_at(i), order_class_at(sorted[at - 1])); at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = (uint8_t)i;
	}
	return count;
}

static void print_class(const struct order_class *class)
{
	uint64_t flags = order_lock(), longest = class->longest, site = class->longest_site;

	order_unlock(flags);
	kprintf("%-16s %-6s %10lu %10lu %10lu %12lu", class->name, kind_of(class),
		now(&class->acquired), now(&class->contended), now(&class->waited), longest);
	if (site)
		kprintf("  %s+0x%lx", PLACE(site));
	kprintf("\n");
}

static void print_statistics(void)
{
	uint8_t sorted[ORDER_CLASSES];
	unsigned count = sort_classes(sorted);

	kprintf("%-16s %-6s %10s %10s %10s %12s  %s\n", "class", "", "taken", "contended", "waits",
		"longest, ns", "which was taken at");
	for (unsigned i = 0; i < count; i++)
		if (now(&order_class_at(sorted[i])->acquired))
			print_class(order_class_at(sorted[i]));
}

static void print_order(void)
{
	struct order_edge edge;

	for (unsigned i = 0; order_edge_at(i, &edge); i++) {
		const struct order_class *from = order_class_at(edge.from);
		const struct order_class *to = order_class_at(edge.to);

		kprintf("%s (%s) -> %s (%s)  held since %s+0x%lx, taken at %s+0x%lx\n", from->name,
			kind_of(from), to->name, kind_of(to), PLACE(edge.held_at),
			PLACE(edge.taken_at));
	}
	if (order_edges_forgotten())
		kprintf("... and %u for which there was no room\n", order_edges_forgotten());
}

COMMAND(locks, "[order]", "how each class of locks fares; in which order they are taken")
{
	if (count == 1)
		print_statistics();
	else if (count == 2 && !strcmp(words[1], "order"))
		print_order();
	else
		kprintf("usage: locks [order]\n");
}
#else
COMMAND(locks, "[order]", "how each class of locks fares (debug kernels)")
{
	kprintf("locks: this kernel does not watch them; one that is made with DEBUG=1 does\n");
}
#endif
