/*
 * Segments and the task-state segment.
 *
 * Long mode ignores nearly all of segmentation, but not the privilege level in
 * CS and not the TSS, which holds the stacks the processor changes to. The
 * order of the selectors is the one that SYSCALL and SYSRET compute (lab 4).
 *
 * Source: Intel SDM volume 3, sections 3.4.5, 8.2.3 and 8.7, volume 2 (SYSRET).
 */
#pragma once
#include <stdint.h>

#define GDT_KERNEL_CODE 0x08
#define GDT_KERNEL_DATA 0x10
#define GDT_USER_DATA   0x18
#define GDT_USER_CODE   0x20
#define GDT_TSS         0x28

/* Interrupt stacks: an IDT gate names one by number, 1..7; 0 stays on the present stack. */
#define IST_DOUBLE_FAULT 1

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7]; /* ist[n - 1] is the top of interrupt stack n */
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map;
} __attribute__((packed));
_Static_assert(sizeof(struct tss) == 104, "SDM volume 3, figure 8-11");

/*
 * gdt_init: load this processor's descriptor table and task register. ist1 is the top of its
 * double-fault stack. Keeps the GS base. Once on every processor.
 */
void gdt_init(void *ist1);

/*
 * gdt_tss: this processor's task-state segment. Lab 4 sets rsp[0] in it, the stack for traps out of
 * user mode, and gives more interrupt stacks. The caller stays on this processor while it uses it.
 */
struct tss *gdt_tss(void);
