/*
 * ACPI's MADT, well made and broken. test_madt.py has others, and judges them itself.
 * Floor: given code.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/firmware.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/pagetable/areas.h"
#include "lab3-threads/cpu/madt.h"
#include "lab3-threads/tests/madt_table.h"
#include <linux/errno.h>

static void apic(uint8_t id, uint32_t flags)
{
	uint32_t at = entry(MADT_LOCAL_APIC, 8);

	table[at + 3] = id;
	put32(at + 4, flags);
}

static void x2apic(uint32_t id, uint32_t flags)
{
	uint32_t at = entry(MADT_LOCAL_X2APIC, 16);

	put32(at + 4, id);
	put32(at + 8, flags);
}

static int check(void)
{
	const char *why = NULL;
	int error = madt_check(table, bytes, &why);

	KT_EQ(why == NULL, error == 0);
	return error;
}

KTEST(madt_lists_processors, "", "enabled processors are listed in order, each once")
{
	struct madt_processors found;

	begin();
	apic(4, 1);
	entry(1, 12); /* an I/O APIC */
	apic(0, 1);
	apic(9, 2); /* could be enabled later: not ours */
	apic(4, 1);
	apic(255, 1); /* all processors: none */
	entry(200, 2);
	x2apic(0x12345, 1);
	x2apic(0, 3);
	x2apic(0xffffffff, 1);
	x2apic(77, 0);
	seal();
	KT_EQ(check(), 0);
	madt_processors(table, &found);
	KT_REQUIRE(found.count == 3 && found.more == 0);
	KT_EQ(found.id[0], 4);
	KT_EQ(found.id[1], 0);
	KT_EQ(found.id[2], 0x12345);
}

KTEST(madt_thousands, "", "of hundreds of processors the first are taken, and the others counted")
{
	struct madt_processors found;

	begin();
	for (uint32_t id = 1000; bytes + 16 <= PAGE_SIZE; id++)
		x2apic(id, 1);
	seal();
	KT_EQ(check(), 0);
	madt_processors(table, &found);
	KT_EQ(found.count, CPUS_MAX);
	KT_EQ(found.id[CPUS_MAX - 1], 1000 + CPUS_MAX - 1);
	KT_EQ(found.more, (PAGE_SIZE - HEADER) / 16 - CPUS_MAX);
}

static void begin_good(void)
{
	begin();
	apic(0, 1);
	x2apic(1, 1);
	apic(2, 1);
	seal();
}

KTEST(madt_refuses, "", "a table is refused for its signature, length, sum, or one of its entries")
{
	const char *why;

	begin_good();
	KT_EQ(check(), 0);
	KT_EQ(madt_check(table, bytes - 1, &why), -EINVAL);
	KT_EQ(madt_check(table, HEADER - 1, &why), -EINVAL);
	KT_EQ(madt_check(table, 0, &why), -EINVAL);
	table[HEADER + 3]++;
	KT_EQ(check(), -EINVAL);
	begin_good();
	table[0] = 'B';
	table[3]--, table[3]--;
	seal();
	KT_EQ(check(), -EINVAL);
	for (unsigned length = 0; length < 256; length++) {
		begin_good();
		table[HEADER + 8 + 1] = (uint8_t)length; /* that of the middle one */
		seal();
		KT_EQ(check(), length == 16 || length == 24 ? 0 : -EINVAL);
	}
}

KTEST(madt_empty, "", "a table without entries tells of no processors")
{
	struct madt_processors found;

	begin();
	seal();
	KT_EQ(check(), 0);
	madt_processors(table, &found);
	KT_EQ(found.count, 0);
	bytes = HEADER + 1; /* half an entry */
	seal();
	KT_EQ(check(), -EINVAL);
}

static void random_entries(void)
{
	static const uint8_t kinds[] = { 0, 0, 9, 9, 1, 2, 4, 5, 200 };

	for (uint64_t count = kt_random() % 30; count > 0; count--) {
		uint8_t kind = kinds[kt_random() % sizeof(kinds)];
		uint64_t length = kind == 0 ? 8 : kind == 9 ? 16 : 2 + kt_random() % 20;
		uint32_t at = entry(kind, (uint8_t)length);

		for (uint64_t i = 2; i < length; i++)
			table[at + i] = (uint8_t)(kt_random() & (kt_random() % 2 ? 1 : 0xff));
	}
}

/* Some bytes are others, or the length says something else. */
static void spoil(void)
{
	for (uint64_t changes = kt_random() % 4; changes > 0; changes--)
		table[kt_random() % bytes] = (uint8_t)kt_random();
	if (kt_random() % 3)
		seal();
	if (kt_random() % 8 == 0)
		put32(4, (uint32_t)(kt_random() % 2 ? kt_random() % (2 * bytes) : kt_random()));
}

static void visit_all(const uint8_t *copy)
{
	struct madt_processors found;
	const struct madt_entry *at = NULL;
	const char *why;
	uint32_t seen = HEADER, length;

	if (madt_check(copy, bytes, &why) < 0)
		return;
	memcpy(&length, copy + 4, 4);
	KT_EQ(firmware_sum(copy, length), 0);
	while ((at = madt_next(copy, at)))
		seen += at->length;
	KT_EQ(seen, length);
	madt_processors(copy, &found);
	KT_TRUE(found.count <= CPUS_MAX);
}

KTEST(madt_random, "", "of 5000 random tables nothing is read behind their end", .limit = 10)
{
	uint8_t *page = area_alloc(PAGE_SIZE); /* behind it there is a hole */

	KT_REQUIRE(page);
	for (int i = 0; i < 5000; i++) {
		begin();
		random_entries();
		seal();
		spoil();
		memcpy(page + PAGE_SIZE - bytes, table, bytes);
		visit_all(page + PAGE_SIZE - bytes);
	}
	area_free(page);
}

static uint8_t nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Lines: a table in hexadecimal. Reply: "refused", or struct madt_processors. */
KPROBE(madt_lines)
{
	static char line[2 * PAGE_SIZE + 1];
	struct madt_processors found;
	const char *why;

	while (kt_input_line(line, sizeof(line))) {
		for (bytes = 0; line[2 * bytes]; bytes++)
			table[bytes] = (uint8_t)(nibble(line[2 * bytes]) << 4 |
						 nibble(line[2 * bytes + 1]));
		if (madt_check(table, bytes, &why) < 0) {
			kt_reply("refused");
			continue;
		}
		madt_processors(table, &found);
		kt_reply_hex(&found, sizeof(found));
	}
}
