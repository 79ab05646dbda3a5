/* cpu/: segments, per-processor data, protections, masked interrupt controllers. */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/gdt.h"
#include "lab1-boot/cpu/io.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/ktest/ktest.h"

KTEST(gdt_loaded, "", "segments and task register hold the selectors that gdt.h tells")
{
	uint16_t cs, ss, fs, gs, tr;

	asm("movw %%cs, %0" : "=rm"(cs));
	asm("movw %%ss, %0" : "=rm"(ss));
	asm("movw %%fs, %0" : "=rm"(fs));
	asm("movw %%gs, %0" : "=rm"(gs));
	asm("str %0" : "=rm"(tr));
	KT_EQ(cs, GDT_KERNEL_CODE);
	KT_EQ(ss, GDT_KERNEL_DATA);
	KT_EQ(fs, 0);
	KT_EQ(gs, 0);
	KT_EQ(tr, GDT_TSS);
}

/* The base in a segment descriptor of 16 bytes: SDM volume 3, figure 8-4. */
static uint64_t segment_base(const uint64_t *descriptor)
{
	return (descriptor[0] >> 16 & 0xffffff) | (descriptor[0] >> 56) << 24 | descriptor[1] << 32;
}

KTEST(gdt_tss_is_loaded, "", "the task-state segment is the one that the task register names")
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) table;

	asm("sgdt %0" : "=m"(table));
	KT_EQ(table.limit, GDT_TSS + 15);
	KT_EQ(segment_base((const uint64_t *)(table.base + GDT_TSS)), (uint64_t)gdt_tss());
	KT_TRUE(gdt_tss()->ist[IST_DOUBLE_FAULT - 1] % 16 == 0);
	KT_EQ(gdt_tss()->io_map, sizeof(struct tss));
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
