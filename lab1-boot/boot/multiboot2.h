/*
 * The multiboot2 boot protocol, by which GRUB starts us.
 * Source: Multiboot2 Specification version 2.0, section 3.6.
 */
#pragma once
#include "lab1-boot/boot/bootinfo.h"

#define MULTIBOOT2_BOOTLOADER_MAGIC 0x36d76289

/* Every tag begins so; the next one follows at the next multiple of 8. */
struct multiboot2_tag {
	uint32_t type;
	uint32_t size; /* bytes, this head included */
};

/*
 * multiboot2_read: fill info and raw from the information at start: its total size in bytes, four
 * bytes of nothing, and tags. Reads at most limit bytes (>= 8), and nothing if the total is larger;
 * a tag that is too short for its kind is passed over, one that does not fit ends the reading.
 */
void multiboot2_read(
	const void *start, size_t limit, struct bootinfo *info, struct memmap_raw *raw);
