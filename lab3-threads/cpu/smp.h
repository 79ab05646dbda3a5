/*
 * Processors: finding them, and starting those that do not run yet.
 *
 * The boot processor is number 0. Each further one gets a copy of the per-processor
 * data, an idle thread whose stack it starts on, and a stack for double faults,
 * before it is started (start.h).
 *
 * Read more: Intel SDM volume 3, section 9.4 (multiple-processor initialisation).
 */
#pragma once
#include <stdint.h>

/*
 * smp_init: the boot processor's idle thread; then smp_start_others, unless "nosmp" stands on the
 * command line. Once, when threads work. May sleep.
 */
void smp_init(void);

/*
 * smp_start_others: start every processor that ACPI's MADT tells of, up to CPUS_MAX. One that does
 * not come is told on the console and passed over. Tables that are missing or broken are told, and
 * then there are no others. Once. May sleep.
 */
void smp_start_others(void);

/*
 * smp_prepare: everything that processor `cpu` (the next number: percpu_count) needs before it
 * runs: its area, in which cpu_number is set, and its idle thread with a stack. It counts in
 * percpu_count from then on. 0 or -ENOMEM. May sleep. For the explorer, which plays processors.
 */
int smp_prepare(unsigned cpu);

/* smp_idle_stack, smp_fault_stack: the top of that processor's idle stack, and of the one for
 * double faults. */
void *smp_idle_stack(unsigned cpu);
void *smp_fault_stack(unsigned cpu);

/* smp_online: how many processors run, this one included. */
unsigned smp_online(void);

/* smp_arrived: the calling processor runs, and can be sent interrupts. For start.c. */
void smp_arrived(void);
