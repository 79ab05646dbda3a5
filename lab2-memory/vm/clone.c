/* Cloning a space: copy-on-write. See space.h. Exercise 2.7, third part. */
#include "lab1-boot/ktest/todo.h"
#include "lab2-memory/vm/space.h"

int vm_clone_pages(struct vm_space *space, struct vm_space *clone, const struct vm_region *region)
{
	/* Exercise 2.7, third part: every counted page gets a reference more and a second
	 * mapping; what is not mapped, is not counted or is shared comes by faults. */
	// BEGIN SOLUTION 2.7
	uint64_t rights = vm_pte_rights(region) & ~PTE_WRITE;
	struct mapping mapping;

	if (region->shared)
		return 0;
	vm_pages_protect(space, region, rights);
	for (uint64_t at = region->range.start;
		pagetable_next(&space->pagetable, &at, region->range.end, &mapping);
		at += pte_span(mapping.level)) {
		struct page *page = page_of_phys(mapping.physical);
		int error;

		if (!(mapping.entry & PTE_COUNTED))
			continue;
		page_get(page);
		error = vm_pages_map(clone, at, page, pte_span(mapping.level), rights);
		if (error) {
			page_put(page);
			return error;
		}
	}
	return 0;
	// END SOLUTION 2.7 => todo("2.7"); (void)space, (void)clone, (void)region; return -ENOMEM;
}

/* A region of the clone that says what one of the first space says; the pages come after it. */
static int clone_region(
	struct vm_space *space, struct vm_space *clone, const struct vm_region *region)
{
	struct vm_region *copy = vm_region_new();

	if (!copy)
		return -ENOMEM;
	*copy = *region;
	if (copy->object)
		vm_object_get(copy->object);
	vm_region_insert(clone, copy);
	return vm_clone_pages(space, clone, region);
}

/* Two locks of one class (lab 3): the one with the lower address first. */
static void lock_both(struct vm_space *space, struct vm_space *clone)
{
	bool first = space < clone;

	rwlock_write(first ? &space->lock : &clone->lock);
	rwlock_write(first ? &clone->lock : &space->lock);
}

struct vm_space *vm_clone(struct vm_space *space)
{
	struct vm_space *clone = vm_space_create();
	int error = 0;

	if (!clone)
		return NULL;
	lock_both(space, clone); /* nobody else knows of the clone, but who asserts wants it */
	clone->drained = space->drained;
	for (struct vm_region *region = vm_region_from(space, 0); region && !error;
		region = vm_region_next(region))
		error = clone_region(space, clone, region);
	rwlock_write_done(&clone->lock);
	rwlock_write_done(&space->lock);
	if (!error)
		return clone;
	vm_space_destroy(clone);
	return NULL;
}
