/*
 * Whether there are interrupts at all, and each processor's part in them.
 *
 * They are on from the end of the boot: on the boot processor by interrupts_start, on the others
 * whenever they wait for work, and in every thread.
 *
 * Read more: Intel SDM volume 3, sections 11.4 (local APIC) and 11.9 (spurious interrupts).
 */
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab3-threads/cpu/apic.h"
#include "lab3-threads/thread/thread.h"
#include "lab4-interrupts/trap/entry.h"
#include "lab4-interrupts/trap/interrupt.h"
#include "lab4-interrupts/trap/ipi.h"

static bool work;    /* [I] */
static bool started; /* [a] */

bool interrupts_work(void)
{
	return work;
}

bool interrupts_started(void)
{
	return __atomic_load_n(&started, __ATOMIC_RELAXED);
}

/* It comes too late to be held back, and has no end: nor has what trap_returns makes. */
static void spurious(struct trap_frame *frame)
{
	(void)frame;
}

/* Lab 3 needs it only where there are several processors. */
static int find_apic(void)
{
	int error = apic_present() ? 0 : apic_init(cmdline_has("x2apic"));

	if (error)
		kprintf("cpu: no local APIC, so there are no interrupts\n");
	return error;
}

bool interrupts_init(void)
{
	trap_set_interrupt(VECTOR_SPURIOUS, spurious);
	trap_set_interrupt(VECTOR_TRIED, spurious);
	if (!trap_returns() || find_apic())
		return false;
	work = true;
	thread_interrupts = true;
	interrupts_cpu_init();
	return true;
}

/* Further processors come before the boot one knows: their local APICs are there, or they would
 * not be. */
void interrupts_cpu_init(void)
{
	apic_enable(VECTOR_SPURIOUS);
	ipi_cpu_init();
}

void interrupts_start(void)
{
	if (!work)
		return;
	__atomic_store_n(&started, true, __ATOMIC_RELAXED);
	asm volatile("sti" : : : "memory");
}
