/* The pages of spaces: mapping and counting them. See space.h. */
#include "lab1-boot/debug/panic.h"
#include "lab2-memory/vm/space.h"

const struct page_owner vm_anonymous = { "anonymous" };

struct page *vm_page_new(unsigned order, unsigned flags)
{
	struct page *page = page_alloc(order, flags);

	if (page)
		page->owner = &vm_anonymous;
	return page;
}

int vm_pages_map(struct vm_space *space, uint64_t address, struct page *page, uint64_t bytes,
	uint64_t rights)
{
	int error = pagetable_map(
		&space->pagetable, address, page_phys(page), bytes, rights | PTE_COUNTED);

	if (!error)
		__atomic_fetch_add(&space->resident, bytes / PAGE_SIZE, __ATOMIC_RELAXED);
	return error;
}

static int try_split(struct pagetable *table, uint64_t at)
{
	uint64_t flags = spin_lock_irqsave(&table->lock);
	int error = pagetable_split(table, at);

	spin_unlock_irqrestore(&table->lock, flags);
	return error;
}

int vm_pages_split(struct vm_space *space, uint64_t at)
{
	int error = try_split(&space->pagetable, at);

	/* Its table is made without waiting; a space has no pages that take more than one. */
	if (error == -ENOMEM && page_reclaim(1))
		error = try_split(&space->pagetable, at);
	return error;
}

void vm_pages_protect(struct vm_space *space, const struct vm_region *region, uint64_t rights)
{
	struct pagetable *table = &space->pagetable;
	uint64_t start = region->range.start, bytes = region->range.end - start;
	struct tlb_batch batch;
	int error;

	tlb_batch_init(&batch, table);
	error = pagetable_protect(table, start, bytes, rights, &batch);
	assert(!error); /* no page reaches over a region's end */
	tlb_flush(&batch);
}

void vm_pages_unmap(struct vm_space *space, uint64_t start, uint64_t end)
{
	struct pagetable *table = &space->pagetable;
	struct tlb_batch batch;
	int error;

	tlb_batch_init(&batch, table);
	error = pagetable_unmap(table, start, end - start, &batch);
	assert(!error); /* there was nothing to split */
	tlb_flush(&batch);
	__atomic_fetch_sub(&space->resident, batch.released, __ATOMIC_RELAXED);
}
