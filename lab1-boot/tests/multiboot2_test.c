/* Multiboot2's information, well made and hostile. It ends where memory ends (scratch.h). */
#include "lab1-boot/boot/multiboot2.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/tests/scratch.h"

static struct bootinfo info;
static struct memmap_raw raw;
static char built[1024] __attribute__((aligned(8)));
static uint32_t used = 8;

/* Append a tag: its type, and what stands behind its head. */
static void add_tag(uint32_t type, const void *body, size_t bytes)
{
	struct multiboot2_tag tag = { type, (uint32_t)(sizeof(tag) + bytes) };

	KT_REQUIRE(used + sizeof(tag) + bytes + 8 <= sizeof(built));
	memcpy(built + used, &tag, sizeof(tag));
	memcpy(built + used + sizeof(tag), body, bytes);
	used += (tag.size + 7) & ~7u;
	*(uint32_t *)built = used;
}

/* Read what was built, from the last bytes of memory. */
static void read_built(void)
{
	char *start = (char *)scratch_end() - used;

	memcpy(start, built, used);
	multiboot2_read(start, used, &info, &raw);
}

KTEST(multiboot2_reads, "", "each kind of tag finds its place")
{
	static const struct {
		uint32_t size, version;
		struct {
			uint64_t start, length;
			uint32_t type, reserved;
			uint64_t more;
		} entry[2];
	} memory = { 32, 0, { { 0x1000, 0x2000, 1, 0, 0 }, { 0x8000, 0x1000, 4, 0, 0 } } };
	static const struct {
		uint32_t start, end;
		char name[11];
	} module = { 0x200000, 0x234567, "initrd one" };

	add_tag(1, "quiet ktest=none", 17);
	add_tag(77, "unknown", 8);
	add_tag(2, "GRUB 2.06", 10);
	add_tag(3, &module, 8 + 11);
	add_tag(6, &memory, sizeof(memory));
	add_tag(14, "RSD PTR first twenty", 20);
	add_tag(0, "", 0);
	add_tag(1, "behind the end", 15);
	read_built();

	KT_STREQ(info.protocol, "multiboot2");
	KT_STREQ(info.command_line, "quiet ktest=none");
	KT_STREQ(info.loader, "GRUB 2.06");
	KT_EQ(info.modules, 1);
	KT_EQ(info.module[0].start, 0x200000);
	KT_EQ(info.module[0].end, 0x234567);
	KT_STREQ(info.module[0].name, "initrd one");
	KT_EQ(raw.count, 2);
	KT_EQ(raw.range[1].start, 0x8000);
	KT_EQ(raw.range[1].end, 0x9000);
	KT_EQ(raw.range[1].kind, MEMORY_NVS);
	KT_EQ(info.rsdp_length, 20);
	KT_EQ(info.framebuffer.width, 0);
}

KTEST(multiboot2_many_modules, "", "a module for which there is no room keeps its memory")
{
	for (uint32_t i = 0; i <= BOOTINFO_MODULES; i++) {
		struct {
			uint32_t start, end;
			char name[2];
		} module = { 0x200000 + i * 0x1000, 0x200800 + i * 0x1000, "m" };

		add_tag(3, &module, 8 + 2);
	}
	add_tag(0, "", 0);
	read_built();
	KT_EQ(info.modules, BOOTINFO_MODULES);
	KT_EQ(raw.count, 1);
	KT_EQ(raw.range[0].start, 0x200000 + BOOTINFO_MODULES * 0x1000);
	KT_EQ(raw.range[0].end, 0x200800 + BOOTINFO_MODULES * 0x1000);
}

KTEST(multiboot2_framebuffer, "", "an RGB frame buffer is taken, and a text screen is not")
{
	uint8_t body[30] = { 0 };

	memcpy(body, &(uint64_t){ 0xfd000000 }, 8);
	memcpy(body + 8, (uint32_t[]){ 4096, 1024, 768 }, 12);
	memcpy(body + 20, (uint8_t[]){ 32, 2, 0, 0, 16, 8, 8, 8, 0, 8 }, 10);
	add_tag(8, body, sizeof(body));
	read_built();
	KT_EQ(info.framebuffer.width, 0);
	body[21] = 1;
	add_tag(8, body, sizeof(body));
	read_built();
	KT_EQ(info.framebuffer.physical, 0xfd000000);
	KT_EQ(info.framebuffer.pitch, 4096);
	KT_EQ(info.framebuffer.height, 768);
	KT_EQ(info.framebuffer.red_position, 16);
	KT_EQ(info.framebuffer.blue_bits, 8);
}

KTEST(multiboot2_limit, "", "information that claims to be larger than it can be is not read")
{
	add_tag(1, "no", 3);
	*(uint32_t *)built = used + 1;
	read_built();
	KT_STREQ(info.command_line, "");
}

/* A size that is now and then right, small, or absurd. */
static uint32_t random_size(void)
{
	switch (kt_random() % 4) {
	case 0:
		return (uint32_t)kt_random();
	case 1:
		return kt_random() % 16;
	default:
		return 8 + kt_random() % 80;
	}
}

KTEST(multiboot2_hostile, "", "no information, however made, is read too far or overfills anything",
	.limit = 10)
{
	char *end = scratch_end();

	for (int i = 0; i < 5000; i++) {
		size_t bytes = 8 + kt_random() % 64 * 8;
		uint32_t *start = (uint32_t *)(end - bytes);

		for (size_t at = 0; at < bytes / 4; at++)
			start[at] = kt_random() % 4 ? kt_random() % 20 : (uint32_t)kt_random();
		for (size_t at = 8; at + 8 <= bytes;) {
			uint32_t *tag = (uint32_t *)((char *)start + at);

			tag[0] = kt_random() % 18 + (kt_random() % 8 == 0 ? 0 : 1);
			tag[1] = random_size();
			at += tag[1] < bytes ? (tag[1] + 15) & ~7u : bytes;
		}
		start[0] = kt_random() % 8 ? (uint32_t)bytes : (uint32_t)kt_random();
		multiboot2_read(start, bytes, &info, &raw);

		KT_REQUIRE(strnlen(info.command_line, BOOTINFO_CMDLINE) < BOOTINFO_CMDLINE);
		KT_REQUIRE(strnlen(info.loader, sizeof(info.loader)) < sizeof(info.loader));
		KT_REQUIRE(info.modules <= BOOTINFO_MODULES);
		KT_REQUIRE(raw.count <= MEMMAP_RAW_MAX);
		KT_REQUIRE(info.rsdp_length <= sizeof(info.rsdp));
		for (size_t j = 0; j < raw.count; j++)
			KT_REQUIRE(raw.range[j].start <= raw.range[j].end);
		if (kt_random() % 16 == 0) {
			memset(&info, 0, sizeof(info));
			memset(&raw, 0, sizeof(raw));
		}
	}
}
