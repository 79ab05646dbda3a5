/* cpu/: segments, per-processor data, protections, the exceptions' names and panics. */
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/gdt.h"
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/cpu/trap.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"

KTEST(gdt_loaded, "", "segments and task register hold the selectors that gdt.h tells")
{
	uint16_t cs, ss, tr;

	asm("movw %%cs, %0" : "=rm"(cs));
	asm("movw %%ss, %0" : "=rm"(ss));
	asm("str %0" : "=rm"(tr));
	KT_EQ(cs, GDT_KERNEL_CODE);
	KT_EQ(ss, GDT_KERNEL_DATA);
	KT_EQ(tr, GDT_TSS);
}

static PERCPU(uint64_t, percpu_test_word) = 0x1234;

KTEST(percpu_is_own, "", "a per-processor variable is the copy, and the template stays as it was")
{
	KT_EQ(this_cpu(percpu_test_word), 0x1234);
	this_cpu(percpu_test_word) = 5;
	KT_EQ(*this_cpu_ptr(percpu_test_word), 5);
	KT_EQ(*(volatile uint64_t *)&percpu_test_word, 0x1234);
}

KTEST(cpu_protections, "",
	"SMEP, SMAP and UMIP are on where the processor has them, interrupts off")
{
	struct cpuid features = cpuid(7, 0);
	uint64_t cr4 = read_cr4();

	KT_EQ(!!(cr4 & CR4_SMEP), features.ebx >> 7 & 1);
	KT_EQ(!!(cr4 & CR4_SMAP), features.ebx >> 20 & 1);
	KT_EQ(!!(cr4 & CR4_UMIP), features.ecx >> 2 & 1);
	KT_TRUE(!irq_enabled());
	KT_EQ(in8(0x21), 0xff); /* both 8259s are masked */
	KT_EQ(in8(0xa1), 0xff);
	KT_EQ(cpuid(0x0fffffff, 0).eax, 0);
}

KTEST(trap_names, "", "exceptions have the names of the processor's manual")
{
	KT_STREQ(trap_name(0), "divide error");
	KT_STREQ(trap_name(8), "double fault");
	KT_STREQ(trap_name(13), "general protection fault");
	KT_STREQ(trap_name(14), "page fault");
	KT_STREQ(trap_name(21), "control protection exception");
	KT_STREQ(trap_name(9), "exception");
	KT_STREQ(trap_name(32), "exception");
}

KTEST(trap_null_pointer, "", "page 0 is not mapped: a null pointer is told as such",
	.panics = "page fault: reading 0x8", .needs = "1.3")
{
	uint64_t *volatile nowhere = NULL;

	asm volatile("movq 8(%0), %%rax" : : "r"(nowhere) : "rax", "memory");
}

KTEST(trap_divide_error, "", "an exception without an error code is named",
	.panics = "divide error (exception 0, error code 0x0)", .needs = "1.3")
{
	asm volatile("xorl %%ecx, %%ecx; divl %%ecx" : : : "eax", "ecx", "edx");
}

KTEST(trap_general_protection, "", "an exception with an error code tells it",
	.panics = "general protection fault (exception 13, error code 0x50)", .needs = "1.3")
{
	asm volatile("movl $0x50, %%eax; movl %%eax, %%ds" : : : "eax");
}

/* Uses up the stack: each call keeps a frame, since something is done with its result. */
static uint64_t deeper(uint64_t depth)
{
	volatile char frame[256];

	memset((void *)frame, (int)depth, sizeof(frame));
	return depth == UINT64_MAX ? 0 : deeper(depth + 1) + (uint8_t)frame[0];
}

KTEST(trap_stack_overflow, "", "running below the boot stack is told as a stack overflow",
	.panics = "stack overflow")
{
	KT_EQ(deeper(0), 0);
}
