/*
 * Exercise 1.4 from inside: each promise of memmap_clean by itself.
 * test_memmap.py sends random maps and compares with a model of its own.
 */
#include "lab1-boot/boot/memmap.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/number.h"
#include "lab1-boot/lib/string.h"

#define USABLE   MEMORY_USABLE
#define RESERVED MEMORY_RESERVED
#define PAGE     4096ul

static struct memmap_raw raw;
static struct memmap map;

/* One entry more, as firmware's kinds come in: the ends are given, not the length. */
static void put(uint64_t start, uint64_t end, enum memory_kind kind)
{
	KT_REQUIRE(raw.count < MEMMAP_RAW_MAX);
	raw.range[raw.count++] = (struct memory_range){ start, end, kind };
}

/* The i-th cleaned range is that one. */
static void expect(size_t i, uint64_t start, uint64_t end, enum memory_kind kind)
{
	KT_REQUIRE(i < map.count);
	KT_EQ(map.range[i].start, start);
	KT_EQ(map.range[i].end, end);
	KT_EQ(map.range[i].kind, kind);
}

KTEST(memmap_sorted, "1.4", "ranges come out in order, and empty ones not at all")
{
	put(0x9000, 0xa000, RESERVED);
	put(0x5000, 0x6000, USABLE);
	put(0x7000, 0x7000, MEMORY_BAD);
	put(0x1000, 0x2000, MEMORY_ACPI);
	put(0, 0, USABLE);
	put(0x3000, 0x4000, MEMORY_NVS);
	memmap_clean(&raw, &map);

	KT_EQ(map.count, 4);
	expect(0, 0x1000, 0x2000, MEMORY_ACPI);
	expect(1, 0x3000, 0x4000, MEMORY_NVS);
	expect(2, 0x5000, 0x6000, USABLE);
	expect(3, 0x9000, 0xa000, RESERVED);
}

KTEST(memmap_merged, "1.4", "ranges of one kind that touch or overlap become one, others do not")
{
	put(0x1000, 0x2000, USABLE);
	put(0x2000, 0x3000, USABLE);
	put(0x3000, 0x4000, USABLE);
	put(0x4000, 0x5000, RESERVED);
	put(0x4800, 0x6000, RESERVED);
	put(0x6000, 0x7000, MEMORY_NVS);
	put(0x8000, 0x9000, MEMORY_NVS);
	memmap_clean(&raw, &map);

	KT_EQ(map.count, 4);
	expect(0, 0x1000, 0x4000, USABLE);
	expect(1, 0x4000, 0x6000, RESERVED);
	expect(2, 0x6000, 0x7000, MEMORY_NVS);
	expect(3, 0x8000, 0x9000, MEMORY_NVS);
}

KTEST(memmap_merged_after_cut, "1.4",
	"pieces of one kind that touch only after a cut are merged, too")
{
	put(0x1000, 0x3000, RESERVED);
	put(0x2000, 0x5000, USABLE);
	put(0x3000, 0x4000, RESERVED);
	put(0x4000, 0x6000, MEMORY_ACPI);
	put(0x5000, 0x7000, USABLE);
	put(0x4000, 0x6000, RESERVED);
	memmap_clean(&raw, &map);

	KT_EQ(map.count, 2);
	expect(0, 0x1000, 0x6000, RESERVED);
	expect(1, 0x6000, 0x7000, USABLE);
}

KTEST(memmap_greater_kind, "1.4",
	"where ranges overlap, the greater kind holds, whichever came first")
{
	put(0x10000, 0x20000, USABLE);
	put(0x12000, 0x13000, RESERVED);
	put(0x12000, 0x14000, MEMORY_ACPI);
	put(0x18000, 0x19000, MEMORY_BAD);
	put(0x17000, 0x1a000, MEMORY_NVS);
	put(0x1f000, 0x21000, MEMORY_ACPI);
	memmap_clean(&raw, &map);

	KT_EQ(map.count, 9);
	expect(0, 0x10000, 0x12000, USABLE);
	expect(1, 0x12000, 0x13000, RESERVED);
	expect(2, 0x13000, 0x14000, MEMORY_ACPI);
	expect(3, 0x14000, 0x17000, USABLE);
	expect(4, 0x17000, 0x18000, MEMORY_NVS);
	expect(5, 0x18000, 0x19000, MEMORY_BAD);
	expect(6, 0x19000, 0x1a000, MEMORY_NVS);
	expect(7, 0x1a000, 0x1f000, USABLE);
	expect(8, 0x1f000, 0x21000, MEMORY_ACPI);
}

