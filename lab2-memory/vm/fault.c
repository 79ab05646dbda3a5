/*
 * Page faults: see space.h. Exercise 2.7.
 *
 * Several processors may fault in one space at once, also at one address. So
 * whoever changes an entry says which one he had seen; if it is another one by
 * then (-EAGAIN), or something has been mapped there (-EEXIST), he looks again.
 */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab2-memory/vm/space.h"

// BEGIN SOLUTION 2.7
/* A page of our own with the content of another one. */
static struct page *copy_of(const struct page *from)
{
	struct page *page = vm_page_new(0, 0);

	if (page)
		page_copy(page_address(page), page_address(from), PAGE_SIZE);
	return page;
}

/* The page of the region's object for an address, with a reference; a copy if it is to be ours. */
static int object_page(
	const struct vm_region *region, uint64_t address, bool write, struct page **page)
{
	struct vm_object *object = region->object;
	uint64_t index = (region->offset + (address - region->range.start)) / PAGE_SIZE;
	struct page *its = NULL;
	int error = object->ops->get_page(object, index, write && region->shared, &its);

	*page = its;
	if (error || !write || region->shared)
		return error;
	*page = copy_of(its);
	page_put(its);
	return *page ? 0 : -ENOMEM;
}

static int map_zeros(struct vm_space *space, const struct vm_region *region, uint64_t address)
{
	return pagetable_map(&space->pagetable, address, page_phys(vm_zero_page), PAGE_SIZE,
		vm_pte_rights(region) & ~PTE_WRITE);
}
// END SOLUTION 2.7 =>

/*
 * Nothing is mapped at the address (a multiple of the page size): map a page, for writing only if
 * write says that it is going to be written. 0; -EEXIST if something is there by now; -ENOMEM; or
 * the object's error.
 */
static int fault_absent(
	struct vm_space *space, const struct vm_region *region, uint64_t address, bool write)
{
	/* Exercise 2.7, first part: anonymous memory is zero at first, and as long as it is
	 * only read that is vm_zero_page, which is not counted; where it is written, try
	 * vm_large_absent first. An object gives the others: read-only until written, and
	 * a copy where the region is private. */
	// BEGIN SOLUTION 2.7
	uint64_t rights = vm_pte_rights(region);
	struct page *page = NULL;
	int error = 0;

	if (region->object)
		error = object_page(region, address, write, &page);
	else if (!write)
		return map_zeros(space, region, address);
	else if (vm_large_absent(space, region, address) == 0)
		return 0;
	else
		page = vm_page_new(0, PAGE_ZERO);
	if (error || !page)
		return error ? error : -ENOMEM;

	error = vm_pages_map(space, address, page, PAGE_SIZE, write ? rights : rights & ~PTE_WRITE);
	if (error)
		page_put(page);
	return error;
	// END SOLUTION 2.7 => todo("2.7"); (void)space, (void)region, (void)address, (void)write;
	// return -ENOMEM;
}

// BEGIN SOLUTION 2.7
/* Whether the page is anonymous and this mapping has its only reference. */
static bool is_ours(const struct mapping *mapping)
{
	struct page *page = page_of_phys(mapping->physical);

	return (mapping->entry & PTE_COUNTED) && page_head(page)->owner == &vm_anonymous &&
	       page_count(page) == 1;
}

/*
 * The page to be written, with a reference for a new mapping. We hold none of the old page while we
 * copy: should another processor let it go meanwhile, our copy is thrown away (-EAGAIN).
 */
static int writable_page(const struct vm_region *region, uint64_t address,
	const struct mapping *mapping, struct page **page)
{
	if (region->shared)
		return object_page(region, address, true, page);
	*page = copy_of(page_of_phys(mapping->physical));
	return *page ? 0 : -ENOMEM;
}

static int let_write(struct vm_space *space, uint64_t address, const struct mapping *mapping)
{
	return pagetable_replace(
		&space->pagetable, address, mapping, mapping->entry | PTE_WRITE, NULL);
}
// END SOLUTION 2.7 =>

/*
 * What is mapped at the address (a multiple of the page size) is going to be written, and its entry
 * does not allow that, though the region does. 0; -EAGAIN: look again, the entry is another one by
 * now; -ENOMEM; or the object's error.
 */
