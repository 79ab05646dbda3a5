/*
 * Process-context identifiers without a processor that has them: a copy of tlb.c of
 * which CR3 is written here, by a model of what a processor would remember under
 * each identifier. QEMU's emulation has no identifiers, and Bochs, which has
 * (test_tlb.py), forgets everything at each load.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"

static void model_load(uint64_t cr3);

#define write_cr3             model_load
#define tlb_batch_init        copy_batch_init
#define tlb_batch_full        copy_batch_full
#define tlb_batch_address     copy_batch_address
#define tlb_batch_page        copy_batch_page
#define tlb_batch_table       copy_batch_table
#define tlb_flush             copy_flush
#define tlb_forget            copy_forget
#define tlb_set_remote_flush  copy_set_remote_flush
#define tlb_forget_everything copy_forget_everything
#define tlb_cpu_init          copy_cpu_init
#define tlb_loaded            copy_loaded
#define tlb_loaded_on         copy_loaded_on
#define tlb_load              copy_load
#include "lab2-memory/pagetable/tlb.c"

#define TABLES (SLOTS + 3)
#define LATE   5 /* flushes of other processors that are on their way to this one */

static struct pagetable tables[TABLES];
static struct tlb_batch late[LATE];

/* What is remembered: of which table, and which of its generations' flushes were missed since. */
static struct {
	uint64_t root, missed;
} remembered[SLOTS + 1];
static unsigned current, kept, forgotten;
static struct pagetable *last, *next; /* what CR3 is about to leave, and what comes */

static void model_load(uint64_t cr3)
{
	uint64_t root = cr3 & PTE_ADDRESS;

	if (last)
		KT_TRUE(copy_loaded_on(0, last) && copy_loaded_on(0, next));
	current = cr3 & 0xfff;
	KT_REQUIRE(current >= 1 && current <= SLOTS);
	if (cr3 & CR3_KEEP) {
		kept++;
		KT_EQ(remembered[current].root, root);
		KT_EQ(remembered[current].missed, 0);
	} else {
		forgotten++;
		remembered[current].root = root;
		remembered[current].missed = 0;
	}
}

/* A flush of the table has begun, here or on another processor. */
static void begun(const struct pagetable *table)
{
	for (unsigned i = 1; i <= SLOTS; i++)
		if (remembered[i].root == table->root)
			remembered[i].missed |= 1ul << table->generation % 64;
}

/* This processor has taken part, if the table was loaded. */
static void done(const struct tlb_batch *batch)
{
	if (remembered[current].root == batch->table->root)
		remembered[current].missed &= ~(1ul << batch->generation % 64);
}

static void flush_here(struct pagetable *table)
{
	struct tlb_batch batch;

	copy_batch_init(&batch, table);
	copy_batch_address(&batch, PAGE_SIZE);
	copy_flush(&batch);
	begun(table);
	done(&batch);
}

/* The oldest or any other flush on its way arrives, and another one begins. */
static void flush_elsewhere(struct pagetable *table)
{
	struct tlb_batch *batch = &late[kt_random() % LATE];

	if (batch->table) {
		copy_forget(batch);
		done(batch);
	}
	copy_batch_init(batch, table);
	copy_batch_address(batch, PAGE_SIZE);
	batch->generation = ++table->generation;
	begun(table);
}

KTEST(tlb_keeps_what_holds, "",
	"what is remembered of a table that comes back is kept if it missed no flush, and only "
	"then",
	.limit = 10)
{
	for (unsigned i = 0; i < TABLES; i++)
		tables[i] = (struct pagetable){ .root = (i + 1) * PAGE_SIZE, .context = i + 1 };
	has_pcid = true;
	for (unsigned i = 0; i < SLOTS; i++)
		copy_load(&tables[i]);
	KT_EQ(kept, 0);
	for (unsigned i = 0; i < SLOTS; i++)
		copy_load(&tables[i]);
	KT_EQ(kept, SLOTS);

	for (unsigned step = 0; step < 20000; step++) {
		struct pagetable *table = &tables[kt_random() % (step / 1000 % 2 ? 3 : TABLES)];

		switch (kt_random() % 8) {
		case 0:
			flush_here(table);
			break;
		case 1:
			flush_elsewhere(table);
			break;
		default:
			copy_load(table);
		}
	}
	KT_TRUE(kept > 1000 && forgotten > 1000);
}

KTEST(tlb_until_it_has_left, "",
	"until CR3 is written, a processor is known to have the tables that it leaves, and the "
	"next")
{
	for (unsigned i = 0; i < TABLES; i++)
		tables[i] = (struct pagetable){ .root = (i + 1) * PAGE_SIZE, .context = i + 1 };
	has_pcid = true;
	copy_load(&tables[0]);
	for (unsigned i = 1; i < TABLES; i++) {
		last = &tables[i - 1];
		next = &tables[i];
		copy_load(next);
		KT_TRUE(copy_loaded_on(0, next) && !copy_loaded_on(0, last));
	}
}
