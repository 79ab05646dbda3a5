/*
 * IOAPICs: each takes the lines of devices, and sends what they ask for to local APICs.
 *
 * For each of its lines it has an entry of 64 bits: which vector, to which processor, and
 * whether at all.
 *
 * Source: Intel 82093AA (IOAPIC) data sheet, section 3.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * ioapic_add: the one whose registers are there in physical memory, and whose first line has that
 * number. All its lines are masked. 0; -ENODEV if there is no such thing, -EEXIST if another one
 * has some of its lines, -ENOSPC, -ENOMEM. May sleep; before anything else here.
 */
int ioapic_add(uint64_t address, uint32_t first);

/* Where a line's interrupts go, and what the line looks like. */
struct ioapic_way {
	uint8_t vector;
	uint8_t apic; /* the number of the processor's APIC */
	bool low;     /* active low */
	bool level;   /* by its level, not its edge */
};

/* ioapic_open: let the line of that number ask. 0, or -ENODEV if nobody has it. Never sleeps. Takes
 * the IOAPICs' spin lock, with interrupts off. */
int ioapic_open(uint32_t number, const struct ioapic_way *way);

/* ioapic_mask: let it not ask any more; what it has asked for may still come. Nothing if nobody has
 * it. Never sleeps. Takes the same lock. */
void ioapic_mask(uint32_t number);
