/*
 * What ACPI's MADT tells of the ways of interrupts: which IOAPICs there are, and where the sixteen
 * lines of the old ISA bus arrive.
 *
 * All lines of all IOAPICs are numbered in one row ("global system interrupts"). ISA line n
 * arrives at number n, active high and by its edge, unless an override says otherwise: the
 * PIT's 0 is usually at 2.
 *
 * Firmware's tables are input: an entry that cannot be is passed over.
 *
 * Source: ACPI specification 6.5, sections 5.2.12.3 (I/O APIC) and 5.2.12.5 (overrides).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define ISA_LINES   16
#define IOAPICS_MAX 8

struct ioapic_place {
	uint32_t address; /* physical */
	uint32_t first;   /* the number of its first line */
};

struct isa_route {
	bool arrives;    /* somewhere; otherwise the rest says nothing */
	uint32_t number; /* of the line it arrives at */
	bool low;        /* active low */
	bool level;      /* by its level, not its edge */
};

struct routes {
	struct ioapic_place ioapic[IOAPICS_MAX];
	unsigned ioapics;
	struct isa_route isa[ISA_LINES];
	unsigned passed_over; /* entries that cannot be, or for which there was no room */
};

/* routes_read: of a MADT that madt_check found good. Of several overrides of a line, and of several
 * to one number, the first counts. Takes no lock. */
void routes_read(const void *table, struct routes *routes);
