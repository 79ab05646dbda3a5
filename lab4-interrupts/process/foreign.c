/*
 * Writing to a memory that nobody has loaded: page by page, through the direct map.
 *
 * Read more: lab2-memory/README.md on the direct map; what is written: elf(5), System V psABI for
 * AMD64, section 3.4.1 (initial stack).
 */
#include "lab1-boot/lib/string.h"
#include "lab4-interrupts/process/program.h"

/* Where a byte of it is for the kernel; NULL with the reason in *error. */
static char *writable(struct memory *memory, uint64_t address, int *error)
{
	enum vm_result result = vm_fault(memory->space, address, PROT_WRITE);
	struct mapping mapping;

	*error = result == VM_NO_MEMORY ? -ENOMEM : -EFAULT;
	if (result != VM_RESOLVED || !pagetable_query(&memory->space->pagetable, address, &mapping))
		return NULL;
	return phys_to_virt(mapping.physical);
}

int foreign_write(struct memory *memory, uint64_t address, const void *from, size_t bytes)
{
	const char *next = from;

	while (bytes) {
		size_t left = PAGE_SIZE - address % PAGE_SIZE, now = bytes < left ? bytes : left;
		int error;
		char *to = writable(memory, address, &error);

		if (!to)
			return error;
		if (from)
			memcpy(to, next, now);
		else
			memset(to, 0, now);
		next += from ? now : 0;
		address += now;
		bytes -= now;
	}
	return 0;
}
