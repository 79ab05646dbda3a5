/*
 * The lasting GDT and TSS, one of each for every processor. See gdt.h.
 */
#include "lab1-boot/cpu/gdt.h"
#include "lab1-boot/cpu/gate.h"
#include "lab1-boot/cpu/percpu.h"

/* A segment's type byte and flags nibble; base and limit mean nothing in long mode. */
#define SEGMENT(access, flags) ((uint64_t)(access) << 40 | (uint64_t)(flags) << 52)
#define CODE                   0x9a /* present, code, readable */
#define DATA                   0x92 /* present, data, writable */
#define USER                   0x60 /* privilege level 3 */
#define LONG                   0x2  /* 64-bit code */
#define TSS_AVAILABLE          0x89

struct gdt {
	uint64_t segment[5];
	uint64_t tss[2];
};

static PERCPU(struct gdt, gdt) = { .segment = {
					   0,
					   SEGMENT(CODE, LONG),
					   SEGMENT(DATA, 0),
					   SEGMENT(DATA | USER, 0),
					   SEGMENT(CODE | USER, LONG),
				   } };
static PERCPU(struct tss, tss);

static void gdt_set_tss(struct gdt *gdt, const struct tss *tss)
{
	uint64_t base = (uint64_t)tss;

	gdt->tss[0] = SEGMENT(TSS_AVAILABLE, 0) | (sizeof(*tss) - 1) | (base & 0xffffff) << 16 |
		      (base >> 24 & 0xff) << 56;
	gdt->tss[1] = base >> 32;
}

/* Load CS by a far return, the data segments by hand; GS and FS keep their bases if left alone. */
static void segments_load(void)
{
	asm volatile("pushq %0\n\t"
		     "leaq 1f(%%rip), %%rax\n\t"
		     "pushq %%rax\n\t"
		     "lretq\n"
		     "1:\tmovl %1, %%ds\n\t"
		     "movl %1, %%es\n\t"
		     "movl %1, %%ss"
		     :
		     : "i"(GDT_KERNEL_CODE), "r"(GDT_KERNEL_DATA)
		     : "rax", "memory");
}

struct tss *gdt_tss(void)
{
	return this_cpu_ptr(tss);
}

void gdt_init(void *ist1)
{
	struct gdt *my_gdt = this_cpu_ptr(gdt);
	struct tss *my_tss = gdt_tss();
	struct table_pointer pointer = { sizeof(*my_gdt) - 1, (uint64_t)my_gdt };

	my_tss->ist[IST_DOUBLE_FAULT - 1] = (uint64_t)ist1;
	my_tss->io_map = sizeof(*my_tss);
	gdt_set_tss(my_gdt, my_tss);
	asm volatile("lgdt %0" : : "m"(pointer));
	segments_load();
	asm volatile("ltr %w0" : : "r"(GDT_TSS));
}