KTEST(memmap_whole_pages, "1.4",
	"usable ranges shrink to whole pages, and other kinds keep every byte")
{
	put(0x0001, 0x2fff, USABLE);
	put(0x4800, 0x5000, USABLE); /* less than a page */
	put(0x6100, 0x6200, USABLE); /* touches no page's bound */
	put(0x7800, 0x8800, USABLE); /* a page long, but no whole page */
	put(0x9fc0, 0xa040, RESERVED);
	put(0xb800, 0xc000, USABLE); /* two halves of which the join is whole */
	put(0xc000, 0xc7ff, USABLE);
	put(0xc7ff, 0xd000, USABLE);
	put(0xe000, 0xf000, USABLE);
	memmap_clean(&raw, &map);

	KT_EQ(map.count, 4);
	expect(0, 0x1000, 0x2000, USABLE);
	expect(1, 0x9fc0, 0xa040, RESERVED);
	expect(2, 0xc000, 0xd000, USABLE);
	expect(3, 0xe000, 0xf000, USABLE);
}

KTEST(memmap_top, "1.4", "ranges that end at the top of the address space do not wrap")
{
	put(0x1000, 0x2000, USABLE);
	put(-0x20000ul, -0x8000ul, USABLE);
	put(-0x10000ul, UINT64_MAX, USABLE);
	put(-0x18000ul, -0x17ffful, RESERVED);
	memmap_clean(&raw, &map);

	KT_EQ(map.count, 4);
	expect(0, 0x1000, 0x2000, USABLE);
	expect(1, -0x20000ul, -0x18000ul, USABLE);
	expect(2, -0x18000ul, -0x17ffful, RESERVED);
	expect(3, -0x17000ul, -0x1000ul, USABLE);

	raw.count = 0;
	put(0x1000, 0x2000, USABLE);
	put(UINT64_MAX - 10, UINT64_MAX, USABLE); /* its start cannot be rounded up */
	memmap_clean(&raw, &map);
	KT_EQ(map.count, 1);
	expect(0, 0x1000, 0x2000, USABLE);
}

KTEST(memmap_most_pieces, "1.4", "128 ranges can fall into 255 pieces, for which there is room")
{
	put(0, 256 * PAGE, USABLE);
	for (uint64_t i = MEMMAP_RAW_MAX; --i > 0;)
		put((2 * i - 1) * PAGE, 2 * i * PAGE, RESERVED);
	memmap_clean(&raw, &map);

	KT_EQ(map.count, 255);
	for (size_t i = 0; i < map.count && i < 254; i++)
		expect(i, i * PAGE, (i + 1) * PAGE, i % 2 ? RESERVED : USABLE);
	expect(254, 254 * PAGE, 256 * PAGE, USABLE);
}

KTEST(memmap_add_hostile, "",
	"empty entries are passed over, wrapping ones cut, and reserved ones never lost")
{
	memmap_add(&raw, 0x1000, 0, 1);
	KT_EQ(raw.count, 0);
	memmap_add(&raw, -0x1000ul, 0x5000, 1);
	KT_EQ(raw.range[0].end, UINT64_MAX);
	memmap_add(&raw, 0x1000, 0x1000, 99);
	KT_EQ(raw.range[1].kind, MEMORY_RESERVED);

	while (raw.count < MEMMAP_RAW_MAX)
		memmap_add(&raw, 0x1000, 0x1000, 1);
	KT_EQ(raw.dropped, 0);
	memmap_add(&raw, 0x5000, 0x1000, 1);
	KT_EQ(raw.count, MEMMAP_RAW_MAX);
	KT_EQ(raw.dropped, 1);
	for (int i = 0; i < 2 * MEMMAP_RAW_MAX; i++)
		memmap_add(&raw, 0x8000, 0x1000, 2);
	for (size_t i = 0; i < raw.count; i++)
		KT_EQ(raw.range[i].kind, MEMORY_RESERVED);
}

/* Lines "START END KIND" collect a map; an empty line cleans it and replies with the result. */
KPROBE(memmap_lines)
{
	char line[80];

	while (kt_input_line(line, sizeof(line))) {
		uint64_t number[3] = { 0 };
		char *at = line;

		if (!*line) {
			memset(&map, 0xee, sizeof(map));
			memmap_clean(&raw, &map);
			kt_reply_hex(&map.count, sizeof(map.count));
			for (size_t i = 0; i < map.count && i < MEMMAP_MAX; i++)
				kt_reply_hex(&map.range[i], sizeof(map.range[i]));
			kt_reply("end");
			raw.count = 0;
			continue;
		}
		for (int i = 0; i < 3; i++) {
			char *end = strchr(at, ' ');
			size_t length = end ? (size_t)(end - at) : strlen(at);

			KT_REQUIRE(number_parse(at, length, &number[i]));
			at += length + !!end;
		}
		put(number[0], number[1], (enum memory_kind)number[2]);
	}
}
