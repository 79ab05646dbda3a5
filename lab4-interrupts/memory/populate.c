/* Having pages before anybody touches them: see populate.h. */
#include "lab4-interrupts/memory/populate.h"
#include "lab4-interrupts/memory/memory.h"
#include "lab4-interrupts/memory/oom.h"
#include "lab4-interrupts/process/process.h"
#include "lab4-interrupts/signal/signal.h"

static int error_of(enum vm_result result)
{
	return result == VM_RESOLVED                              ? 0
	       : result == VM_NO_REGION || result == VM_NO_MEMORY ? -ENOMEM
								  : -EFAULT;
}

/* One page. Reading is allowed wherever something is: x86 has no pages that can be written only. */
static int populate(struct vm_space *space, uint64_t address, enum populate how)
{
	enum vm_result result = VM_NO_RIGHT;

	if (memory_low())
		return -ENOMEM;
	if (how != POPULATE_READ)
		result = vm_fault(space, address, PROT_WRITE);
	if (result == VM_NO_RIGHT && how != POPULATE_WRITE)
		result = vm_fault(space, address, PROT_READ);
	return error_of(result);
}

int memory_populate(struct memory *memory, uint64_t address, uint64_t bytes, enum populate how)
{
	int error = 0;

	for (uint64_t at = address; at < address + bytes && !error; at += PAGE_SIZE)
		error = signal_told_to_end() ? -EINTR : populate(memory->space, at, how);
	return error;
}
