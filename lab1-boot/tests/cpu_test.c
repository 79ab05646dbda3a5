/* cpu/: segments, per-processor data, protections, masked interrupt controllers. */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/gdt.h"
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/ktest/ktest.h"

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
