/* The monitor's command for interrupts. */
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/monitor/monitor.h"
#include "lab3-threads/cpu/smp.h"
#include "lab4-interrupts/trap/interrupt.h"

static const char *whose(unsigned vector)
{
	switch (vector) {
	case VECTOR_TIMER:
		return "timer";
	case VECTOR_KICK:
		return "kick";
	case VECTOR_CALL:
		return "call";
	case VECTOR_SPURIOUS:
		return "spurious";
	default:
		return vector >= VECTOR_DEVICES && vector <= VECTOR_LAST ? "device" : "nobody's";
	}
}

static uint64_t total(unsigned vector)
{
	uint64_t sum = 0;

	for (unsigned cpu = 0; cpu < smp_online(); cpu++)
		sum += trap_count(cpu, vector);
	return sum;
}

COMMAND(irq, "", "how many interrupts each processor has had")
{
	kprintf("vector            ");
	for (unsigned cpu = 0; cpu < smp_online(); cpu++)
		kprintf("      cpu %u", cpu);
	kprintf("\n");
	for (unsigned vector = TRAP_EXCEPTIONS; vector < TRAP_VECTORS; vector++) {
		if (!total(vector))
			continue;
		kprintf("  0x%x  %-10s", vector, whose(vector));
		for (unsigned cpu = 0; cpu < smp_online(); cpu++)
			kprintf(" %10lu", trap_count(cpu, vector));
		kprintf("\n");
	}
}
