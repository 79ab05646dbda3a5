/* Reading what the PVH protocol tells. See pvh.h. */
#include "lab1-boot/boot/pvh.h"
#include "lab1-boot/lib/string.h"

/* No loader has more than some dozens of either: more is garbage, and would take long to read. */
#define ENTRIES_MAX 4096

#define RSDP_BYTES_1  20 /* in ACPI 1.0 */
#define RSDP_REVISION 15 /* the byte that tells it: 0 for ACPI 1.0, 2 for later ones */

static void read_memmap(const struct pvh_start_info *start, struct memmap_raw *raw)
{
	for (uint64_t i = 0; i < start->memmap_entries && i < ENTRIES_MAX; i++) {
		const struct pvh_memmap_entry *entry =
			boot_memory(start->memmap + i * sizeof(*entry), sizeof(*entry));

		if (!entry)
			return;
		memmap_add(raw, entry->start, entry->length, entry->type);
	}
}

/* For more modules than we note down there is no use, but their memory is not ours either. */
static void read_modules(
	const struct pvh_start_info *start, struct bootinfo *info, struct memmap_raw *raw)
{
	for (uint64_t i = 0; i < start->modules && i < ENTRIES_MAX; i++) {
		const struct pvh_module *from =
			boot_memory(start->module_list + i * sizeof(*from), sizeof(*from));

		if (!from)
			return;
		if (!boot_memory(from->physical, from->bytes))
			continue;
		if (info->modules == BOOTINFO_MODULES) {
			memmap_add(raw, from->physical, from->bytes, MEMMAP_TYPE_RESERVED);
			continue;
		}
		struct boot_module *module = &info->module[info->modules++];
		module->start = from->physical;
		module->end = from->physical + from->bytes;
		boot_string(module->name, sizeof(module->name), from->command_line);
	}
}

/* ACPI's root pointer tells its own length by its revision (ACPI 6.5, section 5.2.5.3). */
static void read_rsdp(uint64_t physical, struct bootinfo *info)
{
	const uint8_t *rsdp = boot_memory(physical, RSDP_BYTES_1);
	size_t bytes = rsdp && rsdp[RSDP_REVISION] >= 2 ? sizeof(info->rsdp) : RSDP_BYTES_1;

	if (physical == 0 || !boot_memory(physical, bytes))
		return;
	memcpy(info->rsdp, rsdp, bytes);
	info->rsdp_length = bytes;
}

void pvh_read(const struct pvh_start_info *start, struct bootinfo *info, struct memmap_raw *raw)
{
	if (!start || start->magic != PVH_MAGIC)
		return;
	info->protocol = "PVH";
	boot_string(info->command_line, sizeof(info->command_line), start->command_line);
	read_modules(start, info, raw);
	if (start->version >= 1)
		read_memmap(start, raw);

	read_rsdp(start->rsdp, info);
}
