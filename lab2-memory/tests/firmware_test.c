/* Finding ACPI's tables, well made and broken. Floor: given code. */
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/boot/paging.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/firmware.h"
#include <linux/errno.h>

struct span {
	uint64_t start, end;
};

/* What firmware_tables found, as addresses of the tables below. */
static struct span found[32];
static unsigned found_count;

static void remember(uint64_t start, uint64_t end)
{
	KT_REQUIRE(found_count < 32);
	found[found_count].start = start;
	found[found_count++].end = end;
}

static bool was_found(const void *table, uint64_t bytes)
{
	for (unsigned i = 0; i < found_count; i++)
		if (found[i].start == kernel_phys(table) &&
			found[i].end == kernel_phys(table) + bytes)
			return true;
	return false;
}

static uint8_t rsdt[64], xsdt[64], fadt[256], other[64], third[64], facs[64], dsdt[64], xdsdt[64];

static void put32(uint8_t *at, uint64_t value)
{
	memcpy(at, &value, 4);
}

static void put64(uint8_t *at, uint64_t value)
{
	memcpy(at, &value, 8);
}

/* Tables as a careful firmware makes them; the RSDT and the XSDT list different ones. */
static void make_tables(void)
{
	memset(&bootinfo, 0, sizeof(bootinfo));
	memcpy(bootinfo.rsdp, "RSD PTR ", 8);
	put32(bootinfo.rsdp + 16, kernel_phys(rsdt));
	put64(bootinfo.rsdp + 24, kernel_phys(xsdt));
	bootinfo.rsdp_length = 36;
	put32(rsdt + 4, 36 + 2 * 4);
	put32(rsdt + 36, kernel_phys(other));
	put32(rsdt + 40, kernel_phys(fadt));
	put32(xsdt + 4, 36 + 8);
	put64(xsdt + 36, kernel_phys(third));
	memcpy(fadt, "FACP", 4);
	put32(fadt + 4, 148);
	put32(fadt + 36, kernel_phys(facs));
	put32(fadt + 40, kernel_phys(dsdt));
	put64(fadt + 132, 0);
	put64(fadt + 140, kernel_phys(xdsdt));
	put32(other + 4, 50);
	put32(third + 4, 36);
	put32(facs + 4, 64);
	put32(dsdt + 4, 40);
	put32(xdsdt + 4, 41);
	found_count = 0;
}

KTEST(firmware_follows, "", "each table that the root pointer leads to is found, with its length")
{
	make_tables();
	firmware_tables(remember);
	KT_EQ(found_count, 8);
	KT_TRUE(was_found(rsdt, 44));
	KT_TRUE(was_found(xsdt, 44));
	KT_TRUE(was_found(other, 50));
	KT_TRUE(was_found(third, 36));
	KT_TRUE(was_found(fadt, 148));
	KT_TRUE(was_found(facs, 64));
	KT_TRUE(was_found(dsdt, 40));
	KT_TRUE(was_found(xdsdt, 41));
	found_count = 0;
	bootinfo.rsdp_length = 20; /* ACPI 1.0 */
	put32(fadt + 4, 116);
	firmware_tables(remember);
	KT_EQ(found_count, 5);
	KT_TRUE(!was_found(xsdt, 44) && !was_found(third, 36) && !was_found(xdsdt, 41));
	found_count = 0;
	bootinfo.rsdp_length = 0;
	firmware_tables(remember);
	KT_EQ(found_count, 0);
}

KTEST(firmware_hostile, "", "tables that are broken are passed over, and circles end")
{
	make_tables();
	put32(rsdt + 36, kernel_phys(rsdt)); /* itself */
	put32(other + 4, 7);                 /* shorter than a header's beginning */
	put64(xsdt + 36, kernel_phys(other));
	put32(fadt + 36, 0);
	put32(dsdt + 4, 0x1000001); /* 16 MiB and a byte */
	put64(fadt + 140, ~0ul);
	firmware_tables(remember);
	KT_EQ(found_count, 4);
	KT_EQ(found[1].start, found[0].start);
	KT_TRUE(was_found(rsdt, 44) && was_found(xsdt, 44) && was_found(fadt, 148));
	found_count = 0;
	put32(bootinfo.rsdp + 16, 0xfffffff0);
	put64(bootinfo.rsdp + 24, 0x8000000000000000);
	firmware_tables(remember);
	KT_EQ(found_count, 0);
}

/* Make the sum of so many bytes zero by the one at that place. */
static void seal(uint8_t *table, uint32_t bytes, unsigned place)
{
	table[place] = (uint8_t)(table[place] - firmware_sum(table, bytes));
}

