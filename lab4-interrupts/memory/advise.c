/*
 * What a program tells the kernel of its memory, or asks: madvise, msync, mincore, mlock.
 *
 * Nothing is ever swapped out here: memory that is there stays, so locking it means to have it
 * there from the beginning.
 *
 * Read more: madvise(2), msync(2), mincore(2), mlock(2).
 */
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/memory/memory.h"
#include "lab4-interrupts/memory/populate.h"
#include "lab4-interrupts/process/process.h"

/* A range of a program's: its start is a multiple of the page size, its end is made one. */
static int check_range(uint64_t address, uint64_t *bytes)
{
	uint64_t whole = (*bytes + PAGE_SIZE - 1) & -PAGE_SIZE;

	if (address % PAGE_SIZE != 0 || whole < *bytes || address + whole < address)
		return -EINVAL;
	*bytes = whole;
	return 0;
}

/* Whether regions cover all of the range. Caller holds the space's lock. */
static bool covered(struct vm_space *space, uint64_t address, uint64_t bytes)
{
	struct vm_region *region = vm_region_from(space, address);
	uint64_t end = address + bytes;

	while (region && region->range.start <= address && address < end) {
		address = region->range.end;
		region = vm_region_next(region);
	}
	return address >= end;
}

static bool is_mapped(struct vm_space *space, uint64_t address, uint64_t bytes)
{
	bool all;

	rwlock_read(&space->lock);
	all = covered(space, address, bytes);
	rwlock_read_done(&space->lock);
	return all;
}

/* --- madvise ------------------------------------------------------------------------- */

/* Whether MADV_FREE may throw all of it away: only what belongs to the program alone. */
static bool all_private(struct vm_space *space, uint64_t address, uint64_t end)
{
	struct vm_region *region = vm_region_from(space, address);

	for (; region && region->range.start < end; region = vm_region_next(region))
		if (region->object)
			return false;
	return true;
}

/* The pages go; what is read there next is zero, or what the object has. */
static int64_t drop(struct vm_space *space, uint64_t address, uint64_t bytes, bool only_private)
{
	uint64_t end = address + bytes;
	int64_t error = 0;

	rwlock_write(&space->lock);
	if (only_private && !all_private(space, address, end))
		error = -EINVAL;
	if (!error)
		error = vm_pages_split(space, address);
	if (!error)
		error = vm_pages_split(space, end);
	if (!error) {
		vm_pages_unmap(space, address, end);
		error = covered(space, address, bytes) ? 0 : -ENOMEM;
	}
	rwlock_write_done(&space->lock);
	return error;
}

static int64_t advise(struct memory *memory, uint64_t address, uint64_t bytes, int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		return drop(memory->space, address, bytes, false);
	case MADV_FREE:
		return drop(memory->space, address, bytes, true);
	case MADV_POPULATE_READ:
		return memory_populate(memory, address, bytes, POPULATE_READ);
	case MADV_POPULATE_WRITE:
		return memory_populate(memory, address, bytes, POPULATE_WRITE);
	default:
		return is_mapped(memory->space, address, bytes) ? 0 : -ENOMEM;
	}
}

/* Those that are only hints may be taken and forgotten; those that promise something may not. */
static bool is_known(int advice)
{
	switch (advice) {
	case MADV_NORMAL ... MADV_DONTNEED:
	case MADV_FREE:
	case MADV_DOFORK:
	case MADV_MERGEABLE ... MADV_DODUMP:
	case MADV_COLD ... MADV_DONTNEED_LOCKED:
		return true;
	default:
		return false;
	}
}

SYSCALL(madvise, "address, size, advice", uint64_t, address, uint64_t, bytes, int, advice)
{
	int error = is_known(advice) ? check_range(address, &bytes) : -EINVAL;

	if (error || bytes == 0)
		return error;
	if (address + bytes > VM_HIGH)
		return -ENOMEM;
	return advise(process_self()->memory, address, bytes, advice);
}

