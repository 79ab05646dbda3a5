/*
 * Exceptions without a handler: each panics and says which it was.
 * Source: Intel SDM volume 3, section 6.15.
 */
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/trap.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"

KTEST(trap_divide_error, "", "dividing by zero panics", .needs = "1.3",
	.panics = "divide error (exception 0, error code 0x0)")
{
	uint64_t rax = 1;

	asm volatile("divq %1" : "+a"(rax) : "r"(0ul), "d"(0ul));
}

KTEST(trap_debug, "", "a single step panics", .needs = "1.3",
	.panics = "debug exception (exception 1")
{
	asm volatile("pushfq; orq $0x100, (%%rsp); popfq; nop" : : : "memory", "cc");
}

KTEST(trap_breakpoint, "", "a breakpoint panics", .needs = "1.3",
	.panics = "breakpoint (exception 3")
{
	asm volatile("int3");
}

KTEST(trap_invalid_opcode, "", "an invalid instruction panics", .needs = "1.3",
	.panics = "invalid opcode (exception 6")
{
	asm volatile("ud2");
}

/* A register of a floating-point unit that is off. */
KTEST(trap_no_device, "", "using the floating-point unit while it is off panics", .needs = "1.3",
	.panics = "device not available (exception 7")
{
	write_cr0(read_cr0() | 1ul << 3);
	asm volatile("fnop");
}

KTEST(trap_segment_missing, "", "a segment beyond the table panics, and the error code names it",
	.needs = "1.3", .panics = "general protection fault (exception 13, error code 0xff8)")
{
	asm volatile("mov %0, %%es" : : "r"(0xff8));
}

KTEST(trap_not_canonical, "", "an address that cannot be panics", .needs = "1.3",
	.panics = "general protection fault (exception 13, error code 0x0)")
{
	asm volatile("movb (%0), %%al" : : "r"(1ul << 47) : "rax");
}

KTEST(trap_null_read, "", "reading through a null pointer panics", .needs = "1.3",
	.panics = "page fault: reading 0x10")
{
	asm volatile("movb (%0), %%al" : : "r"(0x10ul) : "rax");
}

KTEST(trap_null_write, "", "writing through a null pointer panics", .needs = "1.3",
	.panics = "page fault: writing 0x0")
{
	asm volatile("movb $0, (%0)" : : "r"(0ul) : "memory");
}

KTEST(trap_null_call, "", "calling a null pointer panics", .needs = "1.3",
	.panics = "page fault: executing 0x0")
{
	asm volatile("call *%0" : : "r"(0ul) : "memory");
}

KTEST(trap_guard_page, "", "the page below the stack is not there", .needs = "1.3",
	.panics = "stack overflow: page fault at 0x")
{
	asm volatile("movb $0, (%0)" : : "r"(boot_stack_guard + PAGE_SIZE - 1) : "memory");
}

static volatile uint64_t deepest = ~0ul;

__attribute__((noipa)) static uint64_t deeper(uint64_t depth)
{
	volatile char room[100];

	room[depth % sizeof(room)] = (char)depth;
	return depth == deepest ? 0 : deeper(depth + 1) + (uint64_t)room[depth % sizeof(room)];
}

KTEST(trap_stack_overflow, "", "endless recursion is told as what it is", .needs = "1.3",
	.panics = "stack overflow: double fault at 0x")
{
	KT_EQ(deeper(0), 0);
}

KTEST(trap_names, "", "every exception has a name")
{
	KT_STREQ(trap_name(TRAP_PAGE_FAULT), "page fault");
	KT_STREQ(trap_name(9), "exception");
	KT_STREQ(trap_name(31), "exception");
	KT_STREQ(trap_name(32), "exception");
	KT_STREQ(trap_name(~0u), "exception");
}

/*
 * Input: 15 numbers of 8 bytes, little end first, for rax rbx rcx rdx rsi rdi rbp r8 .. r15. It
 * traps with these in the registers, so that the host can compare what the panic prints.
 */
KPROBE(trap_registers_probe)
{
	static uint64_t value[15];

	for (size_t i = 0; i < sizeof(value); i++)
		((uint8_t *)value)[i] = (uint8_t)kt_input_byte();
	asm volatile("movq %0, %%rsp; popq %%rax; popq %%rbx; popq %%rcx; popq %%rdx; popq %%rsi;"
		     "popq %%rdi; popq %%rbp; popq %%r8; popq %%r9; popq %%r10; popq %%r11;"
		     "popq %%r12; popq %%r13; popq %%r14; popq %%r15;"
		     ".globl trap_registers_here; trap_registers_here: ud2"
		     :
		     : "r"(value)
		     : "memory");
}
