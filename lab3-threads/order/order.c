/*
 * The locks that are held, and what is checked when one is taken or let go of: see
 * order.h. Classes are in classes.c, the graph in graph.c, what is said in report.c.
 *
 * A stack of held locks is changed by its owner alone, with interrupts off: a handler
 * takes locks, too.
 */
#include "lab3-threads/order/order.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/order/graph.h"
#include "lab3-threads/order/report.h"
#include "lab3-threads/thread/thread.h"

#ifdef DEBUG
_Static_assert(offsetof(struct spinlock, name) == 0, "a lock begins with its name");
_Static_assert(offsetof(struct mutex, name) == 0, "a lock begins with its name");
_Static_assert(offsetof(struct rwlock, name) == 0, "a lock begins with its name");

static PERCPU(struct order_stack, spinning);
static bool lost_any; /* [a] some stack was too small */

ORDER_QUICK static struct order_stack *stack_of(enum order_kind kind)
{
	return kind == ORDER_SPIN ? this_cpu_ptr(spinning) : &thread_self()->order;
}

/* The record of a lock in a stack; NULL if it is not there. */
ORDER_QUICK static struct order_held *find(struct order_stack *stack, const void *lock)
{
	for (unsigned i = stack->count; i-- > 0;)
		if (stack->held[i].lock == lock)
			return &stack->held[i];
	return NULL;
}

ORDER_QUICK static void push(struct order_stack *stack, const struct order_held *held)
{
	if (stack->count < ORDER_HELD) {
		stack->held[stack->count++] = *held;
		return;
	}
	stack->lost++;
	__atomic_store_n(&lost_any, true, __ATOMIC_RELAXED);
}

ORDER_QUICK static void take_out(struct order_stack *stack, struct order_held *held)
{
	stack->count--;
	for (; held < &stack->held[stack->count]; held++)
		held[0] = held[1];
}

/* --- checks when a lock is asked for ------------------------------------------------- */

static void check_edge(const struct order_held *wanted, const struct order_held *held)
{
	struct order_edge edge = { .from = held->class,
		.to = wanted->class,
		.held_at = held->site,
		.taken_at = wanted->site };
	struct order_circle circle;

	if (panic_begun())
		return;
	if (!order_edge_add(&edge, &circle))
		report_circle(wanted, held, &circle);
}

/* Two locks of one class. */
static void check_nested(const struct order_held *wanted, const struct order_held *held)
{
	bool *by_address = &order_class_at(held->class)->by_address;

	if (!__atomic_load_n(by_address, __ATOMIC_RELAXED) || wanted->lock < held->lock)
		report_nested(wanted, held);
}

ORDER_QUICK static void check(const struct order_held *wanted, const struct order_stack *stack)
{
	for (unsigned i = 0; i < stack->count; i++) {
		const struct order_held *held = &stack->held[i];

		if (held->lock == wanted->lock)
			report_twice(wanted, held);
		else if (held->class == ORDER_NO_CLASS || wanted->class == ORDER_NO_CLASS)
			continue;
		else if (held->class == wanted->class)
			check_nested(wanted, held);
		else if (!order_edge_known(held->class, wanted->class))
			check_edge(wanted, held);
	}
}

ORDER_QUICK static struct order_held record(
	const void *lock, const char *name, uint64_t site, enum order_kind kind)
{
	return (struct order_held){ .lock = lock,
		.site = site,
		.class = order_class(name, kind != ORDER_SPIN),
		.kind = (uint8_t)kind };
}

ORDER_QUICK void order_acquire(
	const void *lock, const char *name, uint64_t site, enum order_kind kind)
{
	struct order_held wanted = record(lock, name, site, kind);
	uint64_t flags = irq_save();

	check(&wanted, &thread_self()->order);
	check(&wanted, this_cpu_ptr(spinning));
	push(stack_of(kind), &wanted);
	irq_restore(flags);
}

ORDER_QUICK void order_try(const void *lock, const char *name, uint64_t site, enum order_kind kind)
{
	struct order_held taken = record(lock, name, site, kind);
	uint64_t flags = irq_save();

	push(stack_of(kind), &taken);
	irq_restore(flags);
}

void order_waits(const void *lock)
{
	struct order_held *held = find(&thread_self()->order, lock);

	if (held)
		held->waited++;
}

/* clock_ns is called with nothing half done: under the explorer another one may run meanwhile. */
ORDER_QUICK void order_acquired(const void *lock, enum order_kind kind, uint64_t waited)
{
	uint64_t now = clock_ns(), flags = irq_save();
	struct order_held *held = find(stack_of(kind), lock);

	if (held) {
		held->since = now;
		order_count(held->class, waited + held->waited);
	}
	irq_restore(flags);
}

/* --- and when it is given back ------------------------------------------------------- */

ORDER_QUICK void order_release(
	const void *lock, enum order_kind kind, uint64_t site, uint64_t taken)
{
	uint64_t now = clock_ns(), flags = irq_save();
	struct order_stack *stack = stack_of(kind);
	struct order_held *held = find(stack, lock);

	if (held) {
		if (held->since && now > held->since) /* the explorer changes clocks */
			order_held_for(held->class, now - held->since, held->site);
		take_out(stack, held);
	} else if (stack->lost) {
		stack->lost--;
	} else {
		report_not_held(lock, kind, site, taken);
	}
	irq_restore(flags);
}

/* Once each, and where the console's lock may be taken. */
static void tell_limits(void)
{
	static bool told_classes, told_held;

	if (order_class_count() == ORDER_CLASSES &&
		!__atomic_exchange_n(&told_classes, true, __ATOMIC_RELAXED))
		kprintf("lock order: %u classes are all there is room for: others are not "
			"watched\n",
			ORDER_CLASSES);
	if (__atomic_load_n(&lost_any, __ATOMIC_RELAXED) &&
		!__atomic_exchange_n(&told_held, true, __ATOMIC_RELAXED))
		kprintf("lock order: %u locks held at once are all there is room for: others are "
			"not watched\n",
			ORDER_HELD);
}

void order_may_sleep(uint64_t site)
{
	uint64_t flags = irq_save(); /* or we could go on elsewhere, and look at another's stack */
	struct order_stack *stack = this_cpu_ptr(spinning);
	bool may = stack->count == 0;

	if (!may)
		report_sleep(stack, site);
	irq_restore(flags);
	if (may)
		tell_limits();
}

void order_thread_exit(void)
{
	uint64_t flags = irq_save(); /* as in order_may_sleep */

	if (thread_self()->order.count)
		report_exit(&thread_self()->order);
	if (this_cpu_ptr(spinning)->count)
		report_exit(this_cpu_ptr(spinning));
	irq_restore(flags);
}

/* --- nesting that is right ----------------------------------------------------------- */

void order_init(void)
{
	/* vm_clone holds the space and its clone, which nobody else knows of yet. */
	order_by_address("vm_space");
}
#endif
