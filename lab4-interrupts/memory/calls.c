/*
 * What a program may ask of its memory: mmap, munmap, mprotect, brk. See advise.c for the rest, and
 * remap.c for mremap.
 *
 * Lab 2's vm_map and its kind know regions and pages; here is what else Linux wants to have said:
 * limits, files, and which error it is.
 *
 * Read more: mmap(2), munmap(2), mprotect(2), brk(2), getrlimit(2).
 */
#include "lab2-memory/page/page.h"
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/file/file.h"
#include "lab4-interrupts/file/table.h"
#include "lab4-interrupts/memory/memory.h"
#include "lab4-interrupts/memory/populate.h"
#include "lab4-interrupts/memory/stack.h"
#include "lab4-interrupts/memory/view.h"
#include "lab4-interrupts/process/process.h"
#include <linux/fcntl.h>

#define REGIONS_MAX 65530u /* Linux's vm.max_map_count */

static uint64_t whole_pages(uint64_t bytes)
{
	return (bytes + PAGE_SIZE - 1) & -PAGE_SIZE;
}

bool memory_room(const struct memory *memory, uint64_t bytes)
{
	uint64_t limit = process_limit(process_self(), RLIMIT_AS);
	uint64_t mapped = __atomic_load_n(&memory->space->mapped, __ATOMIC_RELAXED);

	return bytes <= limit && mapped <= limit - bytes;
}

bool memory_regions_room(const struct memory *memory, unsigned regions)
{
	return __atomic_load_n(&memory->space->regions.count, __ATOMIC_RELAXED) + regions <=
	       REGIONS_MAX;
}

/* Whether a region would be cut in two there. Caller holds the space's lock. */
static bool cuts(struct vm_space *space, uint64_t at)
{
	struct vm_region *region = vm_region_at(space, at);

	return region && region->range.start < at;
}

/* Whether the limit of regions allows it to treat a range otherwise than what is around it; one
 * that is unmapped is no region itself. */
static bool may_cut(struct memory *memory, uint64_t address, uint64_t bytes, bool unmaps)
{
	struct vm_space *space = memory->space;
	unsigned more;

	if (memory_regions_room(memory, 2))
		return true;
	rwlock_read(&space->lock);
	more = cuts(space, address) + cuts(space, address + whole_pages(bytes));
	rwlock_read_done(&space->lock);
	return memory_regions_room(memory, more && unmaps ? more - 1 : more);
}

/* --- mmap ---------------------------------------------------------------------------- */

/* Memory that will be written is refused at once if there is not so much in the whole machine. */
static bool too_much(uint64_t bytes, int protection, int flags)
{
	bool counts = !(flags & MAP_NORESERVE) &&
		      (flags & MAP_SHARED ? flags & MAP_ANONYMOUS : protection & PROT_WRITE);

	return counts && bytes / PAGE_SIZE > page_total();
}

/* Whether a file that was opened so may be mapped so. */
static int may_map(const struct file *file, int protection, int flags)
{
	unsigned mode = file->flags & O_ACCMODE;

	if (mode == O_WRONLY)
		return -EACCES;
	if ((flags & MAP_SHARED) && (protection & PROT_WRITE) && mode != O_RDWR)
		return -EACCES;
	return file->ops->object ? 0 : -ENODEV;
}

/* The object of a file to be mapped, with a reference. */
static int object_of(int fd, int protection, int flags, struct vm_object **object)
{
	struct file *file = table_file(fd);
	int error;

	if (!file)
		return -EBADF;
	error = may_map(file, protection, flags);
	if (!error)
		error = file->ops->object(file, object);
	if (!error && (flags & MAP_SHARED) && (file->flags & O_ACCMODE) != O_RDWR)
		error = view_read_only(object);
	file_put(file);
	return error;
}

/* The flags that Linux knows; MAP_SHARED_VALIDATE refuses others. */
#define MAP_KNOWN                                                                                  \
	(MAP_SHARED_VALIDATE | MAP_FIXED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN |   \
		MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE |       \
		MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB)

/* MAP_SHARED_VALIDATE is MAP_SHARED for files, if all flags are known. */
static int check_flags(int *flags)
{
	if ((*flags & MAP_TYPE) != MAP_SHARED_VALIDATE)
		return 0;
	if (*flags & MAP_ANONYMOUS)
		return -EINVAL;
	if (*flags & ~MAP_KNOWN)
		return -EOPNOTSUPP;
	*flags &= ~MAP_PRIVATE;
	return 0;
}

/* How many bytes of the range are mapped. */
static uint64_t mapped_within(struct vm_space *space, uint64_t address, uint64_t bytes)
{
	uint64_t end = address + bytes, mapped = 0;

	rwlock_read(&space->lock);
	for (struct vm_region *region = vm_region_from(space, address);
		region && region->range.start < end; region = vm_region_next(region)) {
		uint64_t from = region->range.start, to = region->range.end;

		mapped += (to < end ? to : end) - (from > address ? from : address);
	}
	rwlock_read_done(&space->lock);
	return mapped;
}

