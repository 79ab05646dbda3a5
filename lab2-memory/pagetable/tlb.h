/*
 * The TLB: what a processor remembers of page tables, and how to make it forget.
 *
 * Whoever takes rights away from a mapping gathers the addresses in a batch, and
 * with them the frames that must not be used for something else before no
 * processor remembers them: tlb_flush invalidates here, asks for it on the other
 * processors (an op that lab 4 hands down), and only then lets the frames go.
 *
 * Where the processor has process-context identifiers, each processor keeps the
 * entries of the last few tables it had loaded. A table's generation grows with
 * each flush; one that comes back with another generation than it left with is
 * loaded with everything of it forgotten.
 *
 * Read more: Intel SDM volume 3, section 4.10 (caching translation information),
 * volume 2 (INVLPG); Black et al., "Translation lookaside buffer consistency: a
 * software approach", ASPLOS 1989.
 */
#pragma once
#include "lab2-memory/page/page.h"
#include <stdbool.h>
#include <stdint.h>

#define TLB_BATCH 32 /* addresses, and frames, in a batch */

struct pagetable;

/* On the stack of whoever changes page tables. */
struct tlb_batch {
	struct pagetable *table;
	unsigned addresses;          /* how many; above TLB_BATCH all of them are meant */
	uint64_t address[TLB_BATCH]; /* one in each page to forget, of whatever size */
	unsigned pages;
	struct page *page[TLB_BATCH]; /* to be put once all have forgotten */
	struct list tables;           /* page tables to be freed then, by their link */
	uint64_t released;            /* frames (4 KiB) that counted mappings let go, in all */
	uint64_t generation;          /* of the table, with this flush */
	unsigned cpu;                 /* the processor on which tlb_flush has forgotten */
	bool keep;                    /* leave the references: the caller takes them back */
};

/* tlb_batch_init: nothing to forget of that table. */
void tlb_batch_init(struct tlb_batch *batch, struct pagetable *table);

/* tlb_batch_full: whether there may be no room for another frame; tlb_flush makes room. */
bool tlb_batch_full(const struct tlb_batch *batch);

/* tlb_batch_address: the page at this address is to be forgotten. */
void tlb_batch_address(struct tlb_batch *batch, uint64_t address);

/*
 * tlb_batch_page: page_put a frame after the flush; the mapping had so many bytes. The batch is not
 * full (asserted).
 */
void tlb_batch_page(struct tlb_batch *batch, struct page *page, uint64_t bytes);

/* tlb_batch_table: free a table's frame after the flush. */
void tlb_batch_table(struct tlb_batch *batch, struct page *table);

/*
 * tlb_flush: forget, everywhere, and let the frames go; the batch is then empty (but released goes
 * on counting). No spin lock is held and, once other processors run, interrupts are on.
 */
void tlb_flush(struct tlb_batch *batch);

/* tlb_forget: forget on this processor only: what a processor does that is asked to. Takes no lock.
 */
void tlb_forget(const struct tlb_batch *batch);

/* tlb_forget_everything: forget all tables on this processor, global pages included. Takes no lock.
 */
void tlb_forget_everything(void);

/* What lab 4 hands down. flush: return once every processor but batch->cpu has done
 * tlb_forget(batch). The caller may have been moved to another one by then. */
struct tlb_remote_ops {
	void (*flush)(const struct tlb_batch *batch);
};

/* tlb_set_remote_flush: once (asserted). Until then there are no others that need it. */
void tlb_set_remote_flush(const struct tlb_remote_ops *ops);

/* tlb_cpu_init: global pages, and process-context identifiers where there are any. On each
 * processor, once its tables are the kernel's own. */
void tlb_cpu_init(void);

/* tlb_loaded: this processor's tables. Takes no lock. */
struct pagetable *tlb_loaded(void);

/* tlb_loaded_on: whether that processor has these tables in CR3 at some moment of the call, or has
 * just decided to load them: for who knows that nobody will any more. Takes no lock. */
bool tlb_loaded_on(unsigned cpu, const struct pagetable *table);

/* tlb_load: make a table this processor's. The caller stays on this processor. Takes no lock. */
void tlb_load(struct pagetable *table);
