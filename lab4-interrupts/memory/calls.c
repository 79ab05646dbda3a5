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
#include "lab4-interrupts/memory/view.h"
#include "lab4-interrupts/process/process.h"
#include <linux/fcntl.h>

#define REGIONS_MAX 65530u /* Linux's vm.max_map_count */

static uint64_t whole_pages(uint64_t bytes)
{
	return (bytes + PAGE_SIZE - 1) & -PAGE_SIZE;
}

bool memory_room(struct memory *memory, uint64_t bytes)
{
	struct vm_space *space = memory->space;
	uint64_t limit = process_limit(process_self(), RLIMIT_AS);
	uint64_t mapped = __atomic_load_n(&space->mapped, __ATOMIC_RELAXED);

	return bytes <= limit && mapped <= limit - bytes &&
	       __atomic_load_n(&space->regions.count, __ATOMIC_RELAXED) < REGIONS_MAX;
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

/* mmap's arguments that have nothing to do with a file. */
static int check_map(
	struct memory *memory, uint64_t bytes, int protection, int *flags, uint64_t offset)
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
	if (!memory_room(memory, whole_pages(bytes)) || too_much(bytes, protection, *flags))
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
	result = check_map(memory, bytes, protection, &flags, offset);
	if (!result && !(flags & MAP_ANONYMOUS))
		result = object_of(fd, protection, flags, &object);
	if (result)
		return result;
	result = vm_map(memory->space, address, bytes, protection, flags, object, offset);
	if (object)
		vm_object_put(object);
	if (result >= 0 && (flags & (MAP_POPULATE | MAP_LOCKED)))
		memory_populate(memory, (uint64_t)result, whole_pages(bytes), POPULATE_BEST);
	return result;
}

SYSCALL(munmap, "address, size", uint64_t, address, uint64_t, bytes)
{
	return vm_unmap(process_self()->memory->space, address, bytes);
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
	struct vm_space *space = process_self()->memory->space;

	if (address % PAGE_SIZE != 0)
		return -EINVAL;
	if (bytes == 0)
		return 0;
	if (bytes > VM_HIGH || address > VM_HIGH - whole_pages(bytes))
		return -ENOMEM;
	if (protection & ~VM_PROT_ALL)
		return -EINVAL;
	if ((protection & PROT_WRITE) && holds_view(space, address, bytes))
		return -EACCES;
	if (protection == PROT_NONE)
		__atomic_store_n(&process_self()->memory->hides, true, __ATOMIC_RELAXED);
	return vm_protect(space, address, bytes, protection);
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
	if (!memory_room(memory, to - from) || (to - from) / PAGE_SIZE > page_total())
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