static int fault_write(struct vm_space *space, const struct vm_region *region, uint64_t address,
	const struct mapping *mapping)
{
	/* Exercise 2.7, second part: a private page that nobody else has a reference to is
	 * written in place; a copy takes the place of any other (vm_large_copy makes that of
	 * a large page). A shared page is written in place, once its object has been asked
	 * for it. The page of zeros was not counted in space->resident, a copy of it is.
	 * Nobody may write to a copy while another processor still remembers the old page, and
	 * reads that: let it come read-only, flush, and look again (-EAGAIN). */
	// BEGIN SOLUTION 2.7
	uint64_t rights = vm_pte_rights(region);
	bool copies = !region->shared;
	struct tlb_batch batch;
	struct page *page;
	int error;

	if (copies && is_ours(mapping))
		return let_write(space, address, mapping);
	if (mapping->level > 0)
		return vm_large_copy(space, region, address, mapping);
	error = writable_page(region, address, mapping, &page);
	if (error)
		return error;

	tlb_batch_init(&batch, &space->pagetable);
	error = pagetable_replace(&space->pagetable, address, mapping,
		page_phys(page) | (copies ? rights & ~PTE_WRITE : rights) | PTE_COUNTED, &batch);
	if (error || page_phys(page) == mapping->physical)
		page_put(page);
	else if (!(mapping->entry & PTE_COUNTED))
		__atomic_fetch_add(&space->resident, 1, __ATOMIC_RELAXED);
	tlb_flush(&batch);
	return error || !copies ? error : -EAGAIN;
	// END SOLUTION 2.7 => todo("2.7"); (void)space, (void)region, (void)address, (void)mapping;
	// return -ENOMEM;
}

/* --- what is given ------------------------------------------------------------------- */

#define PAGES_MOST 4 /* about what an object takes to have a page */

/* One look at what is there, and what has to be done about it. Errors as above. */
static int resolve(
	struct vm_space *space, const struct vm_region *region, uint64_t address, bool write)
{
	struct mapping mapping;
	int error = -EAGAIN;

	if (!pagetable_query(&space->pagetable, address, &mapping))
		return fault_absent(space, region, address, write);
	if (!write || mapping.write)
		return 0; /* another processor was quicker */
	if (region->shared)
		return fault_write(space, region, address, &mapping);
	/* One at a time: a copy that others have yet to hear of may not be written so far. */
	mutex_lock(&space->copying);
	if (pagetable_query(&space->pagetable, address, &mapping) && !mapping.write)
		error = fault_write(space, region, address, &mapping);
	mutex_unlock(&space->copying);
	return error;
}

static enum vm_result resolve_all(
	struct vm_space *space, const struct vm_region *region, uint64_t address, bool write)
{
	bool reclaimed = false;
	int error;

	do {
		error = resolve(space, region, address, write);
		/* An object may have asked without waiting: give the shrinkers a chance, once. */
		if (error == -ENOMEM && !reclaimed) {
			reclaimed = true;
			if (page_reclaim(PAGES_MOST))
				error = -EAGAIN;
		}
	} while (error == -EAGAIN || error == -EEXIST);
	return error == 0 ? VM_RESOLVED : error == -ENOMEM ? VM_NO_MEMORY : VM_BUS;
}

/* x86 cannot forbid reading what may be written or executed; nor do we. */
static bool allowed(const struct vm_region *region, int access)
{
	return access == PROT_READ ? region->protection != PROT_NONE : region->protection & access;
}

enum vm_result vm_fault(struct vm_space *space, uint64_t address, int access)
{
	enum vm_result result = VM_NO_MEMORY;
	struct vm_region *region;

	assert(access == PROT_READ || access == PROT_WRITE || access == PROT_EXEC);
	rwlock_read(&space->lock);
	region = vm_region_at(space, address);
	if (!region)
		result = VM_NO_REGION;
	else if (!allowed(region, access))
		result = VM_NO_RIGHT;
	else if (vm_zero_page && !space->drained)
		result = resolve_all(space, region, address & -PAGE_SIZE, access == PROT_WRITE);
	rwlock_read_done(&space->lock);
	return result;
}
