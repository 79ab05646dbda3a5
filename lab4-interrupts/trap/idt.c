/*
 * The table of gates, and the stacks for what may come at any moment.
 *
 * Most traps use the stack they find, or out of user mode the thread's own (TSS.rsp0). A
 * double fault cannot trust it; a non-maskable interrupt and a machine check may come where there
 * is none yet: between SYSCALL and the first push, the stack pointer is the program's. There GS
 * base may be the program's, too, so each of these stacks has the processor's own at its top.
 *
 * Read more: Intel SDM volume 3, sections 6.10 (IDT), 6.14.5 (interrupt stack table).
 */
#include "lab1-boot/cpu/gate.h"
#include "lab1-boot/cpu/gdt.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/debug/backtrace.h"
#include "lab4-interrupts/trap/entry.h"
#include "lab4-interrupts/trap/interrupt.h"

#define GATE_FOR_USER 0x60 /* an INT instruction in user mode may use it */

#define IST_NMI           2
#define IST_MACHINE_CHECK 3
#define URGENT_STACK      8192 /* bytes */

/* Both stacks of a processor; lab 1 and lab 3 have made the one for double faults. */
struct urgent_stacks {
	char nmi[URGENT_STACK];
	char machine_check[URGENT_STACK];
};

static struct gate idt[TRAP_VECTORS]; /* [I] after trap_init: one for all processors */
static __attribute__((aligned(16))) struct urgent_stacks urgent[CPUS_MAX];

static uint8_t ist_of(unsigned vector)
{
	switch (vector) {
	case TRAP_DOUBLE_FAULT:
		return IST_DOUBLE_FAULT;
	case TRAP_NMI:
		return IST_NMI;
	case TRAP_MACHINE_CHECK:
		return IST_MACHINE_CHECK;
	default:
		return 0;
	}
}

static bool for_user(unsigned vector)
{
	return vector == TRAP_BREAKPOINT || vector == TRAP_OVERFLOW;
}

void trap_init(void)
{
	for (unsigned vector = 0; vector < TRAP_VECTORS; vector++) {
		uint64_t entry = (uint64_t)trap_gates + vector * GATE_BYTES;

		idt[vector] = gate_to(entry, ist_of(vector),
			GATE_INTERRUPT | (for_user(vector) ? GATE_FOR_USER : 0));
	}
	trap_cpu_init();
}

/* The first word (of two: frames are aligned to 16 bytes) is the processor's GS base. */
static void set_stack(unsigned ist, void *top)
{
	uint64_t *first = (uint64_t *)top - 2;

	first[0] = rdmsr(MSR_GS_BASE);
	first[1] = 0;
	gdt_tss()->ist[ist - 1] = (uint64_t)first;
}

void trap_cpu_init(void)
{
	struct table_pointer pointer = { sizeof(idt) - 1, (uint64_t)idt };
	struct urgent_stacks *mine = &urgent[this_cpu(cpu_number)];

	set_stack(IST_DOUBLE_FAULT, (void *)gdt_tss()->ist[IST_DOUBLE_FAULT - 1]);
	set_stack(IST_NMI, mine->nmi + URGENT_STACK);
	set_stack(IST_MACHINE_CHECK, mine->machine_check + URGENT_STACK);
	asm volatile("lidt %0" : : "m"(pointer));
}

static bool urgent_stack_find(uint64_t rbp, struct stack_bounds *bounds)
{
	uint64_t offset = rbp - (uint64_t)urgent;

	if (offset >= sizeof(urgent))
		return false;
	bounds->low = rbp - offset % URGENT_STACK;
	bounds->high = bounds->low + URGENT_STACK;
	return true;
}
BACKTRACE_STACK(urgent_stack_find);
