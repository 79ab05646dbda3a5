/*
 * Reading multiboot2's tags. See multiboot2.h.
 *
 * Each kind of tag has a function and the least size that it may have; the
 * reader checks sizes once, so that the functions need not.
 */
#include "lab1-boot/boot/multiboot2.h"
#include "lab1-boot/lib/string.h"

struct reading {
	struct bootinfo *info;
	struct memmap_raw *raw;
};

static void copy_text(char *to, size_t room, const char *from, size_t bytes)
{
	size_t length = strnlen(from, bytes < room - 1 ? bytes : room - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

static void read_command_line(const struct multiboot2_tag *tag, struct reading *to)
{
	copy_text(to->info->command_line, sizeof(to->info->command_line), (const char *)(tag + 1),
		tag->size - sizeof(*tag));
}

static void read_loader(const struct multiboot2_tag *tag, struct reading *to)
{
	copy_text(to->info->loader, sizeof(to->info->loader), (const char *)(tag + 1),
		tag->size - sizeof(*tag));
}

struct module_tag {
	struct multiboot2_tag tag;
	uint32_t start, end;
	char name[];
};

static void read_module(const struct multiboot2_tag *tag, struct reading *to)
{
	const struct module_tag *from = (const struct module_tag *)tag;

	if (from->end < from->start)
		return;
	if (to->info->modules == BOOTINFO_MODULES) { /* its memory is not ours all the same */
		memmap_add(to->raw, from->start, from->end - from->start, MEMMAP_TYPE_RESERVED);
		return;
	}
	struct boot_module *module = &to->info->module[to->info->modules++];
	module->start = from->start;
	module->end = from->end;
	copy_text(module->name, sizeof(module->name), from->name, tag->size - sizeof(*from));
}

struct memmap_entry {
	uint64_t start, length;
	uint32_t type, reserved;
};

struct memmap_tag {
	struct multiboot2_tag tag;
	uint32_t entry_size, entry_version;
};

static void read_memmap(const struct multiboot2_tag *tag, struct reading *to)
{
	const struct memmap_tag *from = (const struct memmap_tag *)tag;
	const char *at = (const char *)(from + 1), *end = (const char *)tag + tag->size;

	if (from->entry_size < sizeof(struct memmap_entry))
		return;
	for (; (size_t)(end - at) >= from->entry_size; at += from->entry_size) {
		struct memmap_entry entry;

		memcpy(&entry, at, sizeof(entry));
		memmap_add(to->raw, entry.start, entry.length, entry.type);
	}
}

struct framebuffer_tag {
	struct multiboot2_tag tag;
	uint64_t physical;
	uint32_t pitch, width, height;
	uint8_t bits, type;
	uint16_t reserved;
	uint8_t red_position, red_bits, green_position, green_bits, blue_position, blue_bits;
} __attribute__((packed));
_Static_assert(sizeof(struct framebuffer_tag) == 38, "Multiboot2 3.6.12");

#define FRAMEBUFFER_RGB 1

static void read_framebuffer(const struct multiboot2_tag *tag, struct reading *to)
{
	const struct framebuffer_tag *from = (const struct framebuffer_tag *)tag;

	if (from->type != FRAMEBUFFER_RGB)
		return;
	to->info->framebuffer = (struct boot_framebuffer){
		.physical = from->physical,
		.pitch = from->pitch,
		.width = from->width,
		.height = from->height,
		.bits = from->bits,
		.red_position = from->red_position,
		.red_bits = from->red_bits,
		.green_position = from->green_position,
		.green_bits = from->green_bits,
		.blue_position = from->blue_position,
		.blue_bits = from->blue_bits,
	};
}

/* Tags 14 and 15 hold a copy of the root pointer; the newer one wins by being longer. */
static void read_rsdp(const struct multiboot2_tag *tag, struct reading *to)
{
	size_t length = tag->size - sizeof(*tag);

	if (length > sizeof(to->info->rsdp))
		length = sizeof(to->info->rsdp);
	if (length <= to->info->rsdp_length)
		return;
	memcpy(to->info->rsdp, tag + 1, length);
	to->info->rsdp_length = length;
}

static const struct tag_kind {
	uint32_t type;
	uint32_t least; /* bytes */
	void (*read)(const struct multiboot2_tag *tag, struct reading *to);
} tag_kinds[] = {
	{ 1, sizeof(struct multiboot2_tag), read_command_line },
	{ 2, sizeof(struct multiboot2_tag), read_loader },
	{ 3, sizeof(struct module_tag), read_module },
	{ 6, sizeof(struct memmap_tag), read_memmap },
	{ 8, sizeof(struct framebuffer_tag), read_framebuffer },
	{ 14, sizeof(struct multiboot2_tag) + 20, read_rsdp },
	{ 15, sizeof(struct multiboot2_tag) + 36, read_rsdp },
};

static void read_tag(const struct multiboot2_tag *tag, struct reading *to)
{
	for (size_t i = 0; i < sizeof(tag_kinds) / sizeof(tag_kinds[0]); i++)
		if (tag_kinds[i].type == tag->type && tag->size >= tag_kinds[i].least)
			tag_kinds[i].read(tag, to);
}

void multiboot2_read(const void *start, size_t limit, struct bootinfo *info, struct memmap_raw *raw)
{
	struct reading to = { info, raw };
	uint32_t total = *(const uint32_t *)start;

	info->protocol = "multiboot2";
	if (total > limit)
		return;

	for (uint64_t at = 8; at + sizeof(struct multiboot2_tag) <= total;) {
		const struct multiboot2_tag *tag = (const void *)((const char *)start + at);

		if (tag->type == 0 || tag->size < sizeof(*tag) || tag->size > total - at)
			return;
		read_tag(tag, &to);
		at += (tag->size + 7ul) & ~7ul;
	}
}
