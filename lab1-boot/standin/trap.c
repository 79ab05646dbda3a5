/*
 * Exceptions that only panic, but readably: which one, where, the registers and
 * the backtrace. A double fault has a stack of its own, so that running off the
 * boot stack into its guard page is told and not a reset. Stand-in until lab 4.
 *
 * Read more: Intel SDM volume 3, sections 6.10 to 6.15.
 */
#include "lab1-boot/cpu/trap.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/gdt.h"
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/debug/panic.h"

#define GATE_BYTES     16   /* between the entries at trap_gates */
#define GATE_INTERRUPT 0x8e /* present, privilege level 0, 64-bit interrupt gate */

struct gate {
	uint16_t offset_low;
	uint16_t segment;
	uint8_t ist;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};
_Static_assert(sizeof(struct gate) == 16, "SDM volume 3, figure 6-8");

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

extern char trap_gates[]; /* trap_entry.S */
void trap_panic(const struct trap_frame *frame);

static struct gate idt[TRAP_EXCEPTIONS]; /* [I] after trap_init: one for all processors */

static void print_registers(const struct trap_frame *f)
{
	kprintf("\nrip %016lx  cs %lx  rflags %016lx\n", f->rip, f->cs, f->rflags);
	kprintf("rsp %016lx  ss %lx  error %lx  cr2 %016lx  cr3 %016lx\n", f->rsp, f->ss, f->error,
		read_cr2(), read_cr3());
	kprintf("rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx\n", f->rax, f->rbx, f->rcx, f->rdx);
	kprintf("rsi %016lx  rdi %016lx  rbp %016lx  r8  %016lx\n", f->rsi, f->rdi, f->rbp, f->r8);
	kprintf("r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx\n", f->r9, f->r10, f->r11, f->r12);
	kprintf("r13 %016lx  r14 %016lx  r15 %016lx\n", f->r13, f->r14, f->r15);
}

/*
 * Whether a stack begins with the page behind the address's. Pushing onto the guard page faults,
 * and pushing that fault's frame faults again.
 */
static bool on_guard_page(uint64_t address)
{
	return address < backtrace_stack(address + PAGE_SIZE).low;
}

void trap_panic(const struct trap_frame *frame)
{
	unsigned vector = (unsigned)frame->vector;

	panic_begin();
	print_registers(frame);
	if ((vector == TRAP_DOUBLE_FAULT || vector == TRAP_PAGE_FAULT) && on_guard_page(read_cr2()))
		panic_frame(frame->rip, frame->rbp, "stack overflow: %s at 0x%lx",
			trap_name(vector), read_cr2());
	if (vector == TRAP_PAGE_FAULT)
		panic_frame(frame->rip, frame->rbp, "page fault: %s 0x%lx",
			frame->error & 16  ? "executing"
			: frame->error & 2 ? "writing"
					   : "reading",
			read_cr2());
	panic_frame(frame->rip, frame->rbp, "%s (exception %u, error code 0x%lx)",
		trap_name(vector), vector, frame->error);
}

void trap_init(void)
{
	for (unsigned vector = 0; vector < TRAP_EXCEPTIONS; vector++) {
		uint64_t entry = (uint64_t)trap_gates + vector * GATE_BYTES;

		idt[vector] = (struct gate){
			.offset_low = (uint16_t)entry,
			.segment = GDT_KERNEL_CODE,
			.ist = vector == TRAP_DOUBLE_FAULT ? IST_DOUBLE_FAULT : 0,
			.type = GATE_INTERRUPT,
			.offset_middle = (uint16_t)(entry >> 16),
			.offset_high = (uint32_t)(entry >> 32),
		};
	}
	trap_cpu_init();
}

void trap_cpu_init(void)
{
	struct table_pointer pointer = { sizeof(idt) - 1, (uint64_t)idt };

	asm volatile("lidt %0" : : "m"(pointer));
}
