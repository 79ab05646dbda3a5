/* The PVH protocol's information, well made and hostile. */
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/boot/multiboot2.h"
#include "lab1-boot/boot/pvh.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"

static struct bootinfo info;
static struct memmap_raw raw;

KTEST(pvh_reads, "", "the command line, modules, memory map and root pointer find their places")
{
	static const char line[] = "quiet x=1", name[] = "initrd";
	static char rsdp[36] = "RSD PTR checksum";
	static const struct pvh_memmap_entry memory[] = { { 0x1000, 0x2000, 1, 0 },
		{ 0x9000, 0x800, 2, 0 } };
	struct pvh_module module = { 0x200000, 0x1234, kernel_phys(name), 0 };
	static struct pvh_module modules[2];
	struct pvh_start_info start = { .magic = PVH_MAGIC,
		.version = 1,
		.modules = 2,
		.module_list = kernel_phys(modules),
		.command_line = kernel_phys(line),
		.rsdp = kernel_phys(rsdp),
		.memmap = kernel_phys(memory),
		.memmap_entries = 2 };

	modules[0] = module;
	modules[1] = (struct pvh_module){ 0xffffffff, 2, 0, 0 }; /* ends behind 4 GiB: left out */
	pvh_read(&start, &info, &raw);
	KT_STREQ(info.protocol, "PVH");
	KT_STREQ(info.command_line, "quiet x=1");
	KT_EQ(info.modules, 1);
	KT_EQ(info.module[0].end, 0x201234);
	KT_STREQ(info.module[0].name, "initrd");
	KT_EQ(raw.count, 2);
	KT_EQ(raw.range[1].end, 0x9800);
	KT_EQ(raw.range[1].kind, MEMORY_RESERVED);
	KT_EQ(info.rsdp_length, 36);
	rsdp[15] = 0; /* ACPI 1.0, whose root pointer is shorter */
	info.rsdp_length = 0;
	pvh_read(&start, &info, &raw);
	KT_EQ(info.rsdp_length, 20);
	KT_TRUE(!memcmp(info.rsdp, rsdp, 20));
}

KTEST(pvh_many_modules, "", "a module for which there is no room keeps its memory")
{
	static struct pvh_module modules[BOOTINFO_MODULES + 1];
	struct pvh_start_info start = { .magic = PVH_MAGIC,
		.modules = BOOTINFO_MODULES + 1,
		.module_list = kernel_phys(modules) };

	for (unsigned i = 0; i <= BOOTINFO_MODULES; i++)
		modules[i] = (struct pvh_module){ 0x200000 + i * 0x1000, 0x800, 0, 0 };
	pvh_read(&start, &info, &raw);
	KT_EQ(info.modules, BOOTINFO_MODULES);
	KT_EQ(raw.count, 1);
	KT_EQ(raw.range[0].start, 0x200000 + BOOTINFO_MODULES * 0x1000);
	KT_EQ(raw.range[0].end, 0x200800 + BOOTINFO_MODULES * 0x1000);
	KT_EQ(raw.range[0].kind, MEMORY_RESERVED);
}

KTEST(pvh_refuses, "", "no information, a wrong magic number and an old version are told apart")
{
	static const struct pvh_memmap_entry memory = { 0x1000, 0x2000, 1, 0 };
	struct pvh_start_info start = {
		.magic = PVH_MAGIC + 1, .memmap = kernel_phys(&memory), .memmap_entries = 1
	};

	pvh_read(NULL, &info, &raw);
	pvh_read(&start, &info, &raw);
	KT_TRUE(!info.protocol);
	start.magic = PVH_MAGIC; /* version 0 has no memory map */
	pvh_read(&start, &info, &raw);
	KT_STREQ(info.protocol, "PVH");
	KT_EQ(raw.count, 0);
}

/* A physical address in RAM, around the end of what is mapped, or anywhere. */
static uint64_t random_address(void)
{
	switch (kt_random() % 4) {
	case 0:
		return kt_random();
	case 1:
		return DIRECT_MAP_BOOT - kt_random() % 64;
	default:
		return kt_random() %
		       0x100000; /* below the kernel, which has a hole for its guard page */
	}
}

static uint32_t random_count(void)
{
	return kt_random() % 2 ? kt_random() % 200 : (uint32_t)kt_random();
}

KTEST(pvh_hostile, "", "no pointer or count, however wrong, is followed out of memory", .limit = 10)
{
	for (int i = 0; i < 200; i++) {
		struct pvh_start_info start = { .magic = PVH_MAGIC,
			.version = kt_random() % 3,
			.modules = random_count(),
			.module_list = random_address(),
			.command_line = random_address(),
			.rsdp = random_address(),
			.memmap = random_address(),
			.memmap_entries = random_count() };

		memset(&info, 0, sizeof(info));
		pvh_read(&start, &info, &raw);
		KT_REQUIRE(strnlen(info.command_line, BOOTINFO_CMDLINE) < BOOTINFO_CMDLINE);
		KT_REQUIRE(info.modules <= BOOTINFO_MODULES);
		KT_REQUIRE(raw.count <= MEMMAP_RAW_MAX);
		for (size_t j = 0; j < info.modules; j++)
			KT_REQUIRE(info.module[j].end <= DIRECT_MAP_BOOT);
		for (size_t j = 0; j < raw.count; j++)
			KT_REQUIRE(raw.range[j].start <= raw.range[j].end);
	}
}

KTEST(bootinfo_hostile, "", "an unknown loader and information out of reach leave an empty map")
{
	bootinfo_init(MULTIBOOT2_BOOTLOADER_MAGIC, 0xfffffffc);
	KT_STREQ(bootinfo.protocol, "unknown");
	bootinfo_init(0x12345678, 0xfffffffc);
	KT_STREQ(bootinfo.protocol, "unknown");
	bootinfo_init(0, 0);
	KT_STREQ(bootinfo.protocol, "unknown");
}

/* What this boot's loader told: protocol, command line, and each module's name and first bytes. */
KPROBE(bootinfo_tell)
{
	kt_reply(bootinfo.protocol);
	kt_reply(bootinfo.command_line);
	kt_reply_hex(bootinfo.rsdp, 8);
	for (size_t i = 0; i < bootinfo.modules; i++) {
		const struct boot_module *module = &bootinfo.module[i];
		uint64_t bytes = module->end - module->start;

		kt_reply(module->name);
		kt_reply_hex(&bytes, sizeof(bytes));
		kt_reply_hex(phys_to_virt(module->start), bytes < 64 ? bytes : 64);
	}
	for (size_t i = 0; i < bootinfo.memmap.count; i++)
		kt_reply_hex(&bootinfo.memmap.range[i], sizeof(bootinfo.memmap.range[i]));
}
