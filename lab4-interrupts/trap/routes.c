/* Reading the MADT's entries about interrupts: see routes.h. */
#include "lab4-interrupts/trap/routes.h"
#include "lab3-threads/cpu/madt.h"
#include <stddef.h>

#define MADT_IOAPIC   1
#define MADT_OVERRIDE 2
#define BUS_ISA       0
#define IOAPIC_ALIGN  0x100 /* bytes; its registers take less */

struct ioapic_entry {
	struct madt_entry entry;
	uint8_t id;
	uint8_t reserved;
	uint32_t address;
	uint32_t first;
} __attribute__((packed));
_Static_assert(sizeof(struct ioapic_entry) == 12, "ACPI 6.5, table 5.22");

struct override_entry {
	struct madt_entry entry;
	uint8_t bus;
	uint8_t line;
	uint32_t number;
	uint16_t flags;
} __attribute__((packed));
_Static_assert(sizeof(struct override_entry) == 10, "ACPI 6.5, table 5.23");

/* Two fields of the flags, of two bits each. */
#define POLARITY(flags) ((flags)&3u)
#define TRIGGER(flags)  ((flags) >> 2 & 3u)
#define AS_THE_BUS      0 /* ISA: active high, by its edge */
#define ONE_WAY         1 /* active high; edge */
#define RESERVED        2
#define OTHER_WAY       3 /* active low; level */

static bool add_ioapic(struct routes *routes, const struct ioapic_entry *entry)
{
	if (entry->entry.length < sizeof(*entry) || !entry->address ||
		entry->address % IOAPIC_ALIGN || routes->ioapics == IOAPICS_MAX)
		return false;
	for (unsigned i = 0; i < routes->ioapics; i++)
		if (routes->ioapic[i].address == entry->address ||
			routes->ioapic[i].first == entry->first)
			return false;
	routes->ioapic[routes->ioapics++] =
		(struct ioapic_place){ .address = entry->address, .first = entry->first };
	return true;
}

static bool taken(const struct routes *routes, uint32_t number)
{
	for (unsigned line = 0; line < ISA_LINES; line++)
		if (routes->isa[line].arrives && routes->isa[line].number == number)
			return true;
	return false;
}

/* Of two lines that were to arrive at one number, the second would take it away from the first. */
static bool add_override(struct routes *routes, const struct override_entry *entry)
{
	unsigned flags = entry->entry.length < sizeof(*entry) ? 0 : entry->flags;

	if (entry->entry.length < sizeof(*entry) || entry->bus != BUS_ISA ||
		entry->line >= ISA_LINES || routes->isa[entry->line].arrives ||
		taken(routes, entry->number) || POLARITY(flags) == RESERVED ||
		TRIGGER(flags) == RESERVED)
		return false;
	routes->isa[entry->line] = (struct isa_route){ .arrives = true,
		.number = entry->number,
		.low = POLARITY(flags) == OTHER_WAY,
		.level = TRIGGER(flags) == OTHER_WAY };
	return true;
}

/* Those that no override moved stay where they were, unless another one was put there. */
static void add_others(struct routes *routes)
{
	for (unsigned line = 0; line < ISA_LINES; line++)
		if (!routes->isa[line].arrives && !taken(routes, line))
			routes->isa[line] = (struct isa_route){ .arrives = true, .number = line };
}

void routes_read(const void *table, struct routes *routes)
{
	const struct madt_entry *entry = NULL;

	*routes = (struct routes){ 0 };
	while ((entry = madt_next(table, entry))) {
		bool good = true;

		if (entry->kind == MADT_IOAPIC)
			good = add_ioapic(routes, (const struct ioapic_entry *)entry);
		else if (entry->kind == MADT_OVERRIDE)
			good = add_override(routes, (const struct override_entry *)entry);
		if (!good)
			routes->passed_over++;
	}
	add_others(routes);
}
