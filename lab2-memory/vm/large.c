/*
 * Pages of 2 MiB for anonymous memory: one fault instead of 512, and one TLB
 * entry. Only where a whole one lies inside a region, and only while there is
 * memory for it; everything falls back to small pages without a word.
 */
#include "lab2-memory/vm/space.h"

#define LARGE_ORDER 9

int vm_large_absent(struct vm_space *space, const struct vm_region *region, uint64_t address)
{
	uint64_t start = address & -LARGE_PAGE;
	struct mapping there;
	struct page *page;
	int error;

	if (start < region->range.start || region->range.end - start < LARGE_PAGE)
		return -ENOMEM;
	if (pagetable_query(&space->pagetable, address, &there) || there.level == 0)
		return -ENOMEM; /* a table is there, so small pages are */
	page = vm_page_new(LARGE_ORDER, PAGE_ZERO | PAGE_NOWAIT);
	if (!page)
		return -ENOMEM;
	error = vm_pages_map(space, start, page, LARGE_PAGE, vm_pte_rights(region));
	if (error)
		page_free(page);
	return error ? -ENOMEM : 0; /* small pages are there by now, or no memory for a table */
}

int vm_large_copy(struct vm_space *space, const struct vm_region *region, uint64_t address,
	const struct mapping *mapping)
{
	struct pagetable *table = &space->pagetable;
	uint64_t start = address & -LARGE_PAGE;
	uint64_t old = mapping->physical & -LARGE_PAGE;
	struct page *page = vm_page_new(LARGE_ORDER, PAGE_NOWAIT);
	struct tlb_batch batch;
	pte_t entry;
	int error;

	if (!page) {
		error = vm_pages_split(space, start + PAGE_SIZE);
		return error ? error : -EAGAIN;
	}
	page_copy(page_address(page), phys_to_virt(old), LARGE_PAGE);
	entry = vm_pte_rights(region) | PTE_COUNTED | page_phys(page);
	tlb_batch_init(&batch, table);
	error = pagetable_replace(table, start, mapping, entry, &batch);
	if (error)
		page_free(page);
	tlb_flush(&batch);
	return error;
}
