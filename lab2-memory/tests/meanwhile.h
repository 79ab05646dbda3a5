/*
 * What another processor does in the middle of our own work: a function that runs right behind
 * the instruction that next writes to a word. A debug register watches that word, and the
 * exception that it raises comes here, by a table of gates of the test's own.
 *
 * Read more: Intel SDM volume 3, sections 17.2 (debug registers) and 6.14 (gates).
 */
#pragma once
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/cpu/gdt.h"
#include "lab1-boot/cpu/trap.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"

#define DR7_WATCH_WRITES_OF_4 (1ul << 1 | 1ul << 16 | 3ul << 18) /* by the register 0 */

struct meanwhile_gates {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static void (*meanwhile_run)(void);
static struct meanwhile_gates meanwhile_before;

static inline void meanwhile_watch(const uint32_t *word)
{
	asm volatile("mov %0, %%dr0" : : "r"(word));
	asm volatile("mov %0, %%dr7" : : "r"(word ? DR7_WATCH_WRITES_OF_4 : 0));
}

__attribute__((interrupt)) static void meanwhile_trap(void *frame)
{
	void (*run)(void) = meanwhile_run;

	(void)frame;
	meanwhile_watch(NULL);
	asm volatile("lidt %0" : : "m"(meanwhile_before));
	meanwhile_run = NULL;
	run();
}

/* meanwhile: run a function once, right behind the next write to that word. */
static inline void meanwhile(const uint32_t *word, void (*run)(void))
{
	static uint64_t gate[TRAP_EXCEPTIONS][2];
	struct meanwhile_gates mine = { sizeof(gate) - 1, (uint64_t)gate };
	uint64_t entry = (uint64_t)meanwhile_trap;

	asm volatile("sidt %0" : "=m"(meanwhile_before));
	memcpy(gate, (void *)meanwhile_before.base, sizeof(gate));
	gate[1][0] = (entry & 0xffff) | GDT_KERNEL_CODE << 16 | 0x8eul << 40 |
		     (entry >> 16 & 0xffff) << 48;
	gate[1][1] = entry >> 32;
	meanwhile_run = run;
	asm volatile("lidt %0" : : "m"(mine) : "memory");
	meanwhile_watch(word);
}

/* meanwhile_ran: whether it has. */
static inline bool meanwhile_ran(void)
{
	return !meanwhile_run;
}
