/*
 * The PVH boot protocol, by which QEMU's -kernel starts us.
 * Source: Xen, docs/misc/pvh.pandoc and xen/include/public/arch-x86/hvm/start_info.h.
 */
#pragma once
#include "lab1-boot/boot/bootinfo.h"

#define PVH_MAGIC 0x336ec578

/* Packed only in this sense: nobody promises that they lie at addresses of any alignment. */
struct pvh_start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t modules;
	uint64_t module_list;
	uint64_t command_line;
	uint64_t rsdp;
	/* from version 1 on */
	uint64_t memmap;
	uint32_t memmap_entries;
	uint32_t reserved;
} __attribute__((packed));
_Static_assert(sizeof(struct pvh_start_info) == 56, "start_info.h");

struct pvh_module {
	uint64_t physical;
	uint64_t bytes;
	uint64_t command_line;
	uint64_t reserved;
} __attribute__((packed));

struct pvh_memmap_entry {
	uint64_t start;
	uint64_t length;
	uint32_t type;
	uint32_t reserved;
} __attribute__((packed));
_Static_assert(sizeof(struct pvh_memmap_entry) == 24, "start_info.h");

/*
 * pvh_read: fill info and raw from start (NULL or a wrong magic number: nothing is changed). All
 * pointers in it are checked; what cannot be read is left out.
 */
void pvh_read(const struct pvh_start_info *start, struct bootinfo *info, struct memmap_raw *raw);
