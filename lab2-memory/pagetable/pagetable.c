/*
 * Page tables: what surrounds the exercises. Arguments are checked here, the
 * lock is taken, and errors are unwound; see pagetable.h, map.c and unmap.c.
 */
#include "lab2-memory/pagetable/pagetable.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab1-boot/lock/mutex.h"
#include "lab2-memory/page/page.h"
#include <linux/errno.h>

#define CPUID_EXTENDED_1G (1u << 26) /* leaf 0x80000001, edx */

static const struct page_owner table_owner = { "page table" };

struct pagetable kernel_pagetable = { .lock = SPINLOCK_INIT("page table") };

bool pagetable_has_gigabytes(void)
{
	static int known; /* 0: not asked yet, 1: no, 2: yes */

	if (!known)
		known = cpuid(0x80000001, 0).edx & CPUID_EXTENDED_1G ? 2 : 1;
	return known == 2;
}

/* --- tables and entries -------------------------------------------------------------- */

pte_t pagetable_set(pte_t *entry, pte_t value)
{
	pte_t old = __atomic_exchange_n(entry, value, __ATOMIC_ACQ_REL);
	struct page *page = page_of(entry);

	if (page)
		page->word[0] += (value & PTE_PRESENT) - (old & PTE_PRESENT);
	return old;
}

pte_t *pagetable_table(pte_t entry)
{
	return phys_to_virt(entry & PTE_ADDRESS);
}

pte_t pagetable_table_new(struct pagetable *table)
{
	struct page *page = page_alloc(0, PAGE_ZERO | PAGE_NOWAIT);

	if (!page)
		return 0;
	page->owner = &table_owner;
	page->word[0] = 0;
	table->tables++;
	return page_phys(page) | PTE_PRESENT | PTE_WRITE | PTE_USER;
}

bool pagetable_table_empty(pte_t entry)
{
	return page_of_phys(entry & PTE_ADDRESS)->word[0] == 0;
}

void pagetable_table_free(struct pagetable *table, pte_t entry, struct tlb_batch *batch)
{
	table->tables--;
	tlb_batch_table(batch, page_of_phys(entry & PTE_ADDRESS));
}

void pagetable_release(uint64_t address, pte_t entry, unsigned level, struct tlb_batch *batch)
{
	tlb_batch_address(batch, address);
	if ((entry & PTE_COUNTED) && !batch->keep)
		tlb_batch_page(batch, page_of_phys(pte_phys(entry, level)), pte_span(level));
}

void pagetable_share(pte_t entry, unsigned level)
{
	struct page *page = page_of_phys(pte_phys(entry, level));

	if (!(entry & PTE_COUNTED))
		return;
	if (level == 1 && page_head(page) == page && PAGE_SIZE << page->order == pte_span(level) &&
		page_count(page) == 1) {
		page_break(page);
		return;
	}
	for (unsigned i = 1; i < PTE_TABLE_LENGTH; i++)
		page_get(page);
}

/* --- a table's life ------------------------------------------------------------------ */