static void seal_all(void)
{
	seal(bootinfo.rsdp, 20, 8);
	seal(bootinfo.rsdp, 36, 32);
	seal(rsdt, 44, 9);
	seal(xsdt, 44, 9);
}

static void make_good_tables(void)
{
	make_tables();
	memcpy(rsdt, "RSDT", 4);
	memcpy(xsdt, "XSDT", 4);
	memcpy(third, "NICE", 4);
	memcpy(other, "RARE", 4);
	seal_all();
}

static int look_for(const char *signature, const void **table)
{
	uint32_t bytes = 0;
	int error = firmware_find(signature, table, &bytes);

	KT_TRUE(error || bytes >= 36);
	return error;
}

KTEST(firmware_finds, "", "a table is found by its signature, in the one root table or the other")
{
	const void *table = NULL;

	make_good_tables();
	KT_EQ(look_for("NICE", &table), 0);
	KT_EQ(table, phys_to_virt(kernel_phys(third)));
	KT_EQ(look_for("RARE", &table), 0);
	KT_EQ(table, phys_to_virt(kernel_phys(other)));
	KT_EQ(look_for("NONE", &table), -ENOENT);
	bootinfo.rsdp_length = 20;
	KT_EQ(look_for("NICE", &table), -ENOENT);
	KT_EQ(look_for("RARE", &table), 0);
	bootinfo.rsdp_length = 0;
	KT_EQ(look_for("RARE", &table), -ENOENT);
}

KTEST(firmware_finds_nothing_broken, "",
	"root tables with a wrong sum or signature are not followed")
{
	uint8_t *const place[] = { &bootinfo.rsdp[3], &bootinfo.rsdp[9], &bootinfo.rsdp[33],
		&rsdt[2], &rsdt[20], &rsdt[43] };
	const void *table;

	for (size_t i = 0; i < sizeof(place) / sizeof(place[0]); i++) {
		make_good_tables();
		*place[i] ^= 0x40;
		KT_EQ(look_for("RARE", &table), -EINVAL);
		KT_EQ(look_for("NICE", &table), i < 3 ? -EINVAL : 0);
	}
	make_good_tables();
	xsdt[20] ^= 1;
	KT_EQ(look_for("NICE", &table), -EINVAL);
	KT_EQ(look_for("RARE", &table), 0);
	make_good_tables();
	memcpy(rsdt, "RSDX", 4);
	seal_all();
	KT_EQ(look_for("RARE", &table), -EINVAL);
}

/* A table that is changed in places, among them those that lead on. */
static void spoil(uint8_t *table, size_t bytes)
{
	for (uint64_t changes = kt_random() % 4; changes > 0; changes--)
		table[kt_random() % bytes] = (uint8_t)kt_random();
	if (kt_random() % 4 == 0)
		put32(table + 4, kt_random() % 3 ? kt_random() % 80 : kt_random());
	if (kt_random() % 4 == 0)
		put64(table + 36, kt_random() % 3 ? kt_random() % (1ul << 33) : kt_random());
}

KTEST(firmware_random, "", "2000 random root tables make no fault", .limit = 10)
{
	const void *table;

	for (int i = 0; i < 2000; i++) {
		make_good_tables();
		spoil(rsdt, 44);
		spoil(xsdt, 44);
		spoil(bootinfo.rsdp, i % 2 ? 8 : 36);
		if (i % 100) /* sums over megabytes take long */
			rsdt[6] = rsdt[7] = xsdt[6] = xsdt[7] = 0;
		seal_all();
		if (firmware_find("RARE", &table, &(uint32_t){ 0 }) == 0)
			KT_TRUE(!memcmp(table, "RARE", 4));
	}
}

/* Replies whether tables above 4 GiB are found once the kernel's map shows them. On 6 GiB. */
KPROBE(firmware_above)
{
	uint64_t place = 5ul << 30;
	const void *table = NULL;

	make_good_tables();
	KT_REQUIRE(address_mapped(DIRECT_MAP + place, PAGE_SIZE));
	put64(bootinfo.rsdp + 24, place);
	put64(xsdt + 36, place + 0x800);
	seal_all();
	memcpy(phys_to_virt(place), xsdt, sizeof(xsdt));
	memcpy((char *)phys_to_virt(place) + 0x800, third, sizeof(third));
	KT_EQ(look_for("NICE", &table), 0);
	KT_EQ(table, phys_to_virt(place + 0x800));
	put64(bootinfo.rsdp + 24, 7ul << 30); /* behind all memory */
	seal_all();
	KT_EQ(look_for("NICE", &table), -EINVAL);
	memset(phys_to_virt(place), 0, PAGE_SIZE);
	kt_reply("done");
}
