/*
 * The map of virtual memory, for C and assembly.
 *
 *   0x0000000000000000 .. 0x00007fffffffffff   user programs (from lab 4 on)
 *   0xffff800000000000 ..                      the direct map: all of RAM, once
 *   0xffffffff80000000 .. 0xffffffffbfffffff   the kernel's own image (-2 GiB)
 *
 * Lab 1 maps the first 4 GiB directly, with 2 MiB pages; lab 2 maps the rest.
 * "-mcmodel=kernel" lets the compiler use 32-bit addresses in the top 2 GiB.
 * Source: Intel SDM volume 3, section 4.5 (4-level paging).
 */
#pragma once

#define KERNEL_BASE     0xffffffff80000000
#define DIRECT_MAP      0xffff800000000000
#define DIRECT_MAP_BOOT 0x100000000 /* bytes of it that lab 1 maps */

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/*
 * Marks of kernel.ld. The image is code from kernel_start on, constants from rodata_start, and data
 * from data_start up to kernel_end; each of the three begins on a page.
 */
extern char kernel_start[], text_start[], text_end[], rodata_start[], data_start[], kernel_end[];
extern char boot_stack_guard[], boot_stack[], boot_stack_top[];
extern char double_fault_guard[], double_fault_stack[], double_fault_stack_top[];

/* The address through which the kernel reaches physical memory; below 4 GiB in lab 1. */
static inline void *phys_to_virt(uint64_t physical)
{
	return (void *)(DIRECT_MAP + physical);
}

/* The physical address of something in the kernel's image. */
static inline uint64_t kernel_phys(const void *object)
{
	return (uint64_t)object - KERNEL_BASE;
}
#endif
