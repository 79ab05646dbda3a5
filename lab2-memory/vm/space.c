/* Address spaces: their life, and the calls that change them. See space.h. */
#include "lab2-memory/vm/space.h"
#include "lab1-boot/debug/panic.h"
#include "lab2-memory/slab/slab.h"

static struct slab_cache space_cache;
struct page *vm_zero_page;

void vm_init(void)
{
	static const struct page_owner zero = { "zeros" };

	slab_cache_init(&space_cache, "vm_space", sizeof(struct vm_space), 8);
	vm_region_init();
	vm_zero_page = page_alloc(0, PAGE_ZERO);
	if (vm_zero_page)
		vm_zero_page->owner = &zero;
}

struct vm_space *vm_space_create(void)
{
	struct vm_space *space = slab_alloc(&space_cache, PAGE_ZERO);

	if (!space)
		return NULL;
	if (pagetable_init(&space->pagetable) < 0) {
		slab_free(&space_cache, space);
		return NULL;
	}
	rwlock_init(&space->lock, "vm_space");
	mutex_init(&space->copying, "copies");
	ranges_init(&space->regions, VM_LOW, VM_HIGH);
	space->top = VM_MAP_TOP;
	return space;
}

/*
 * Region by region, since what lies between them would be long to look through; and then that, too,
 * if there are tables left: such as were made for pages that never came. No region reaches over
 * what is cleared, so it cannot fail.
 */
static void clear_all(struct vm_space *space)
{
	struct vm_region *region;

	while ((region = vm_region_from(space, 0)))
		if (vm_region_clear(space, region->range.start, region->range.end))
			break;
	if (space->pagetable.tables > 1)
		vm_region_clear(space, VM_LOW, VM_HIGH);
}

void vm_space_destroy(struct vm_space *space)
{
	rwlock_write(&space->lock);
	clear_all(space);
	rwlock_write_done(&space->lock);
	assert(space->resident == 0 && space->mapped == 0);
	pagetable_destroy(&space->pagetable);
	slab_free(&space_cache, space);
}

void vm_space_drain(struct vm_space *space)
{
	struct vm_region *region;

	rwlock_write(&space->lock);
	space->drained = true;
	for (region = vm_region_from(space, 0); region; region = vm_region_next(region))
		vm_pages_unmap(space, region->range.start, region->range.end);
	rwlock_write_done(&space->lock);
}

/* --- arguments ----------------------------------------------------------------------- */

static uint64_t whole_pages(uint64_t bytes)
{
	return (bytes + PAGE_SIZE - 1) & -PAGE_SIZE;
}

static bool range_ok(uint64_t address, uint64_t bytes)
{
	return address % PAGE_SIZE == 0 && bytes > 0 && address <= VM_HIGH &&
	       bytes <= VM_HIGH - address;
}

static bool map_ok(uint64_t address, size_t bytes, int protection, int flags, uint64_t offset)
{
	int kind = flags & (MAP_SHARED | MAP_PRIVATE);
	bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);

	if (bytes == 0 || (protection & ~VM_PROT_ALL) || (fixed && address % PAGE_SIZE))
		return false;
	return (kind == MAP_SHARED || kind == MAP_PRIVATE) && offset % PAGE_SIZE == 0 &&
	       offset + whole_pages(bytes) >= offset;
}

/* --- mapping ------------------------------------------------------------------------- */

uint64_t vm_find_gap(struct vm_space *space, size_t bytes, uint64_t align)
{
	uint64_t found = ranges_gap_high(&space->regions, space->top, bytes, align);

	return found ? found : ranges_gap(&space->regions, space->top, bytes, align);
}

static bool is_free(struct vm_space *space, uint64_t start, uint64_t end)
{
	struct vm_region *region = vm_region_from(space, start);

	return !region || region->range.start >= end;
}

/* Where a new region goes, or an error; with MAP_FIXED something may be there still. */
static int64_t choose(struct vm_space *space, uint64_t address, uint64_t bytes, int flags)
{
	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (address < VM_LOW)
			return -EPERM;
		if (!range_ok(address, bytes))
			return -ENOMEM;
		if ((flags & MAP_FIXED_NOREPLACE) && !is_free(space, address, address + bytes))
			return -EEXIST;
		return (int64_t)address;
	}
	address &= -PAGE_SIZE;
	if (address >= VM_LOW && range_ok(address, bytes) &&
		is_free(space, address, address + bytes))
		return (int64_t)address;
	address = bytes < LARGE_PAGE ? 0 : vm_find_gap(space, bytes, LARGE_PAGE);
	if (!address) /* small, or no gap holds it where large pages begin */
		address = vm_find_gap(space, bytes, PAGE_SIZE);
	return address ? (int64_t)address : -ENOMEM;
}

