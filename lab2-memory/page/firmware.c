/*
 * Finding ACPI's tables: see firmware.h. The root pointer leads to a root table,
 * which lists the others; one of those, the FADT, leads to two more.
 *
 * Source: ACPI specification 6.5, sections 5.2.5 (root pointer), 5.2.6 (header),
 * 5.2.7 and 5.2.8 (root tables), 5.2.9 (FADT).
 */
#include "lab2-memory/page/firmware.h"
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/lib/string.h"

#define RSDP_RSDT    16 /* offsets in the root pointer */
#define RSDP_XSDT    24
#define RSDP_BYTES_2 36

#define HEADER_BYTES  36 /* of each table; its length stands at 4 */
#define HEADER_LENGTH 4
#define TABLE_BYTES   0x1000000 /* no table is larger: what says so is broken */

#define FADT_FACS   36
#define FADT_DSDT   40
#define FADT_X_FACS 132
#define FADT_X_DSDT 140

static uint32_t word_at(const void *memory)
{
	uint32_t value;

	memcpy(&value, memory, sizeof(value));
	return value;
}

static uint64_t long_at(const void *memory)
{
	uint64_t value;

	memcpy(&value, memory, sizeof(value));
	return value;
}

/* The table at that address, told to found; NULL if it cannot be one. */
static const char *table_at(
	uint64_t physical, uint32_t *bytes, void (*found)(uint64_t start, uint64_t end))
{
	const char *table = physical ? boot_memory(physical, HEADER_BYTES) : NULL;

	if (!table)
		return NULL;
	*bytes = word_at(table + HEADER_LENGTH);
	if (*bytes < HEADER_LENGTH + 4 || *bytes > TABLE_BYTES || !boot_memory(physical, *bytes))
		return NULL;
	found(physical, physical + *bytes);
	return table;
}

/* The two that only the FADT knows, by their old and their new addresses. */
static void fadt_tables(
	const char *fadt, uint32_t bytes, void (*found)(uint64_t start, uint64_t end))
{
	uint32_t length;

	if (bytes >= FADT_DSDT + 4) {
		table_at(word_at(fadt + FADT_FACS), &length, found);
		table_at(word_at(fadt + FADT_DSDT), &length, found);
	}
	if (bytes >= FADT_X_DSDT + 8) {
		table_at(long_at(fadt + FADT_X_FACS), &length, found);
		table_at(long_at(fadt + FADT_X_DSDT), &length, found);
	}
}

/* A root table, whose entries have so many bytes each. */
static void root_tables(
	uint64_t physical, unsigned entry, void (*found)(uint64_t start, uint64_t end))
{
	uint32_t bytes, length;
	const char *root = table_at(physical, &bytes, found);

	if (!root)
		return;
	for (uint32_t at = HEADER_BYTES; at + entry <= bytes; at += entry) {
		const char *table = table_at(
			entry == 8 ? long_at(root + at) : word_at(root + at), &length, found);

		if (table && !strncmp(table, "FACP", 4))
			fadt_tables(table, length, found);
	}
}

void firmware_tables(void (*found)(uint64_t start, uint64_t end))
{
	const uint8_t *rsdp = bootinfo.rsdp;

	if (bootinfo.rsdp_length >= RSDP_RSDT + 4)
		root_tables(word_at(rsdp + RSDP_RSDT), 4, found);
	if (bootinfo.rsdp_length >= RSDP_BYTES_2)
		root_tables(long_at(rsdp + RSDP_XSDT), 8, found);
}
