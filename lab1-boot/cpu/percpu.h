/*
 * Per-processor data.
 *
 * PERCPU(type, name) declares a variable of which each processor has its own.
 * The linker gathers them in one section, the template, and every processor
 * gets a copy of it; its GS base is the distance from the template to its
 * copy. So "%gs:name" is this processor's own, in one instruction. The boot
 * processor's copy is made at entry (boot/entry.S); lab 3 makes the others.
 *
 * Use this_cpu(name) as the variable itself: this_cpu(count)++. A pointer to
 * it (this_cpu_ptr) is good on other processors, too.
 *
 * Read more: GCC manual, "Named Address Spaces" (x86: __seg_gs).
 */
#pragma once
#include "lab1-boot/cpu/cpu.h"

#define PERCPU(type, name)         __attribute__((section(".percpu"), used)) type name
#define PERCPU_DECLARE(type, name) extern type name

#define this_cpu(name) (*(__seg_gs __typeof__(name) *)(uintptr_t) & (name))

extern char percpu_template[], percpu_template_end[], percpu_boot[]; /* kernel.ld */

/* percpu_at: the variable of the processor whose copy begins at area. */
#define percpu_at(area, name)                                                                      \
	((__typeof__(name) *)((char *)(area) + ((char *)&(name)-percpu_template)))
#define this_cpu_ptr(name) percpu_at(this_cpu(percpu_area), name)

/* Where this processor's copy begins. */
PERCPU_DECLARE(char *, percpu_area);

#define CPUS_MAX 8

/* This processor's number, 0 for the boot processor; lab 3 numbers the others. */
PERCPU_DECLARE(unsigned, cpu_number);

/*
 * Every copy there is, by its processor's number, and how many. Lab 3 adds one for each processor
 * before it starts it, the pointer before the count: who walks them needs no lock.
 */
extern char *percpu_areas[CPUS_MAX];
extern unsigned percpu_count;
