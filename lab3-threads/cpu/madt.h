/*
 * ACPI's Multiple APIC Description Table: which processors there are.
 *
 * Behind a header it is a list of entries, each of which begins with its kind and its
 * length. Firmware's tables are input: what is broken is refused, nothing outside is read.
 *
 * Source: ACPI specification 6.5, section 5.2.12.
 */
#pragma once
#include "lab1-boot/cpu/percpu.h"
#include <stddef.h>
#include <stdint.h>

enum madt_kind {
	MADT_LOCAL_APIC = 0,
	MADT_LOCAL_X2APIC = 9,
};

struct madt_entry {
	uint8_t kind;   /* enum madt_kind, or another */
	uint8_t length; /* in bytes, with these two */
} __attribute__((packed));

/*
 * madt_check: whether so many bytes, which can be read, are such a table: signature, length,
 * checksum, and entries that lie inside it as a whole and have the length that their kind needs.
 * 0, or -EINVAL and a phrase for people in *why.
 */
int madt_check(const void *table, size_t bytes, const char **why);

/* madt_next: the entry behind that one (NULL: the first) in a table that was found good; NULL at
 * the end. */
const struct madt_entry *madt_next(const void *table, const struct madt_entry *entry);

/* The processors that firmware has for us, by the numbers of their APICs. */
struct madt_processors {
	uint32_t id[CPUS_MAX];
	unsigned count;
	unsigned more; /* entries for which there was no room */
};

/*
 * madt_processors: those of a table that was found good, in its order, without those that are
 * disabled, each once.
 */
void madt_processors(const void *table, struct madt_processors *found);
