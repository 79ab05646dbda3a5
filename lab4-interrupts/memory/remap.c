/*
 * mremap: a mapping that grows, shrinks, or goes to another address with its pages, none of which
 * is copied: realloc's way with large blocks.
 *
 * Read more: mremap(2).
 */
#include "lab4-interrupts/call/syscall.h"
#include "lab4-interrupts/memory/memory.h"
#include "lab4-interrupts/process/process.h"

/* What is asked for, in whole pages. */
struct remap {
	struct memory *memory;
	uint64_t from, from_bytes;
	uint64_t to, to_bytes; /* to: with MREMAP_FIXED, and then once it is chosen */
	int flags;
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* --- moving -------------------------------------------------------------------------- */

/*
 * Map what is mapped at `at` also at `to`, which belongs to the region. *bytes: how far that went.
 * The page of zeros need not come along, and nothing may be written yet: the next fault sees whose
 * page it is.
 */
static int share_page(struct vm_space *space, const struct vm_region *region, uint64_t at,
	uint64_t to, const struct mapping *mapping, uint64_t *bytes)
{
	struct page *page = page_of_phys(mapping->physical);
	int error;

	*bytes = pte_span(mapping->level);
	if (!(mapping->entry & PTE_COUNTED))
		return 0;
	if (to % *bytes != 0) {
		*bytes = 0; /* look again: it is many small ones now */
		return vm_pages_split(space, at + PAGE_SIZE);
	}
	page_get(page);
	error = vm_pages_map(space, to, page, *bytes, vm_pte_rights(region) & ~PTE_WRITE);
	if (error)
		page_put(page);
	return error;
}

/* Map the first so many bytes of what is at from also in the region. 0 or -ENOMEM: then nothing of
 * it is mapped there. */
static int share_pages(
	struct vm_space *space, const struct vm_region *region, uint64_t from, uint64_t bytes)
{
	uint64_t to = region->range.start, moved;
	struct mapping mapping;

	for (uint64_t at = from; pagetable_next(&space->pagetable, &at, from + bytes, &mapping);
		at += moved) {
		int error = share_page(space, region, at, to + (at - from), &mapping, &moved);

		if (error) {
			vm_pages_unmap(space, to, to + bytes);
			return error;
		}
	}
	return 0;
}

/* A region at the new place that says what the old one says. NULL without memory. */
static struct vm_region *region_at_new_place(const struct remap *remap, const struct vm_region *old)
{
	struct vm_region *region = vm_region_new();

