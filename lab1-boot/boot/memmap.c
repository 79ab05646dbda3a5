/*
 * Cleaning up firmware's memory map: see memmap.h.
 *
 * It happens once a boot, with at most 128 ranges: clear beats quick here.
 */
#include "lab1-boot/boot/memmap.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/todo.h"

/* ACPI's type numbers (ACPI 6.5, section 15, "Address Range Types"). */
static enum memory_kind kind_of_type(uint32_t type)
{
	static const enum memory_kind kinds[] = { MEMORY_RESERVED, MEMORY_USABLE, MEMORY_RESERVED,
		MEMORY_ACPI, MEMORY_NVS, MEMORY_BAD };

	return type < sizeof(kinds) / sizeof(kinds[0]) ? kinds[type] : MEMORY_RESERVED;
}

/* A place for a range that must not be forgotten: a usable one's. NULL if there is none. */
static struct memory_range *memmap_evict(struct memmap_raw *raw)
{
	for (size_t i = raw->count; i-- > 0;)
		if (raw->range[i].kind == MEMORY_USABLE)
			return &raw->range[i];
	return NULL;
}

void memmap_add(struct memmap_raw *raw, uint64_t start, uint64_t length, uint32_t type)
{
	enum memory_kind kind = kind_of_type(type);
	uint64_t end = start + length < start ? UINT64_MAX : start + length;
	struct memory_range *slot;

	if (length == 0)
		return;
	if (raw->count < MEMMAP_RAW_MAX) {
		slot = &raw->range[raw->count++];
	} else {
		raw->dropped++;
		slot = kind == MEMORY_USABLE ? NULL : memmap_evict(raw);
	}
	if (slot)
		*slot = (struct memory_range){ start, end, kind };
}

// BEGIN SOLUTION 1.4
/*
 * The idea: between two neighbouring bounds (starts and ends of raw ranges, sorted) nothing
 * changes, so each such piece has one kind: the greatest of those that cover it.
 */
static void sort(uint64_t *bounds, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		uint64_t bound = bounds[i];
		size_t j = i;

		for (; j > 0 && bounds[j - 1] > bound; j--)
			bounds[j] = bounds[j - 1];
		bounds[j] = bound;
	}
}

/* The kind of [start, end), which no raw bound cuts; MEMORY_KINDS if nothing covers it. */
static enum memory_kind kind_between(const struct memmap_raw *raw, uint64_t start, uint64_t end)
{
	enum memory_kind kind = MEMORY_KINDS;

	for (size_t i = 0; i < raw->count; i++) {
		const struct memory_range *range = &raw->range[i];

		if (range->start <= start && end <= range->end)
			if (kind == MEMORY_KINDS || range->kind > kind)
				kind = range->kind;
	}
	return kind;
}

/* Append a piece that is not below the last one, joining it to that if it can be. */
static void append(struct memmap *map, uint64_t start, uint64_t end, enum memory_kind kind)
{
	struct memory_range *last = map->count ? &map->range[map->count - 1] : NULL;

	if (last && last->end == start && last->kind == kind)
		last->end = end;
	else
		map->range[map->count++] = (struct memory_range){ start, end, kind };
}

/* Shrink usable ranges to whole pages, and leave out what becomes empty. */
static void align(struct memmap *map)
{
	size_t kept = 0;

	for (size_t i = 0; i < map->count; i++) {
		struct memory_range range = map->range[i];

		if (range.kind == MEMORY_USABLE) {
			uint64_t slack = -range.start % PAGE_SIZE;

			if (slack >= range.end - range.start)
				continue;
			range.start += slack;
			range.end -= range.end % PAGE_SIZE;
		}
		if (range.start < range.end)
			map->range[kept++] = range;
	}
	map->count = kept;
}
// END SOLUTION 1.4 =>

void memmap_clean(struct memmap_raw *raw, struct memmap *map)
{
	/* Exercise 1.4: the contract stands in memmap.h. Mind the arithmetic near 2^64,
	 * and that two ranges that only touch after a third was cut are merged, too. */
	// BEGIN SOLUTION 1.4
	uint64_t bounds[2 * MEMMAP_RAW_MAX];
	size_t count = 0;

	for (size_t i = 0; i < raw->count; i++) {
		bounds[count++] = raw->range[i].start;
		bounds[count++] = raw->range[i].end;
	}
	sort(bounds, count);

	map->count = 0;
	for (size_t i = 0; i + 1 < count; i++) {
		enum memory_kind kind = kind_between(raw, bounds[i], bounds[i + 1]);

		if (bounds[i] < bounds[i + 1] && kind != MEMORY_KINDS)
			append(map, bounds[i], bounds[i + 1], kind);
	}
	align(map);
	// END SOLUTION 1.4 => todo("1.4"); (void)raw; map->count = 0;
}

uint64_t memmap_usable(const struct memmap *map)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < map->count; i++)
		if (map->range[i].kind == MEMORY_USABLE)
			bytes += map->range[i].end - map->range[i].start;
	return bytes;
}

const char *memmap_kind_name(enum memory_kind kind)
{
	static const char *const names[MEMORY_KINDS] = { "usable", "ACPI tables", "ACPI NVS",
		"reserved", "bad" };

	return kind < MEMORY_KINDS ? names[kind] : "unknown";
}
