/* Looking an address up in the boot tables. Stand-in until lab 2. */
#include "lab1-boot/boot/paging.h"
#include "lab1-boot/cpu/cpu.h"

static bool canonical(uint64_t address)
{
	return address + 0x800000000000 < 0x1000000000000;
}

bool address_mapped(uint64_t address, uint64_t bytes)
{
	uint64_t last = address + bytes - 1;
	unsigned level;

	if (last < address || !canonical(address) || !canonical(last))
		return false;
	for (uint64_t page = address / PAGE_SIZE; page <= last / PAGE_SIZE; page++)
		if (!boot_entry_of(page * PAGE_SIZE, &level))
			return false;
	return true;
}
