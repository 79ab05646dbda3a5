/* Reports: see report.h. */
#include "lab3-threads/order/report.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/debug/symbols.h"
#include "lab3-threads/thread/thread.h"

#ifdef DEBUG

/* A place as the function and the offset in it, for "%s+0x%lx". */
#define PLACE(site) symbol_of((site)-1).name, symbol_of((site)-1).offset + 1

/* A panic with the backtrace from here, and without a line of this file. */
#define REPORT(...) panic_frame(0, (uint64_t)__builtin_frame_address(0), "lock order: " __VA_ARGS__)

static const char *const kinds[] = {
	[ORDER_SPIN] = "spin lock",
	[ORDER_MUTEX] = "mutex",
	[ORDER_WRITE] = "rwlock",
	[ORDER_READ] = "rwlock",
};

static const char *name_of(const void *lock)
{
	const char *name = *(const char *const *)lock; /* its first member */

	return name ? name : "?";
}

/* Whether to go on: this processor is the first to report. */
static bool begin(void)
{
	if (panic_begun())
		return false;
	panic_begin();
	return true;
}

static void print_edge(const struct order_edge *edge)
{
	const char *from = order_class_at(edge->from)->name, *to = order_class_at(edge->to)->name;

	if (!edge->taken_at) {
		kprintf("  %s was taken while %s was held\n", to, from);
		return;
	}
	kprintf("  %s was taken at %s+0x%lx\n", to, PLACE(edge->taken_at));
	kprintf("    while %s was held, taken at %s+0x%lx\n", from, PLACE(edge->held_at));
}

void report_circle(const struct order_held *wanted, const struct order_held *held,
	const struct order_circle *circle)
{
	if (!begin())
		return;
	kprintf("\nlock order: until now it was the other way round:\n");
	for (unsigned i = 0; i < circle->length && i < ORDER_CIRCLE; i++)
		print_edge(&circle->edge[i]);
	if (circle->length > ORDER_CIRCLE)
		kprintf("  ... and %u more, up to %s\n", circle->length - ORDER_CIRCLE,
			name_of(held->lock));
	REPORT("a circle is closed: %s %s is taken at %s+0x%lx while %s %s is held, taken at "
	       "%s+0x%lx",
		kinds[wanted->kind], name_of(wanted->lock), PLACE(wanted->site), kinds[held->kind],
		name_of(held->lock), PLACE(held->site));
}

void report_nested(const struct order_held *wanted, const struct order_held *held)
{
	if (!begin())
		return;
	REPORT("%s %s is taken at %s+0x%lx while another one of this name%s is held, taken at "
	       "%s+0x%lx",
		kinds[wanted->kind], name_of(wanted->lock), PLACE(wanted->site),
		order_class_at(held->class)->by_address ? ", of a higher address," : "",
		PLACE(held->site));
}

void report_twice(const struct order_held *wanted, const struct order_held *held)
{
	if (!begin())
		return;
	REPORT("%s %s is taken twice: at %s+0x%lx, and before at %s+0x%lx", kinds[wanted->kind],
		name_of(wanted->lock), PLACE(wanted->site), PLACE(held->site));
}

void report_not_held(const void *lock, enum order_kind kind, uint64_t site, uint64_t taken)
{
	if (!begin())
		return;
	if (!taken)
		REPORT("%s %s is let go of at %s+0x%lx, and is not held", kinds[kind],
			name_of(lock), PLACE(site));
	REPORT("%s %s is let go of at %s+0x%lx, and is not held; the last to take it did at "
	       "%s+0x%lx",
		kinds[kind], name_of(lock), PLACE(site), PLACE(taken));
}

/* All but the last one, which the message tells. */
static void print_held(const struct order_stack *stack)
{
	for (unsigned i = 0; i + 1 < stack->count; i++)
		kprintf("\nlock order: %s %s is held, taken at %s+0x%lx",
			kinds[stack->held[i].kind], name_of(stack->held[i].lock),
			PLACE(stack->held[i].site));
}

void report_sleep(const struct order_stack *spinning, uint64_t site)
{
	const struct order_held *last = &spinning->held[spinning->count - 1];

	if (!begin())
		return;
	print_held(spinning);
	REPORT("sleep at %s+0x%lx while spin lock %s is held, taken at %s+0x%lx", PLACE(site),
		name_of(last->lock), PLACE(last->site));
}

void report_exit(const struct order_stack *stack)
{
	const struct order_held *last = &stack->held[stack->count - 1];

	if (!begin())
		return;
	print_held(stack);
	REPORT("thread %s ends while %s %s is held, taken at %s+0x%lx", thread_self()->name,
		kinds[last->kind], name_of(last->lock), PLACE(last->site));
}
#endif
