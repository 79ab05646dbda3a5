/* Forgetting translations, and letting frames go once all have: see tlb.h. */
#include "lab2-memory/pagetable/tlb.h"
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lock/mutex.h"
#include "lab2-memory/pagetable/pagetable.h"

#define CR4_PGE    (1ul << 7)
#define CR4_PCIDE  (1ul << 17)
#define CPUID_PCID (1u << 17)  /* leaf 1, ecx */
#define CR3_KEEP   (1ul << 63) /* with process-context identifiers: forget nothing */
#define SLOTS      6           /* tables that a processor remembers, by identifiers 1..SLOTS */
#define NO_SLOT    SLOTS

/* What this processor remembers under an identifier: a table as it was at some generation. */
struct slot {
	uint64_t context;
	uint64_t generation;
};

static PERCPU(struct pagetable *, loaded) = &kernel_pagetable; /* [a] its own processor's */
static PERCPU(struct pagetable *, leaving); /* [a] still in CR3 when loaded is another; or NULL */
static PERCPU(struct slot, slots[SLOTS]);
static PERCPU(unsigned, slot_next);

static const struct tlb_remote_ops *remote;
static bool has_pcid; /* the same on all processors, or the machine is broken */

/* --- batches ------------------------------------------------------------------------- */

void tlb_batch_init(struct tlb_batch *batch, struct pagetable *table)
{
	batch->table = table;
	batch->addresses = batch->pages = 0;
	batch->released = batch->generation = 0;
	batch->keep = false;
	list_init(&batch->tables);
}

bool tlb_batch_full(const struct tlb_batch *batch)
{
	return batch->pages == TLB_BATCH;
}

void tlb_batch_address(struct tlb_batch *batch, uint64_t address)
{
	if (batch->addresses < TLB_BATCH)
		batch->address[batch->addresses] = address;
	if (batch->addresses <= TLB_BATCH)
		batch->addresses++;
}

void tlb_batch_page(struct tlb_batch *batch, struct page *page, uint64_t bytes)
{
	assert(!tlb_batch_full(batch));
	batch->page[batch->pages++] = page;
	batch->released += bytes / PAGE_SIZE;
}

void tlb_batch_table(struct tlb_batch *batch, struct page *table)
{
	list_push_back(&batch->tables, &table->link);
}

/* --- forgetting ---------------------------------------------------------------------- */

/* A change of CR4.PGE does it. */
void tlb_forget_everything(void)
{
	uint64_t cr4 = read_cr4();

	write_cr4(cr4 ^ CR4_PGE);
	write_cr4(cr4);
}

/* Everything of the tables that are loaded, but not global pages. */
static void forget_loaded(void)
{
	write_cr3(read_cr3() & ~CR3_KEEP);
}

static unsigned slot_of(const struct pagetable *table)
{
	const struct slot *slot = *this_cpu_ptr(slots);
	unsigned i = 0;

	while (i < SLOTS && slot[i].context != table->context)
		i++;
	return i;
}

/*
 * Of a table that is not loaded, nothing is remembered, or under an identifier whose generation is
 * now too old. Freed tables are remembered, too, in the processor's caches of them; one invlpg
 * forgets those under the present identifier (SDM volume 3, section 4.10.4.1), which is not enough
 * for the kernel's: they are remembered under every one.
 */
void tlb_forget(const struct tlb_batch *batch)
{
	bool kernel = batch->table == &kernel_pagetable;
	bool tables = !list_empty(&batch->tables);
	unsigned slot;

	if (!kernel && batch->table != this_cpu(loaded))
		return;
	if (kernel && (batch->addresses > TLB_BATCH || tables))
		tlb_forget_everything();
	else if (batch->addresses > TLB_BATCH || (tables && batch->addresses == 0))
		forget_loaded();
	else
		for (unsigned i = 0; i < batch->addresses; i++)
			asm volatile("invlpg (%0)" : : "r"(batch->address[i]) : "memory");

	slot = slot_of(batch->table);
	if (slot != NO_SLOT && (*this_cpu_ptr(slots))[slot].generation + 1 == batch->generation)
		(*this_cpu_ptr(slots))[slot].generation = batch->generation;
}

static void let_go(struct tlb_batch *batch)
{
	while (!list_empty(&batch->tables)) {
		struct page *table = list_entry(batch->tables.next, struct page, link);

		list_remove(&table->link);
		page_put(table);
	}
	for (unsigned i = 0; i < batch->pages; i++)
		page_put(batch->page[i]);
	batch->pages = batch->addresses = 0;
}

void tlb_flush(struct tlb_batch *batch)
{
	uint64_t flags;

	assert(may_sleep());
	if (batch->addresses == 0 && list_empty(&batch->tables))
		return;
	batch->generation = __atomic_add_fetch(&batch->table->generation, 1, __ATOMIC_SEQ_CST);
	flags = irq_save();
	tlb_forget(batch);
	batch->cpu = this_cpu(cpu_number);
	irq_restore(flags);
	if (remote)
		remote->flush(batch);
	let_go(batch);
}

void tlb_set_remote_flush(const struct tlb_remote_ops *ops)
{
	assert(!remote && ops->flush);
	remote = ops;
}

/* --- loading ------------------------------------------------------------------------- */

struct pagetable *tlb_loaded(void)
{
	return this_cpu(loaded);
}

/* In the order in which tlb_load writes them: who sees the next table sees what it leaves, too. */
bool tlb_loaded_on(unsigned cpu, const struct pagetable *table)
{
	char *area = percpu_areas[cpu];

	return __atomic_load_n(percpu_at(area, loaded), __ATOMIC_SEQ_CST) == table ||
	       __atomic_load_n(percpu_at(area, leaving), __ATOMIC_ACQUIRE) == table;
}

/* The identifier to load a table with, and whether what is remembered under it still holds. */
static uint64_t identifier(const struct pagetable *table)
{
	uint64_t generation = __atomic_load_n(&table->generation, __ATOMIC_SEQ_CST);
	struct slot *slot = *this_cpu_ptr(slots);
	unsigned at = slot_of(table);
	bool holds = at != NO_SLOT && slot[at].generation == generation;

	if (at == NO_SLOT)
		at = this_cpu(slot_next)++ % SLOTS;
	slot[at] = (struct slot){ table->context, generation };
	return (at + 1) | (holds ? CR3_KEEP : 0);
}

void tlb_load(struct pagetable *table)
{
	uint64_t flags = irq_save();

	__atomic_store_n(this_cpu_ptr(leaving), this_cpu(loaded), __ATOMIC_RELAXED);
	/* Before the generation is read: who flushes between sees that we have it, or we see his.
	 */
	__atomic_store_n(this_cpu_ptr(loaded), table, __ATOMIC_SEQ_CST);
	write_cr3(table->root | (has_pcid ? identifier(table) : 0));
	__atomic_store_n(this_cpu_ptr(leaving), NULL, __ATOMIC_RELEASE);
	irq_restore(flags);
}

void tlb_cpu_init(void)
{
	write_cr4(read_cr4() | CR4_PGE);
	if (!(cpuid(1, 0).ecx & CPUID_PCID))
		return;
	has_pcid = true;
	write_cr4(read_cr4() | CR4_PCIDE);
	tlb_load(this_cpu(loaded));
}
