/* The monitor's command for threads. */
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/debug/symbols.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/monitor/monitor.h"
#include "lab3-threads/sched/view.h"

#define SHOWN 3 /* frames of each */

static const char *const state_name[] = {
	[THREAD_NEW] = "new",
	[THREAD_READY] = "ready",
	[THREAD_RUNNING] = "running",
	[THREAD_SLEEPING] = "sleeping",
	[THREAD_DEAD] = "dead",
};

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* The scheduler's own frames, which are the innermost ones of all threads that do not run. */
static bool is_scheduler(uint64_t address)
{
	const char *name = symbol_of(address - 1).name;

	return begins(name, "sched_") || begins(name, "switch_to") || begins(name, "reschedule");
}

static void print_place(const struct thread_view *view)
{
	size_t first = 0;

	while (first < view->frames && is_scheduler(view->frame[first]))
		first++;
	for (size_t i = first; i < view->frames && i < first + SHOWN; i++)
		kprintf("%s%s", i == first ? "  " : " < ", symbol_of(view->frame[i] - 1).name);
}

static void print_thread(const struct thread_view *view)
{
	kprintf("%5u  %-16s %-8s %3u %4u %4u %8lu.%03lu %9lu", view->id, view->name,
		state_name[view->state], view->cpu, view->priority, view->base, view->ran / 1000000,
		view->ran / 1000 % 1000, view->switches);
	print_place(view);
	kprintf("\n");
}

COMMAND(threads, "", "every thread, what it has run, and where it stands")
{
	struct thread_view view = { 0 };

	kprintf("   id  name             state    cpu prio base       ran ms  switches  in\n");
	while (sched_view_thread(view.id, &view))
		print_thread(&view);
}
