/*
 * Finding ACPI's tables: see firmware.h. The root pointer leads to a root table,
 * which lists the others; one of those, the FADT, leads to two more.
 *
 * Source: ACPI specification 6.5, sections 5.2.5 (root pointer), 5.2.6 (header),
 * 5.2.7 and 5.2.8 (root tables), 5.2.9 (FADT).
 */
#include "lab2-memory/page/firmware.h"
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/boot/paging.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/pagetable/kernel_map.h"
#include <linux/errno.h>

#define RSDP_BYTES_1 20 /* the root pointer of ACPI 1.0, and of all later ones */
#define RSDP_RSDT    16 /* offsets in it */
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

/* So many bytes (> 0) of physical memory; NULL if they cannot be reached. */
static const char *reach(uint64_t physical, uint64_t bytes)
{
	if (!kernel_map_made())
		return boot_memory(physical, bytes);
	if (physical >= DIRECT_MAP_MAX || !address_mapped(DIRECT_MAP + physical, bytes))
		return NULL;
	return phys_to_virt(physical);
}

/* The table at that address; NULL if it cannot be one. */
static const char *table_of(uint64_t physical, uint32_t *bytes)
{
	const char *table = physical ? reach(physical, HEADER_BYTES) : NULL;

	if (!table)
		return NULL;
	*bytes = word_at(table + HEADER_LENGTH);
	if (*bytes < HEADER_LENGTH + 4 || *bytes > TABLE_BYTES || !reach(physical, *bytes))
		return NULL;
	return table;
}

/* The same, told to found. */
static const char *table_at(
	uint64_t physical, uint32_t *bytes, void (*found)(uint64_t start, uint64_t end))
{
	const char *table = table_of(physical, bytes);

	if (table)
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

/* --- one table, by its name ---------------------------------------------------------- */

uint8_t firmware_sum(const void *table, uint64_t bytes)
{
	const uint8_t *at = table;
	uint8_t sum = 0;

	while (bytes-- > 0)
		sum += *at++;
	return sum;
}

static bool rsdp_is_good(void)
{
	const uint8_t *rsdp = bootinfo.rsdp;

	return bootinfo.rsdp_length >= RSDP_BYTES_1 && !memcmp(rsdp, "RSD PTR ", 8) &&
	       firmware_sum(rsdp, RSDP_BYTES_1) == 0 &&
	       (bootinfo.rsdp_length < RSDP_BYTES_2 || firmware_sum(rsdp, RSDP_BYTES_2) == 0);
}

/* A root table's entries are so many bytes long each. */
static int find_in(uint64_t physical, const char *name, unsigned entry, const char *signature,
	const void **found, uint32_t *found_bytes)
{
	uint32_t bytes;
	const char *root = table_of(physical, &bytes);

	if (!root || memcmp(root, name, 4) != 0 || firmware_sum(root, bytes) != 0)
		return -EINVAL;
	for (uint32_t at = HEADER_BYTES; at + entry <= bytes; at += entry) {
		*found =
			table_of(entry == 8 ? long_at(root + at) : word_at(root + at), found_bytes);
		if (*found && !memcmp(*found, signature, 4))
			return 0;
	}
	return -ENOENT;
}

int firmware_find(const char *signature, const void **table, uint32_t *bytes)
{
	uint64_t rsdt, xsdt;
	int error = -ENOENT;

	if (bootinfo.rsdp_length == 0)
		return -ENOENT;
	if (!rsdp_is_good())
		return -EINVAL;
	rsdt = word_at(bootinfo.rsdp + RSDP_RSDT);
	xsdt = bootinfo.rsdp_length >= RSDP_BYTES_2 ? long_at(bootinfo.rsdp + RSDP_XSDT) : 0;
	if (xsdt)
		error = find_in(xsdt, "XSDT", 8, signature, table, bytes);
	if (error && rsdt) {
		int other = find_in(rsdt, "RSDT", 4, signature, table, bytes);

		error = other == 0 || error == -ENOENT ? other : error;
	}
	return error;
}
