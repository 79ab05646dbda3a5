/*
 * The map of physical memory, as firmware tells it and as the kernel uses it.
 *
 * Firmware's list may come in any order, with ranges that overlap, are empty
 * or run past the end of the address space. memmap_clean makes one that can be
 * relied on. Source: ACPI specification 6.5, section 15 (address map).
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* In rising order of claim: where ranges overlap, the greater kind holds. */
enum memory_kind {
	MEMORY_USABLE,
	MEMORY_ACPI,     /* tables: usable once they have been read */
	MEMORY_NVS,      /* firmware's own, to be kept */
	MEMORY_RESERVED, /* and every kind that we do not know */
	MEMORY_BAD,
	MEMORY_KINDS
};

struct memory_range {
	uint64_t start; /* first byte */
	uint64_t end;   /* first byte behind it */
	enum memory_kind kind;
};

#define MEMMAP_RAW_MAX 128                  /* entries taken from firmware */
#define MEMMAP_MAX     (2 * MEMMAP_RAW_MAX) /* n ranges fall into fewer than 2n pieces */

struct memmap {
	size_t count;
	struct memory_range range[MEMMAP_MAX];
};

/* Firmware's entries, while they are collected. */
struct memmap_raw {
	size_t count;
	size_t dropped; /* entries for which there was no room */
	struct memory_range range[MEMMAP_RAW_MAX];
};

#define MEMMAP_TYPE_RESERVED 2 /* ACPI 6.5, section 15, "Address Range Types" */

/*
 * memmap_add: take one entry of firmware's (start and length in bytes, type as ACPI numbers it).
 * Empty ranges are passed over and one that runs past 2^64 is cut there. When the table is full, a
 * usable range is dropped, and another kind takes the place of a usable one: memory may be lost
 * that way, but none is used that is not ours. Takes no lock.
 */
void memmap_add(struct memmap_raw *raw, uint64_t start, uint64_t length, uint32_t type);

/*
 * memmap_clean: make of the raw ranges (any order, overlapping, start <= end) a map whose ranges
 *   - rise and do not overlap: where raw ones do, the greater kind holds;
 *   - are merged where they touch and are of one kind;
 *   - begin and end on pages where they are usable, shrunk inwards (once they are merged);
 *   - are never empty.
 * raw may be reordered. Never fails: MEMMAP_MAX has room for the worst. Takes no lock.
 */
void memmap_clean(struct memmap_raw *raw, struct memmap *map);

/* memmap_usable: how many bytes are usable. */
uint64_t memmap_usable(const struct memmap *map);

/* memmap_kind_name: "usable", "reserved", ... */
const char *memmap_kind_name(enum memory_kind kind);
