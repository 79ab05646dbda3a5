/*
 * Regions: splitting, merging, clearing. See space.h. Exercise 2.6.
 *
 * A change to part of a region cuts the region there first, so that what is to
 * be changed is a number of whole regions; afterwards those that have become
 * alike are merged again. Cutting takes memory and may fail; what comes after it
 * cannot, and that is how an error leaves everything as it was.
 */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab2-memory/slab/slab.h"
#include "lab2-memory/vm/space.h"

static struct slab_cache region_cache;

void vm_region_init(void)
{
	slab_cache_init(&region_cache, "vm_region", sizeof(struct vm_region), 8);
}

struct vm_region *vm_region_new(void)
{
	return slab_alloc(&region_cache, PAGE_ZERO);
}

void vm_region_free(struct vm_region *region)
{
	if (region->object)
		vm_object_put(region->object);
	slab_free(&region_cache, region);
}

/* --- the set ------------------------------------------------------------------------- */

static uint64_t region_bytes(const struct vm_region *region)
{
	return region->range.end - region->range.start;
}

void vm_region_insert(struct vm_space *space, struct vm_region *region)
{
	assert(rwlock_write_held(&space->lock));
	range_insert(&space->regions, &region->range);
	space->mapped += region_bytes(region);
}

void vm_region_remove(struct vm_space *space, struct vm_region *region)
{
	assert(rwlock_write_held(&space->lock));
	range_remove(&space->regions, &region->range);
	space->mapped -= region_bytes(region);
}

void vm_region_move(struct vm_space *space, struct vm_region *region, uint64_t start, uint64_t end)
{
	assert(rwlock_write_held(&space->lock));
	space->mapped -= region_bytes(region);
	range_move(&space->regions, &region->range, start, end);
	space->mapped += region_bytes(region);
}

/* The region of a range, or NULL of NULL: the range is its first member. */
static struct vm_region *region_of(struct range *range)
{
	_Static_assert(offsetof(struct vm_region, range) == 0, "NULL stays NULL");

	return (struct vm_region *)range;
}

struct vm_region *vm_region_at(struct vm_space *space, uint64_t address)
{
	assert(rwlock_held(&space->lock));
	return region_of(range_at(&space->regions, address));
}

struct vm_region *vm_region_from(struct vm_space *space, uint64_t address)
{
	assert(rwlock_held(&space->lock));
	return region_of(range_from(&space->regions, address));
}

struct vm_region *vm_region_next(const struct vm_region *region)
{
	return region_of(range_next(&region->range));
}

struct vm_region *vm_region_prev(const struct vm_region *region)
{
	return region_of(range_prev(&region->range));
}

/* --- exercise 2.6 -------------------------------------------------------------------- */

struct vm_region *vm_region_split(struct vm_space *space, struct vm_region *region, uint64_t at)
{
	assert(region->range.start < at && at < region->range.end);

	/* Exercise 2.6, first part: the upper region says of its addresses what the one said. */
	// BEGIN SOLUTION 2.6
	struct vm_region *upper = vm_region_new();

	if (!upper)
		return NULL;
	*upper = *region;
	upper->range.start = at;
	if (upper->object) {
		vm_object_get(upper->object);
		upper->offset += at - region->range.start;
	}
	vm_region_move(space, region, region->range.start, at);
	vm_region_insert(space, upper);
	return upper;
	// END SOLUTION 2.6 => todo("2.6"); (void)space, (void)region, (void)at; return NULL;
}

// BEGIN SOLUTION 2.6
static bool alike(const struct vm_region *lower, const struct vm_region *upper)
{
	return lower->range.end == upper->range.start && lower->protection == upper->protection &&
	       lower->shared == upper->shared && lower->object == upper->object &&
	       (!lower->object || lower->offset + region_bytes(lower) == upper->offset);
}
// END SOLUTION 2.6 =>

void vm_region_merge(struct vm_space *space, uint64_t at)
{
	/* Exercise 2.6, second part: the opposite. The contract in space.h says what is alike. */
	// BEGIN SOLUTION 2.6
	struct vm_region *upper = vm_region_at(space, at);
	struct vm_region *lower = upper ? vm_region_prev(upper) : NULL;
	uint64_t end;

	if (!lower || upper->range.start != at || !alike(lower, upper))
		return;
	end = upper->range.end;
	vm_region_remove(space, upper);
	vm_region_free(upper);
	vm_region_move(space, lower, lower->range.start, end);
	// END SOLUTION 2.6 => todo("2.6"); (void)space, (void)at;
}

// BEGIN SOLUTION 2.6
/* Cut at one address; *cut tells whether a region was split there. */
static int cut_at(struct vm_space *space, uint64_t at, bool *cut)
{
	struct vm_region *region = vm_region_at(space, at);

	*cut = region && region->range.start < at;
	if (*cut && !vm_region_split(space, region, at)) {
		*cut = false;
		return -ENOMEM;
	}
	return vm_pages_split(space, at);
}
// END SOLUTION 2.6 =>

int vm_region_cut(struct vm_space *space, uint64_t start, uint64_t end)
{
	/* Exercise 2.6, third part: both ends, which may lie in one region, or in none.
	 * If the second cut fails, the first one is undone. */
	// BEGIN SOLUTION 2.6
	bool cut_start, cut_end = false;
	int error = cut_at(space, start, &cut_start);

	if (!error)
		error = cut_at(space, end, &cut_end);
	if (error && cut_start)
		vm_region_merge(space, start);
	if (error && cut_end)
		vm_region_merge(space, end);
	return error;
	// END SOLUTION 2.6 => todo("2.6"); (void)space, (void)start, (void)end; return -ENOMEM;
}

int vm_region_clear(struct vm_space *space, uint64_t start, uint64_t end)
{
	/* Exercise 2.6, fourth part: the regions go, with their pages. */
	// BEGIN SOLUTION 2.6
	struct vm_region *region;
	int error = vm_region_cut(space, start, end);

	if (error)
		return error;
	vm_pages_unmap(space, start, end);
	while ((region = vm_region_from(space, start)) && region->range.start < end) {
		vm_region_remove(space, region);
		vm_region_free(region);
	}
	return 0;
	// END SOLUTION 2.6 => todo("2.6"); (void)space, (void)start, (void)end; return -ENOMEM;
}