/* Whether the limits allow it; what is replaced is none more. */
static bool room_to_map(struct memory *memory, uint64_t address, uint64_t bytes, int flags)
{
	if ((flags & MAP_FIXED) && bytes <= VM_HIGH && address <= VM_HIGH - bytes)
		bytes -= mapped_within(memory->space, address, bytes);
	return memory_room(memory, bytes) && memory_regions_room(memory, 1);
}

/* mmap's arguments that have nothing to do with a file. */
static int check_map(struct memory *memory, uint64_t address, uint64_t bytes, int protection,
	int *flags, uint64_t offset)
{
	int error;

	if (offset % PAGE_SIZE != 0 || bytes == 0)
		return -EINVAL;
	if (whole_pages(bytes) < bytes)
		return -ENOMEM;
	if (offset + whole_pages(bytes) < offset)
		return -EOVERFLOW;
	error = check_flags(flags);
	if (error)
		return error;
	if ((*flags & MAP_LOCKED) && bytes > process_limit(process_self(), RLIMIT_MEMLOCK))
		return -EAGAIN;
	if (!room_to_map(memory, address, whole_pages(bytes), *flags) ||
		too_much(bytes, protection, *flags))
		return -ENOMEM;
	return 0;
}

SYSCALL(mmap, "address, size, prot, map_flags, fd, hex = address", uint64_t, address, uint64_t,
	bytes, int, protection, int, flags, int, fd, uint64_t, offset)
{
	struct memory *memory = process_self()->memory;
	struct vm_object *object = NULL;
	int64_t result;

	protection &= VM_PROT_ALL;
	result = check_map(memory, address, bytes, protection, &flags, offset);
	if (!result && !(flags & MAP_ANONYMOUS))
		result = object_of(fd, protection, flags, &object);
	if (result)
		return result;
	if (address && !(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) &&
		memory_near_stack(memory, address, whole_pages(bytes)))
		address = 0;
	result = vm_map(memory->space, address, bytes, protection, flags, object, offset);
	if (object)
		vm_object_put(object);
	if (result >= 0 && (flags & (MAP_POPULATE | MAP_LOCKED)))
		memory_populate(memory, (uint64_t)result, whole_pages(bytes), POPULATE_BEST);
	return result;
}

SYSCALL(munmap, "address, size", uint64_t, address, uint64_t, bytes)
{
	struct memory *memory = process_self()->memory;

	return may_cut(memory, address, bytes, true) ? vm_unmap(memory->space, address, bytes)
						     : -ENOMEM;
}

/* --- mprotect ------------------------------------------------------------------------ */

/* Whether a range that may be made writable holds a view of what may only be read. */
static bool holds_view(struct vm_space *space, uint64_t address, uint64_t bytes)
{
	bool found = false;

	rwlock_read(&space->lock);
	for (struct vm_region *region = vm_region_from(space, address);
		region && region->range.start < address + bytes && !found;
		region = vm_region_next(region))
		found = region->object && object_is_view(region->object);
	rwlock_read_done(&space->lock);
	return found;
}

SYSCALL(mprotect, "address, size, prot", uint64_t, address, uint64_t, bytes, int, protection)
{
	struct memory *memory = process_self()->memory;

	if (address % PAGE_SIZE != 0)
		return -EINVAL;
	if (bytes == 0)
		return 0;
	if (bytes > VM_HIGH || address > VM_HIGH - whole_pages(bytes))
		return -ENOMEM;
	if (protection & ~VM_PROT_ALL)
		return -EINVAL;
	if ((protection & PROT_WRITE) && holds_view(memory->space, address, bytes))
		return -EACCES;
	if (!may_cut(memory, address, bytes, false))
		return -ENOMEM;
	if (protection == PROT_NONE)
		__atomic_store_n(&memory->hides, true, __ATOMIC_RELAXED);
	return vm_protect(memory->space, address, bytes, protection);
}

/* --- brk ----------------------------------------------------------------------------- */

/* The heap ends at another page: 0, or an error. Caller holds memory->lock. */
static int64_t move_end(struct memory *memory, uint64_t from, uint64_t to)
{
	struct vm_space *space = memory->space;

	if (to < from)
		return vm_unmap(space, to, from - to);
	if (to == from)
		return 0;
	if (!memory_room(memory, to - from) || !memory_regions_room(memory, 1) ||
		(to - from) / PAGE_SIZE > page_total())
		return -ENOMEM;
	return vm_map(space, from, to - from, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, NULL, 0);
}

/* Linux's brk returns where the heap ends, whether it could be moved or not. */
SYSCALL(brk, "address = address", uint64_t, end)
{
	struct memory *memory = process_self()->memory;
	uint64_t limit = process_limit(process_self(), RLIMIT_DATA);
	uint64_t result;

	mutex_lock(&memory->lock);
	if (end >= memory->brk_start && end < VM_HIGH && end - memory->brk_start <= limit &&
		move_end(memory, whole_pages(memory->brk), whole_pages(end)) >= 0)
		memory->brk = end;
	result = memory->brk;
	mutex_unlock(&memory->lock);
	return (int64_t)result;
}
