/*
 * Processors: finding them, and starting those that do not run yet.
 *
 * The boot processor is number 0. Each further one gets a copy of the per-processor
 * data, an idle thread whose stack it starts on, and a stack for double faults,
 * before it is started.
 *
 * Read more: Intel SDM volume 3, section 9.4 (multiple-processor initialisation).
 */
#pragma once
#include <stdint.h>

/*
 * smp_init: start every processor that ACPI's MADT tells of, up to CPUS_MAX ("nosmp" on the command
 * line: none). One that does not come is told on the console and passed over. Once, when threads
 * work.
 */
void smp_init(void);

/*
 * smp_prepare: everything that processor `cpu` (the next number: percpu_count) needs before it
 * runs: its area, in which cpu_number is set, and its idle thread with a stack. It counts in
 * percpu_count from then on. 0 or -ENOMEM. May sleep. For smp_init, and for the explorer.
 */
int smp_prepare(unsigned cpu);

/* smp_idle_stack: the top of that processor's idle stack. */
void *smp_idle_stack(unsigned cpu);

/* smp_online: how many processors run, this one included. */
unsigned smp_online(void);
