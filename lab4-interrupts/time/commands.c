/* The monitor's commands for the time. */
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/monitor/monitor.h"
#include "lab3-threads/cpu/clock.h"
#include "lab4-interrupts/time/timer.h"

static void print_processor(unsigned cpu)
{
	uint64_t next = timers_next(cpu), now = clock_ns();

	kprintf("%5u %11lu  ", cpu, timers_interrupts(cpu));
	if (next == TIMER_NEVER)
		kprintf("-\n");
	else
		kprintf("in %lu us\n", next > now ? (next - now) / 1000 : 0);
}

COMMAND(timers, "", "how often timers have interrupted each processor, and when they will")
{
	kprintf("timer %s, %lu.%03lu s since the boot\n", timers_device_name(),
		clock_ns() / NS_PER_SECOND, clock_ns() / 1000000 % 1000);
	kprintf("  cpu  interrupts  next\n");
	for (unsigned cpu = 0; cpu < percpu_count; cpu++)
		print_processor(cpu);
}
