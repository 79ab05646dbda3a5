/*
 * ACPI's MADT about the ways of interrupts: overrides, IOAPICs, and tables of someone who means
 * harm. Floor: given code.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/firmware.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/pagetable/areas.h"
#include "lab3-threads/cpu/madt.h"
#include "lab3-threads/tests/madt_table.h"
#include "lab4-interrupts/trap/ioapic.h"
#include "lab4-interrupts/trap/routes.h"
#include <linux/errno.h>

static struct routes routes;

static void ioapic(uint32_t address, uint32_t first)
{
	uint32_t at = entry(1, 12);

	put(at + 4, address, 4);
	put(at + 8, first, 4);
}

static void override(uint8_t bus, uint8_t line, uint32_t number, uint16_t flags)
{
	uint32_t at = entry(2, 10);

	table[at + 2] = bus;
	table[at + 3] = line;
	put(at + 4, number, 4);
	put(at + 8, flags, 2);
}

static void read_it(void)
{
	const char *why;

	seal();
	KT_REQUIRE(madt_check(table, bytes, &why) == 0);
	routes_read(table, &routes);
}

static void check(unsigned line, uint32_t number, bool low, bool level)
{
	const struct isa_route *route = &routes.isa[line];

	KT_TRUE(route->arrives);
	KT_EQ(route->number, number);
	KT_EQ(route->low, low);
	KT_EQ(route->level, level);
}

KTEST(routes_without_overrides, "", "without overrides, line n arrives at number n")
{
	begin();
	ioapic(0xfec00000, 0);
	read_it();
	for (unsigned line = 0; line < ISA_LINES; line++)
		check(line, line, false, false);
	KT_EQ(routes.ioapics, 1);
	KT_EQ(routes.ioapic[0].address, 0xfec00000);
	KT_EQ(routes.passed_over, 0);
}

KTEST(routes_overrides, "", "an override moves a line and turns it; who was there is nowhere")
{
	begin();
	override(0, 0, 2, 0);
	override(0, 9, 9, 0xd); /* active high, by its level */
	override(0, 5, 5, 0x7); /* active low, by its edge */
	override(0, 7, 40, 0xf);
	override(0, 7, 41, 0x5); /* the first counts */
	override(0, 15, 3, 0x5);
	read_it();
	check(0, 2, false, false);
	KT_TRUE(!routes.isa[2].arrives && !routes.isa[3].arrives);
	check(9, 9, false, true);
	check(5, 5, true, false);
	check(7, 40, true, true);
	check(15, 3, false, false);
	check(4, 4, false, false);
	KT_EQ(routes.passed_over, 1);
}

KTEST(routes_one_number, "", "of two overrides to one number the first counts")
{
	begin();
	override(0, 9, 20, 0xd);
	override(0, 11, 20, 0xd);
	override(0, 5, 7, 0x5);
	override(0, 7, 7, 0x7); /* where it would be anyway */
	override(0, 3, 4, 0xf);
	read_it();
	check(9, 20, false, true);
	check(11, 11, false, false);
	check(5, 7, false, false);
	KT_TRUE(!routes.isa[7].arrives && !routes.isa[4].arrives);
	check(3, 4, true, true);
	KT_EQ(routes.passed_over, 2);
}

KTEST(routes_that_cannot_be, "", "entries that cannot be are passed over, and nothing else")
{
	uint32_t at;

	begin();
	override(1, 0, 2, 0);  /* another bus */
	override(0, 16, 2, 0); /* there is no such line */
	override(0, 255, 2, 0);
	override(0, 1, 7, 0x2); /* a reserved polarity */
	override(0, 1, 7, 0x8); /* a reserved trigger */
	ioapic(0, 0);
	ioapic(0xfec00001, 0);
	ioapic(0xfec00000, 0);
	ioapic(0xfec00000, 24); /* there is one already */
	ioapic(0xfec01000, 0);  /* its lines have one already */
	ioapic(0xfec01000, 24);
	at = entry(1, 4); /* half a one */
	table[at + 3] = 1;
	entry(2, 2);
	read_it();
	KT_EQ(routes.ioapics, 2);
	KT_EQ(routes.passed_over, 11);
	check(0, 0, false, false);
	check(1, 1, false, false);
}

KTEST(routes_too_many, "", "of hundreds of IOAPICs the first are taken")
{
	begin();
	for (uint32_t i = 0; i < 200; i++)
		ioapic(0xfec00000 + i * 0x1000, i * 24);
	read_it();
	KT_EQ(routes.ioapics, IOAPICS_MAX);
	KT_EQ(routes.passed_over, 200 - IOAPICS_MAX);
}

KTEST(routes_random, "", "of 3000 random tables nothing is read behind their end", .limit = 10)
{
	uint8_t *page = area_alloc(PAGE_SIZE); /* behind it there is a hole */
	const char *why;

	KT_REQUIRE(page);
	for (int i = 0; i < 3000; i++) {
		begin();
		for (uint64_t entries = kt_random() % 20; entries > 0; entries--) {
			uint32_t at = entry(kt_random() % 3, (uint8_t)(2 + kt_random() % 14));

			for (uint32_t k = at + 2; k < bytes; k++)
				table[k] = (uint8_t)(kt_random() & (kt_random() % 2 ? 3 : 0xff));
		}
		seal();
		memcpy(page + PAGE_SIZE - bytes, table, bytes);
		if (madt_check(page + PAGE_SIZE - bytes, bytes, &why) < 0)
			continue;
		routes_read(page + PAGE_SIZE - bytes, &routes);
		KT_TRUE(routes.ioapics <= IOAPICS_MAX);
	}
	area_free(page);
}

KTEST(ioapic_that_is_none, "",
	"what is memory, or not there, or has another's lines, is no IOAPIC, and is not written to")
{
	struct page *page = page_alloc(0, PAGE_ZERO);
	const uint64_t *word;

	KT_REQUIRE(page);
	word = page_address(page);
	KT_EQ(ioapic_add(page_phys(page), 100), -ENODEV);
	KT_EQ(*word, 0);
	page_free(page);
	KT_EQ(ioapic_add(0xfeb00000, 100), -ENODEV); /* nobody answers there */
	KT_EQ(ioapic_add(0xfec00000, 23), -EEXIST);
	KT_EQ(ioapic_add(0xfec00000, ~0u), -ENODEV);
}
