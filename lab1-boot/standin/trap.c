/*
 * Exceptions that only panic, but readably: which one, where, the registers and
 * the backtrace. A double fault has a stack of its own, so that running off the
 * boot stack into its guard page is told and not a reset. Stand-in until lab 4.
 *
 * Read more: Intel SDM volume 3, sections 6.10 to 6.15.
 */
#include "lab1-boot/cpu/trap.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/gate.h"

#define GATE_BYTES 16 /* between the entries at trap_gates */

extern char trap_gates[]; /* trap_entry.S */
void trap_end(const struct trap_frame *frame);

static struct gate idt[TRAP_EXCEPTIONS]; /* [I] after trap_init: one for all processors */

/* Where all gates lead. */
void trap_end(const struct trap_frame *frame)
{
	trap_panic(frame, read_cr2());
}

void trap_init(void)
{
	for (unsigned vector = 0; vector < TRAP_EXCEPTIONS; vector++) {
		uint64_t entry = (uint64_t)trap_gates + vector * GATE_BYTES;

		idt[vector] = gate_to(
			entry, vector == TRAP_DOUBLE_FAULT ? IST_DOUBLE_FAULT : 0, GATE_INTERRUPT);
	}
	trap_cpu_init();
}

void trap_cpu_init(void)
{
	struct table_pointer pointer = { sizeof(idt) - 1, (uint64_t)idt };

	asm volatile("lidt %0" : : "m"(pointer));
}