static uint64_t new_context(void)
{
	static uint64_t last;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

int pagetable_init(struct pagetable *table)
{
	struct page *root = page_alloc(0, PAGE_ZERO);

	if (!root)
		return -ENOMEM;
	root->owner = &table_owner;
	root->word[0] = 0;
	*table = (struct pagetable){ .root = page_phys(root),
		.lock = SPINLOCK_INIT("page table"),
		.context = new_context(),
		.tables = 1 };
	if (kernel_pagetable.root)
		memcpy((pte_t *)page_address(root) + PTE_TABLE_LENGTH / 2,
			pagetable_table(kernel_pagetable.root) + PTE_TABLE_LENGTH / 2,
			PAGE_SIZE / 2);
	return 0;
}

void pagetable_destroy(struct pagetable *table)
{
	struct page *root = page_of_phys(table->root);

	assert(root->word[0] == 0);
	page_free(root);
	table->root = 0;
}

/* --- the operations ------------------------------------------------------------------ */

/* Whether [address, address + bytes) is a range of whole pages in one half; its end can be told. */
static bool range_ok(uint64_t address, uint64_t bytes)
{
	uint64_t end = address + bytes;

	if ((address | bytes) % PAGE_SIZE != 0 || end <= address)
		return false;
	return end <= USER_END || address >= -USER_END;
}

/* Whether those are whole frames that an entry has room for. */
static bool frames_ok(uint64_t physical, uint64_t bytes)
{
	return physical % PAGE_SIZE == 0 && physical <= PTE_ADDRESS &&
	       bytes <= PTE_ADDRESS + PAGE_SIZE - physical;
}

/*
 * Ask the shrinkers for the tables on the way to a range: they are made with the lock held, without
 * waiting. Whether something came.
 */
__attribute__((cold)) static bool reclaim_tables(uint64_t address, uint64_t bytes)
{
	uint64_t last = address + bytes - 1, tables = 0;

	for (unsigned level = 1; level <= PTE_ROOT_LEVEL; level++)
		tables += last / pte_span(level) - address / pte_span(level) + 1;
	return page_reclaim(tables);
}

int pagetable_map(struct pagetable *table, uint64_t address, uint64_t physical, uint64_t bytes,
	uint64_t rights)
{
	uint64_t at, end = address + bytes, flags;
	struct tlb_batch batch;
	bool helped = false;
	int error;

	if (!range_ok(address, bytes) || !frames_ok(physical, bytes) || (rights & ~PTE_RIGHTS) != 0)
		return -EINVAL;
	assert(may_sleep());
	tlb_batch_init(&batch, table);
	batch.keep = true;
	do {
		at = address;
		flags = spin_lock_irqsave(&table->lock);
		error = pagetable_map_range(table, &at, end, physical, rights);
		/* Without memory there may also be an empty table on the way to where it failed. */
		if (error == -ENOMEM && at < end)
			at += PAGE_SIZE;
		if (error)
			pagetable_unmap_range(table, address, at, &batch);
		spin_unlock_irqrestore(&table->lock, flags);
		if (error)
			tlb_flush(&batch);
	} while (error == -ENOMEM && !helped && (helped = reclaim_tables(address, bytes)));
	return error;
}

/* Split at both ends. Caller holds table->lock. */
static int split_ends(struct pagetable *table, uint64_t address, uint64_t end)
{
	int error = pagetable_split(table, address);

	return error ? error : pagetable_split(table, end);
}

int pagetable_unmap(
	struct pagetable *table, uint64_t address, uint64_t bytes, struct tlb_batch *batch)
{
	uint64_t end = address + bytes;

	if (!range_ok(address, bytes))
		return -EINVAL;
	assert(may_sleep());
	uint64_t flags = spin_lock_irqsave(&table->lock);
	int error = split_ends(table, address, end);

	while (!error && (address = pagetable_unmap_range(table, address, end, batch)) < end) {
		spin_unlock_irqrestore(&table->lock, flags);
		tlb_flush(batch);
		flags = spin_lock_irqsave(&table->lock);
	}
	spin_unlock_irqrestore(&table->lock, flags);
	return error;
}

int pagetable_protect(struct pagetable *table, uint64_t address, uint64_t bytes, uint64_t rights,
	struct tlb_batch *batch)
{
	if (!range_ok(address, bytes) || (rights & ~(PTE_WRITE | PTE_USER | PTE_NX)) != 0)
		return -EINVAL;
	uint64_t flags = spin_lock_irqsave(&table->lock);
	int error = split_ends(table, address, address + bytes);

	if (!error)
		pagetable_protect_range(table, address, address + bytes, rights, batch);
	spin_unlock_irqrestore(&table->lock, flags);
	return error;
}

/* What the place that a walk ended at maps at the address; false if it maps nothing. */
static bool describe(struct pagetable_place at, uint64_t address, struct mapping *mapping)
{
	pte_t entry = *at.entry;

	*mapping = (struct mapping){
		.entry = entry,
		.level = at.level,
		.physical = pte_phys(entry, at.level) + address % pte_span(at.level),
		.write = entry & PTE_WRITE,
		.user = entry & PTE_USER,
		.execute = !(entry & PTE_NX),
	};
	return pte_is_leaf(entry, at.level);
}

bool pagetable_query(struct pagetable *table, uint64_t address, struct mapping *mapping)
{
	uint64_t flags = spin_lock_irqsave(&table->lock);
	bool found = describe(pagetable_walk(table, address), address, mapping);

	spin_unlock_irqrestore(&table->lock, flags);
	return found;
}

bool pagetable_next(
	struct pagetable *table, uint64_t *address, uint64_t end, struct mapping *mapping)
{
	uint64_t flags = spin_lock_irqsave(&table->lock);
	bool found = false;

	while (*address < end) {
		struct pagetable_place at = pagetable_walk(table, *address);

		found = describe(at, *address, mapping);
		if (found)
			break;
		*address = (*address | (pte_span(at.level) - 1)) + 1;
		if (*address == 0) /* behind the last of all */
			break;
	}
	spin_unlock_irqrestore(&table->lock, flags);
	return found;
}

/* The lock is held, and the entry is the one that was read. */
static void replace(
	pte_t *entry, uint64_t address, unsigned level, pte_t value, struct tlb_batch *batch)
{
	pte_t now = value | PTE_PRESENT | (level ? PTE_LARGE : 0);
	pte_t old = pagetable_set(entry, now);
	bool lost = (old & ~now & (PTE_WRITE | PTE_USER)) || (~old & now & PTE_NX);

	if (pte_phys(old, level) != pte_phys(now, level))
		pagetable_release(address, old, level, batch);
	else if (lost)
		tlb_batch_address(batch, address);
}

int pagetable_replace(struct pagetable *table, uint64_t address, const struct mapping *old,
	pte_t entry, struct tlb_batch *batch)
{
	const pte_t marks = PTE_ACCESSED | PTE_DIRTY; /* the processor's to change */
	uint64_t flags = spin_lock_irqsave(&table->lock);
	struct pagetable_place place = pagetable_walk(table, address);
	bool there = place.level == old->level && ((*place.entry ^ old->entry) & ~marks) == 0;

	if (there)
		replace(place.entry, address, place.level, entry, batch);
	spin_unlock_irqrestore(&table->lock, flags);
	return there ? 0 : -EAGAIN;
}
