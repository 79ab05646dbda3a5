/* From a loader's information to struct bootinfo: see bootinfo.h. */
#include "lab1-boot/boot/bootinfo.h"
#include "lab1-boot/boot/layout.h"
#include "lab1-boot/boot/multiboot2.h"
#include "lab1-boot/boot/pvh.h"
#include "lab1-boot/lib/string.h"

/* How many bytes can be read behind GRUB's pointer: up to the end of what is mapped. */
#define MULTIBOOT2_LIMIT(information) (DIRECT_MAP_BOOT - (information))

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

void bootinfo_init(uint32_t magic, uint32_t information)
{
	static struct memmap_raw raw;

	bootinfo.protocol = "unknown";
	if (magic == MULTIBOOT2_BOOTLOADER_MAGIC && information % 8 == 0)
		multiboot2_read(
			phys_to_virt(information), MULTIBOOT2_LIMIT(information), &bootinfo, &raw);
	else if (magic != MULTIBOOT2_BOOTLOADER_MAGIC)
		pvh_read(boot_memory(information, sizeof(struct pvh_start_info)), &bootinfo, &raw);
	memmap_clean(&raw, &bootinfo.memmap);
	bootinfo.memmap_dropped = raw.dropped;
}