/* Put a region that is all set but for its place into the space. Caller holds space->lock. */
static int64_t place(struct vm_space *space, struct vm_region *region, uint64_t address,
	uint64_t bytes, int flags)
{
	int64_t start = choose(space, address, bytes, flags);
	int error;

	if (start < 0)
		return start;
	error = vm_region_clear(space, (uint64_t)start, (uint64_t)start + bytes);
	if (error)
		return error;
	region->range.start = (uint64_t)start;
	region->range.end = (uint64_t)start + bytes;
	vm_region_insert(space, region);
	vm_region_merge(space, (uint64_t)start + bytes);
	vm_region_merge(space, (uint64_t)start);
	return start;
}

int64_t vm_map(struct vm_space *space, uint64_t address, size_t bytes, int protection, int flags,
	struct vm_object *object, uint64_t offset)
{
	struct vm_region *region;
	int64_t result;

	if (!map_ok(address, bytes, protection, flags, offset))
		return -EINVAL;
	if (bytes > VM_HIGH)
		return -ENOMEM;
	region = vm_region_new();
	if (!region)
		return -ENOMEM;
	region->protection = protection;
	region->shared = flags & MAP_SHARED;
	region->offset = object ? offset : 0;
	if (object)
		vm_object_get(object);
	else if (region->shared)
		object = vm_shared_create(whole_pages(bytes));
	region->object = object;

	result = -ENOMEM;
	if (object || !region->shared) {
		rwlock_write(&space->lock);
		result = place(space, region, address, whole_pages(bytes), flags);
		rwlock_write_done(&space->lock);
	}
	if (result < 0)
		vm_region_free(region);
	return result;
}

int vm_unmap(struct vm_space *space, uint64_t address, size_t bytes)
{
	int error;

	if (bytes > VM_HIGH || !range_ok(address, whole_pages(bytes)))
		return -EINVAL;
	rwlock_write(&space->lock);
	error = vm_region_clear(space, address, address + whole_pages(bytes));
	rwlock_write_done(&space->lock);
	return error;
}

/* --- rights -------------------------------------------------------------------------- */

uint64_t vm_pte_rights(const struct vm_region *region)
{
	return (region->protection ? PTE_USER : 0) |
	       (region->protection & PROT_WRITE ? PTE_WRITE : 0) |
	       (region->protection & PROT_EXEC ? 0 : PTE_NX);
}

/* Whether regions cover all of [start, end). */
static bool covered(struct vm_space *space, uint64_t start, uint64_t end)
{
	struct vm_region *region = vm_region_from(space, start);

	for (; region && region->range.start <= start; region = vm_region_next(region)) {
		start = region->range.end;
		if (start >= end)
			return true;
	}
	return false;
}

static void protect_regions(struct vm_space *space, uint64_t start, uint64_t end, int protection)
{
	struct vm_region *region = vm_region_from(space, start);

	for (; region && region->range.start < end; region = vm_region_next(region)) {
		if (region->protection == protection)
			continue;
		region->protection = protection;
		/* Not for writing, even if that is allowed now: the next fault sees who shares it.
		 */
		vm_pages_protect(space, region, vm_pte_rights(region) & ~PTE_WRITE);
	}
}

/* Merge what has become alike, from the border at start to that at end. */
static void merge_regions(struct vm_space *space, uint64_t start, uint64_t end)
{
	for (uint64_t at = start; at <= end;) {
		struct vm_region *region;

		vm_region_merge(space, at);
		region = vm_region_from(space, at);
		if (!region)
			return;
		at = region->range.start > at ? region->range.start : region->range.end;
	}
}

int vm_protect(struct vm_space *space, uint64_t address, size_t bytes, int protection)
{
	uint64_t end = address + whole_pages(bytes);
	int error = -ENOMEM;

	if (bytes > VM_HIGH || !range_ok(address, whole_pages(bytes)) ||
		(protection & ~VM_PROT_ALL))
		return -EINVAL;
	rwlock_write(&space->lock);
	if (covered(space, address, end))
		error = vm_region_cut(space, address, end);
	if (!error) {
		protect_regions(space, address, end, protection);
		merge_regions(space, address, end);
	}
	rwlock_write_done(&space->lock);
	return error;
}
