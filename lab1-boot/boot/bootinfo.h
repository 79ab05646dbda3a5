/*
 * What the boot loader told us, in one form for every loader.
 *
 * Everything is copied: the loader's own memory may be reused once
 * bootinfo_init has returned. The modules themselves stay where they are, and
 * whoever hands out memory has to leave them alone (lab 2).
 */
#pragma once
#include "lab1-boot/boot/memmap.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOOTINFO_MODULES 8
#define BOOTINFO_CMDLINE 2048

/* A file that the loader put into memory: the initrd, from lab 4 on. Physical addresses. */
struct boot_module {
	uint64_t start, end;
	char name[64]; /* its command line, cut */
};

/* A linear frame buffer; width is 0 if there is none. */
struct boot_framebuffer {
	uint64_t physical;
	uint32_t pitch; /* bytes from a line to the next */
	uint32_t width, height;
	uint8_t bits; /* a pixel; our driver takes 32 */
	uint8_t red_position, red_bits, green_position, green_bits, blue_position, blue_bits;
};

struct bootinfo {
	const char *protocol; /* "PVH", "multiboot2" */
	char loader[64];      /* the loader's own name, "" if unknown */
	char command_line[BOOTINFO_CMDLINE];
	struct memmap memmap;
	size_t memmap_dropped; /* entries of firmware's for which there was no room */
	struct boot_module module[BOOTINFO_MODULES];
	size_t modules;
	struct boot_framebuffer framebuffer;
	uint8_t rsdp[36];   /* a copy of ACPI's root pointer, unchecked */
	size_t rsdp_length; /* 0, 20 (ACPI 1.0) or 36 */
};

/* Filled by bootinfo_init, and not changed after. */
extern struct bootinfo bootinfo;

/*
 * bootinfo_init: read what the loader left (its magic number and its physical pointer, as
 * boot_entry got them). An unknown loader or unreadable information leaves an empty map: never
 * fails. Once, before anything else.
 */
void bootinfo_init(uint32_t magic, uint32_t information);

/*
 * boot_memory: so many bytes of physical memory, through the boot direct map; NULL if they are not
 * all below 4 GiB.
 */
const void *boot_memory(uint64_t physical, uint64_t bytes);

/* boot_string: copy a loader's string of unknown length into bytes (> 0) at to; "" if unreadable.
 */
void boot_string(char *to, size_t bytes, uint64_t physical);
