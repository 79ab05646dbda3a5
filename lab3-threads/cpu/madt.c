/* Reading the MADT: see madt.h. Numbers lie at odd addresses: the structures are packed. */
#include "lab3-threads/cpu/madt.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/firmware.h"
#include <linux/errno.h>
#include <stdbool.h>

struct header {
	char signature[4];
	uint32_t length;
	uint8_t rest[28];      /* revision, checksum, who made it */
	uint32_t apic_address; /* the processor knows better */
	uint32_t flags;
} __attribute__((packed));
_Static_assert(sizeof(struct header) == 44, "ACPI 6.5, table 5.19");

struct local_apic {
	struct madt_entry entry;
	uint8_t processor;
	uint8_t id;
	uint32_t flags;
} __attribute__((packed));
_Static_assert(sizeof(struct local_apic) == 8, "ACPI 6.5, table 5.21");

struct local_x2apic {
	struct madt_entry entry;
	uint16_t reserved;
	uint32_t id;
	uint32_t flags;
	uint32_t processor;
} __attribute__((packed));
_Static_assert(sizeof(struct local_x2apic) == 16, "ACPI 6.5, table 5.34");

#define ENABLED  1u
#define ALL      0xffu /* numbers that mean every APIC, and so no processor's */
#define ALL_WIDE 0xffffffffu

static unsigned least_length(unsigned kind)
{
	switch (kind) {
	case MADT_LOCAL_APIC:
		return sizeof(struct local_apic);
	case MADT_LOCAL_X2APIC:
		return sizeof(struct local_x2apic);
	default:
		return sizeof(struct madt_entry);
	}
}

static const char *fault_of_entries(const uint8_t *table, uint32_t bytes)
{
	uint32_t at = sizeof(struct header);

	while (at < bytes) {
		const struct madt_entry *entry = (const struct madt_entry *)(table + at);

		if (bytes - at < sizeof(*entry) || entry->length > bytes - at)
			return "an entry reaches beyond it";
		if (entry->length < least_length(entry->kind))
			return "an entry is too short";
		at += entry->length;
	}
	return NULL;
}

static const char *fault_of(const void *table, size_t bytes)
{
	const struct header *header = table;

	if (bytes < sizeof(*header) || header->length < sizeof(*header) || header->length > bytes)
		return "its length cannot be";
	if (memcmp(header->signature, "APIC", 4) != 0)
		return "it is another table";
	if (firmware_sum(table, header->length) != 0)
		return "its checksum is wrong";
	return fault_of_entries(table, header->length);
}

int madt_check(const void *table, size_t bytes, const char **why)
{
	*why = fault_of(table, bytes);
	return *why ? -EINVAL : 0;
}

const struct madt_entry *madt_next(const void *table, const struct madt_entry *entry)
{
	const struct header *header = table;
	const uint8_t *next = entry ? (const uint8_t *)entry + entry->length
				    : (const uint8_t *)table + sizeof(*header);

	return next < (const uint8_t *)table + header->length ? (const void *)next : NULL;
}

/* Whether the entry is of a processor that may be used, and its number. */
static bool processor_of(const struct madt_entry *entry, uint32_t *id)
{
	const struct local_apic *apic = (const struct local_apic *)entry;
	const struct local_x2apic *wide = (const struct local_x2apic *)entry;

	switch (entry->kind) {
	case MADT_LOCAL_APIC:
		*id = apic->id;
		return apic->flags & ENABLED && *id != ALL;
	case MADT_LOCAL_X2APIC:
		*id = wide->id;
		return wide->flags & ENABLED && *id != ALL_WIDE;
	default:
		return false;
	}
}

static bool has(const struct madt_processors *found, uint32_t id)
{
	for (unsigned i = 0; i < found->count; i++)
		if (found->id[i] == id)
			return true;
	return false;
}

void madt_processors(const void *table, struct madt_processors *found)
{
	const struct madt_entry *entry = NULL;
	uint32_t id;

	*found = (struct madt_processors){ 0 };
	while ((entry = madt_next(table, entry))) {
		if (!processor_of(entry, &id) || has(found, id))
			continue;
		if (found->count < CPUS_MAX)
			found->id[found->count++] = id;
		else
			found->more++;
	}
}
