/* From a loader's information to struct bootinfo: see bootinfo.h. */
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/boot/multiboot2.h"
#include "lab1-boot/boot/pvh.h"
#include "lab1-boot/boot/reserve.h"
#include "lab1-boot/lib/string.h"

/* GRUB's information is some 2 KiB; what claims to be larger than this is garbage. */
#define MULTIBOOT2_MAX (1ul << 20)

struct bootinfo bootinfo;

const void *boot_memory(uint64_t physical, uint64_t bytes)
{
	if (physical >= DIRECT_MAP_BOOT || bytes > DIRECT_MAP_BOOT - physical)
		return NULL;
	return phys_to_virt(physical);
}

void boot_string(char *to, size_t bytes, uint64_t physical)
{
	size_t length = 0;

	for (; length < bytes - 1; length++) {
		const char *c = boot_memory(physical + length, 1);

		if (physical == 0 || !c || !*c)
			break;
		to[length] = *c;
	}
	to[length] = '\0';
}

/* How many bytes may be read behind GRUB's pointer. */
static size_t multiboot2_limit(uint64_t information)
{
	uint64_t mapped = DIRECT_MAP_BOOT - information;

	return mapped < MULTIBOOT2_MAX ? mapped : MULTIBOOT2_MAX;
}

void bootinfo_init(uint32_t magic, uint32_t information)
{
	static struct memmap_raw raw;

	bootinfo.protocol = "unknown";
	if (magic == MULTIBOOT2_BOOTLOADER_MAGIC && information % 8 == 0)
		multiboot2_read(
			phys_to_virt(information), multiboot2_limit(information), &bootinfo, &raw);
	else if (magic != MULTIBOOT2_BOOTLOADER_MAGIC)
		pvh_read(boot_memory(information, sizeof(struct pvh_start_info)), &bootinfo, &raw);
	reserve_asked(&raw);
	memmap_clean(&raw, &bootinfo.memmap);
	bootinfo.memmap_dropped = raw.dropped;
}
