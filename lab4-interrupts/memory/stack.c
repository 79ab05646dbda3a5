/* A stack that grows: see stack.h. */
#include "lab4-interrupts/memory/stack.h"
#include "lab4-interrupts/memory/memory.h"
#include "lab4-interrupts/process/process.h"

/* Where the stack begins, 0 if there is none, and the rights of its lowest part: mprotect may have
 * made several regions of it. */
static uint64_t stack_start(struct memory *memory, int *protection)
{
	struct vm_region *region = vm_region_at(memory->space, memory->stack_top - 1), *below;

	if (!region)
		return 0;
	while ((below = vm_region_prev(region)) && below->range.end == region->range.start &&
		!below->object)
		region = below;
	*protection = region->protection;
	return region->range.start;
}

/* Whether nothing lies in [from, to). */
static bool is_free(struct vm_space *space, uint64_t from, uint64_t to)
{
	struct vm_region *region = vm_region_from(space, from);

	return !region || region->range.start >= to;
}

bool memory_near_stack(struct memory *memory, uint64_t address, uint64_t bytes)
{
	struct vm_space *space = memory->space;
	int protection;
	uint64_t start;

	rwlock_read(&space->lock);
	start = stack_start(memory, &protection);
	rwlock_read_done(&space->lock);
	return address < start && start - address < STACK_GAP + bytes;
}

bool memory_grow_stack(struct memory *memory, uint64_t address)
{
	uint64_t limit = process_limit(process_self(), RLIMIT_STACK);
	uint64_t page = address & -PAGE_SIZE, start;
	struct vm_space *space = memory->space;
	int protection;
	int64_t at;
	bool room;

	if (page >= memory->stack_top || memory->stack_top - page > limit || page < STACK_GAP)
		return false;
	rwlock_read(&space->lock);
	start = stack_start(memory, &protection);
	room = page < start && is_free(space, page - STACK_GAP, start) &&
	       memory_room(memory, start - page);
	rwlock_read_done(&space->lock);
	if (!room)
		return page >= start && start; /* another task of this process was quicker */
	at = vm_map(space, page, start - page, protection,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, NULL, 0);
	return at >= 0 || at == -EEXIST; /* or it is by now: look again */
}