/* --- msync --------------------------------------------------------------------------- */

SYSCALL(msync, "address, size, msync_flags", uint64_t, address, uint64_t, bytes, int, flags)
{
	int both = MS_ASYNC | MS_SYNC;

	if ((flags & ~(both | MS_INVALIDATE)) || (flags & both) == both || address % PAGE_SIZE)
		return -EINVAL;
	if (check_range(address, &bytes))
		return -ENOMEM;
	return is_mapped(process_self()->memory->space, address, bytes) ? 0 : -ENOMEM;
}

/* --- mincore ------------------------------------------------------------------------- */

#define CORE_PIECE 256 /* pages whose bytes go to the program at once */

/* A byte for each page of the range: 1 for one that is there. */
static void look(struct vm_space *space, uint64_t address, unsigned pages, uint8_t *core)
{
	struct mapping mapping;

	for (unsigned i = 0; i < pages; i++)
		core[i] = pagetable_query(&space->pagetable, address + i * PAGE_SIZE, &mapping);
}

SYSCALL(mincore, "address, size, address", uint64_t, address, uint64_t, bytes, uint64_t, to)
{
	struct vm_space *space = process_self()->memory->space;
	uint8_t core[CORE_PIECE];

	if (address % PAGE_SIZE)
		return -EINVAL;
	if (check_range(address, &bytes) || address + bytes > VM_HIGH ||
		!is_mapped(space, address, bytes))
		return -ENOMEM;
	while (bytes > 0) {
		uint64_t left = bytes / PAGE_SIZE;
		unsigned pages = left < CORE_PIECE ? (unsigned)left : CORE_PIECE;

		look(space, address, pages, core);
		if (copy_to_user(to, core, pages))
			return -EFAULT;
		address += pages * PAGE_SIZE;
		bytes -= pages * PAGE_SIZE;
		to += pages;
	}
	return 0;
}

/* --- mlock --------------------------------------------------------------------------- */

/* The pages that hold any of the bytes; locking tells errors otherwise than the rest does. */
static int round_outward(uint64_t *address, uint64_t *bytes)
{
	*bytes += *address % PAGE_SIZE;
	*address &= -PAGE_SIZE;
	return check_range(*address, bytes);
}

static int64_t lock_range(uint64_t address, uint64_t bytes, bool populate)
{
	struct memory *memory = process_self()->memory;
	uint64_t limit = process_limit(process_self(), RLIMIT_MEMLOCK);
	int error;

	if (round_outward(&address, &bytes))
		return -EINVAL;
	if (bytes > limit || !is_mapped(memory->space, address, bytes))
		return -ENOMEM;
	error = populate ? memory_populate(memory, address, bytes, POPULATE_BEST) : 0;
	return error == -EFAULT ? -ENOMEM : error;
}

SYSCALL(mlock, "address, size", uint64_t, address, uint64_t, bytes)
{
	return lock_range(address, bytes, true);
}

SYSCALL(mlock2, "address, size, number", uint64_t, address, uint64_t, bytes, int, flags)
{
	return flags & ~MLOCK_ONFAULT ? -EINVAL : lock_range(address, bytes, flags == 0);
}

SYSCALL(munlock, "address, size", uint64_t, address, uint64_t, bytes)
{
	if (round_outward(&address, &bytes))
		return -EINVAL;
	return is_mapped(process_self()->memory->space, address, bytes) ? 0 : -ENOMEM;
}

SYSCALL(mlockall, "mlockall_flags", int, flags)
{
	uint64_t limit = process_limit(process_self(), RLIMIT_MEMLOCK);
	uint64_t mapped = process_self()->memory->space->mapped;

	if (flags == 0 || flags == MCL_ONFAULT ||
		(flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)))
		return -EINVAL;
	return (flags & MCL_CURRENT) && mapped > limit ? -ENOMEM : 0;
}

SYSCALL(munlockall, "")
{
	return 0;
}
