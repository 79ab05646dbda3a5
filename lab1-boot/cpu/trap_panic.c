/*
 * A trap that nobody has an answer to ends the kernel, readably: which one, where, the registers
 * and the backtrace; and if a stack was too small, that.
 */
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/trap.h"
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/debug/panic.h"

static void print_registers(const struct trap_frame *f, uint64_t address)
{
	kprintf("\nrip %016lx  cs %lx  rflags %016lx\n", f->rip, f->cs, f->rflags);
	kprintf("rsp %016lx  ss %lx  error %lx  cr2 %016lx  cr3 %016lx\n", f->rsp, f->ss, f->error,
		address, read_cr3());
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

static const char *doing(const struct trap_frame *frame)
{
	return frame->error & 16 ? "executing" : frame->error & 2 ? "writing" : "reading";
}

_Noreturn void trap_panic(const struct trap_frame *frame, uint64_t address)
{
	unsigned vector = (unsigned)frame->vector;
	bool memory = vector == TRAP_DOUBLE_FAULT || vector == TRAP_PAGE_FAULT;
	bool again = panic_begun(); /* then what failed may be the printing itself */

	panic_begin();
	if (!again)
		print_registers(frame, address);
	if (memory && on_guard_page(address))
		panic_frame(frame->rip, frame->rbp, "stack overflow: %s at 0x%lx",
			trap_name(vector), address);
	if (vector == TRAP_PAGE_FAULT)
		panic_frame(frame->rip, frame->rbp, "page fault: %s 0x%lx", doing(frame), address);
	panic_frame(frame->rip, frame->rbp, "%s (exception %u, error code 0x%lx)",
		trap_name(vector), vector, frame->error);
}
