/* Whether an address can be read, by this processor's tables. Takes the place of lab 1's stand-in.
 */
#include "lab1-boot/boot/paging.h"
#include "lab2-memory/pagetable/pagetable.h"

static bool canonical(uint64_t address)
{
	return address < USER_END || address >= -USER_END;
}

bool address_mapped(uint64_t address, uint64_t bytes)
{
	uint64_t last = address + bytes - 1;
	struct mapping mapping;

	if (last < address || !canonical(address) || !canonical(last))
		return false;
	for (;;) {
		if (!pagetable_query(tlb_loaded(), address, &mapping))
			return false;
		address |= pte_span(mapping.level) - 1;
		if (address >= last)
			return true;
		address++;
	}
}