	if (!region)
		return NULL;
	*region = *old;
	if (region->object) {
		vm_object_get(region->object);
		region->offset += remap->from - old->range.start;
	}
	region->range.start = remap->to;
	region->range.end = remap->to + remap->to_bytes;
	vm_region_insert(remap->memory->space, region);
	return region;
}

/* The old place is left: nothing is there, or (MREMAP_DONTUNMAP) a region without pages. */
static int leave(const struct remap *remap)
{
	struct vm_space *space = remap->memory->space;
	uint64_t end = remap->from + remap->from_bytes;

	if (remap->from_bytes == 0)
		return 0;
	if (!(remap->flags & MREMAP_DONTUNMAP))
		return vm_region_clear(space, remap->from, end);
	vm_pages_unmap(space, remap->from, end);
	return 0;
}

static int64_t move(const struct remap *remap, const struct vm_region *old)
{
	struct vm_space *space = remap->memory->space;
	struct vm_region *region = region_at_new_place(remap, old);
	uint64_t bytes = least(remap->from_bytes, remap->to_bytes);
	int error = region ? vm_region_cut(space, remap->from, remap->from + remap->from_bytes)
			   : -ENOMEM;

	if (!error) /* one that shrinks may end within a large page */
		error = vm_pages_split(space, remap->from + bytes);
	if (!error)
		error = share_pages(space, region, remap->from, bytes);
	if (!error)
		error = leave(remap);
	if (error && region) {
		vm_pages_unmap(space, region->range.start, region->range.end);
		vm_region_remove(space, region);
		vm_region_free(region);
	}
	vm_region_merge(space, remap->from + remap->from_bytes);
	vm_region_merge(space, remap->from);
	if (error)
		return error;
	vm_region_merge(space, remap->to + remap->to_bytes);
	vm_region_merge(space, remap->to);
	return (int64_t)remap->to;
}

/* --- where to ------------------------------------------------------------------------ */

/* Let the region end later, if there is room behind it and it ends with what is to grow. */
static bool grow_in_place(const struct remap *remap, struct vm_region *region)
{
	struct vm_region *next = vm_region_next(region);
	uint64_t limit = next ? next->range.start : VM_HIGH;
	uint64_t end = region->range.end;

	if (remap->from + remap->from_bytes != end || remap->from_bytes == 0 ||
		remap->to_bytes > limit - remap->from)
		return false;
	vm_region_move(
		remap->memory->space, region, region->range.start, remap->from + remap->to_bytes);
	vm_region_merge(remap->memory->space, region->range.end);
	return true;
}

static uint64_t find_place(struct vm_space *space, uint64_t bytes)
{
	uint64_t place = bytes < LARGE_PAGE ? 0 : vm_find_gap(space, bytes, LARGE_PAGE);

	return place ? place : vm_find_gap(space, bytes, PAGE_SIZE);
}

/* The region that holds all that is to be moved; an error if there is none, or it may not be. */
static int check_region(const struct remap *remap, struct vm_region **region)
{
	*region = vm_region_at(remap->memory->space, remap->from);
	if (!*region || remap->from_bytes > (*region)->range.end - remap->from)
		return -EFAULT;
	if (remap->from_bytes == 0 && !(*region)->shared)
		return -EINVAL;
	if ((remap->flags & MREMAP_DONTUNMAP) && (*region)->object)
		return -EINVAL;
	return 0;
}

/* Whether a hole there would make two of one region. */
static bool splits(struct vm_space *space, uint64_t start, uint64_t end)
{
	struct vm_region *region = vm_region_at(space, start);

	return region && region->range.start < start && region->range.end > end;
}

/* What lies behind the new end goes, whatever regions it is. */
static int64_t shrink(const struct remap *remap)
{
	struct vm_space *space = remap->memory->space;
	uint64_t start = remap->from + remap->to_bytes, end = remap->from + remap->from_bytes;
	int error;

	if (!vm_region_at(space, remap->from))
		return -EFAULT;
	if (start == end)
		return (int64_t)remap->from;
	if (splits(space, start, end) && !memory_regions_room(remap->memory, 1))
		return -ENOMEM;
	error = vm_region_clear(space, start, end);
	return error ? error : (int64_t)remap->from;
}

/* Whether RLIMIT_AS allows it. Who keeps the old region, too, has all of the new one more. */
static bool has_room(const struct remap *remap)
{
	uint64_t before = remap->flags & MREMAP_DONTUNMAP ? 0 : remap->from_bytes;

	return remap->to_bytes <= before || memory_room(remap->memory, remap->to_bytes - before);
}

/* It stays where it is, if that is possible. */
static int64_t grow(struct remap *remap, struct vm_region *region)
{
	struct vm_space *space = remap->memory->space;

	if (!has_room(remap))
		return -ENOMEM;
	if (!(remap->flags & MREMAP_DONTUNMAP) && grow_in_place(remap, region))
		return (int64_t)remap->from;
	if (!(remap->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	remap->to = find_place(space, remap->to_bytes);
	return remap->to ? move(remap, region) : -ENOMEM;
}

/* It goes where the program wants it; what is there goes first. */
static int64_t move_to(const struct remap *remap)
{
	struct vm_region *region;
	int error = vm_region_clear(remap->memory->space, remap->to, remap->to + remap->to_bytes);

	if (!error)
		error = check_region(remap, &region);
	if (!error && !has_room(remap))
		error = -ENOMEM;
	return error ? error : move(remap, region);
}

static int64_t remap_locked(struct remap *remap)
{
	bool stays = !(remap->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP));
	struct vm_region *region;
	int error;

	if (stays && remap->to_bytes <= remap->from_bytes)
		return shrink(remap);
	error = check_region(remap, &region);
	if (error)
		return error;
	/* The old region may be cut twice, and there is a new one. */
	if (!memory_regions_room(remap->memory, 3))
		return -ENOMEM;
	return remap->flags & MREMAP_FIXED ? move_to(remap) : grow(remap, region);
}

/* --- the call ------------------------------------------------------------------------ */

static bool overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
	return a < b + b_bytes && b < a + a_bytes;
}

static bool in_user_half(uint64_t address, uint64_t bytes)
{
	return address <= VM_HIGH && bytes <= VM_HIGH - address;
}

static bool flags_ok(const struct remap *remap)
{
	int moves = MREMAP_FIXED | MREMAP_DONTUNMAP;

	if (remap->flags & ~(MREMAP_MAYMOVE | moves))
		return false;
	if ((remap->flags & moves) && !(remap->flags & MREMAP_MAYMOVE))
		return false;
	return !(remap->flags & MREMAP_DONTUNMAP) || remap->from_bytes == remap->to_bytes;
}

static int check(const struct remap *remap)
{
	if (!flags_ok(remap) || remap->from % PAGE_SIZE != 0 || remap->to_bytes == 0)
		return -EINVAL;
	if (!in_user_half(remap->from, remap->from_bytes))
		return -EFAULT;
	if (!(remap->flags & MREMAP_FIXED))
		return remap->to_bytes > VM_HIGH ? -ENOMEM : 0;
	if (remap->to % PAGE_SIZE != 0 || !in_user_half(remap->to, remap->to_bytes) ||
		overlap(remap->from, remap->from_bytes, remap->to, remap->to_bytes))
		return -EINVAL;
	return remap->to < VM_LOW ? -EPERM : 0;
}

static uint64_t whole_pages(uint64_t bytes)
{
	return bytes > VM_HIGH ? VM_HIGH + PAGE_SIZE : (bytes + PAGE_SIZE - 1) & -PAGE_SIZE;
}

SYSCALL(mremap, "address, size, size, mremap_flags, address = address", uint64_t, address, uint64_t,
	bytes, uint64_t, new_bytes, int, flags, uint64_t, new_address)
{
	struct remap remap = {
		.memory = process_self()->memory,
		.from = address,
		.from_bytes = whole_pages(bytes),
		.to = new_address,
		.to_bytes = whole_pages(new_bytes),
		.flags = flags,
	};
	int64_t result = check(&remap);

	if (result)
		return result;
	rwlock_write(&remap.memory->space->lock);
	result = remap_locked(&remap);
	rwlock_write_done(&remap.memory->space->lock);
	return result;
}
