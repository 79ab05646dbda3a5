/*
 * A lab's place in the boot: LAB(n, init, cpu_init, main), once in its init.c.
 *
 * kmain runs every linked lab's init in order, and then what the highest lab
 * calls main. cpu_init is what further processors do when they come up (lab 3), every lab's
 * in order: by then the processor runs in long mode on the kernel's tables and on its idle
 * stack, with interrupts off, this_cpu() works, and gdt_init has run there.
 */
#pragma once
#include "lab1-boot/lib/rows.h"

struct lab {
	int number;
	void (*init)(void);     /* on the boot processor */
	void (*cpu_init)(void); /* on each further processor */
	void (*main)(void);     /* what the machine then does: never returns */
};
ROWS_DECLARE(lab, struct lab);

#define LAB(number, init, cpu_init, main)                                                          \
	ROW(lab, "." #number, lab_row_##number) = { number, init, cpu_init, main }
