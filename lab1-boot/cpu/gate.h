/*
 * Gates, of which the interrupt descriptor table consists, and how the processor is told where
 * a table lies. Source: Intel SDM volume 3, figures 6-8 and 2-6.
 */
#pragma once
#include "lab1-boot/cpu/gdt.h"
#include <stdint.h>

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

/* What LGDT and LIDT take. */
struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* gate_to: to the kernel's code at entry, on interrupt stack number ist (0: the present one). */
static inline struct gate gate_to(uint64_t entry, uint8_t ist, uint8_t type)
{
	return (struct gate){
		.offset_low = (uint16_t)entry,
		.segment = GDT_KERNEL_CODE,
		.ist = ist,
		.type = type,
		.offset_middle = (uint16_t)(entry >> 16),
		.offset_high = (uint32_t)(entry >> 32),
	};
}
