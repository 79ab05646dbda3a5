/* The monitor's command for the scheduler. */
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/monitor/monitor.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/sched/view.h"

static void print_processor(unsigned cpu)
{
	struct processor_view view;
	uint64_t permille;

	sched_view_processor(cpu, &view);
	if (!view.taking_part) {
		kprintf("%5u  does not take part\n", cpu);
		return;
	}
	permille = view.total ? view.idle * 1000 / view.total : 0;
	kprintf("%5u %5u  %-16s %6u %8lu %4lu.%lu %%\n", cpu, view.id, view.name, view.ready,
		view.stolen, permille / 10, permille % 10);
}

COMMAND(sched, "", "the policy, and what each processor does")
{
	kprintf("policy %s\n", sched_policy_name());
	kprintf("  cpu    id  runs              ready   stolen    idle\n");
	for (unsigned cpu = 0; cpu < percpu_count; cpu++)
		print_processor(cpu);
}
