/*
 * Exercise 2.7 from inside: faults in one space, one kind at a time. test_fault.py
 * sends thousands of them to several spaces and compares with a model.
 */
#include "lab2-memory/tests/spaces.h"

static struct vm_space *space;
static struct thing thing;

static void begin(void)
{
	space = new_space();
	thing_init(&thing);
}

/* The page of zeros is nobody's to write or to free, and the object has its pages back. */
static void end(void)
{
	const uint64_t *zeros = page_address(vm_zero_page);

	for (size_t i = 0; i < P / 8; i++)
		KT_REQUIRE(zeros[i] == 0);
	vm_space_destroy(space);
	thing_is_unmapped(&thing);
	vm_object_put(&thing.object);
	KT_EQ(page_count(vm_zero_page), 1);
}

static bool all_zero(uint64_t address)
{
	const uint64_t *word = word_at(space, address);
	size_t i = 0;

	while (i < P / 8 && word[i] == 0)
		i++;
	return i == P / 8;
}

/* --- anonymous memory ----------------------------------------------------------------- */

KTEST(fault_read_first, "2.7",
	"memory that was only read is the page of zeros, read-only and not counted")
{
	begin();
	map(space, BASE, 4 * P, RW);
	for (uint64_t at = BASE; at < BASE + 4 * P; at += P) {
		fault(space, at + 0x123, PROT_READ);
		KT_EQ(page_at(space, at), vm_zero_page);
		KT_TRUE(!look(space, at).write);
	}
	KT_EQ(space->resident, 0);
	KT_EQ(page_count(vm_zero_page), 1);
	KT_EQ(vm_unmap(space, BASE, 2 * P), 0);
	KT_EQ(space->resident, 0);
	end();
}

KTEST(fault_write_after_read, "2.7", "what was read as zeros gets a page of its own when written")
{
	begin();
	map(space, BASE, 4 * P, RW);
	fault(space, BASE + P, PROT_READ);
	fault(space, BASE + 2 * P, PROT_READ);
	write_word(space, BASE + P + 8, 17);
	KT_TRUE(page_at(space, BASE + P) != vm_zero_page);
	KT_EQ(page_at(space, BASE + 2 * P), vm_zero_page);
	KT_EQ(space->resident, 1);
	KT_EQ(read_word(space, BASE + P + 8), 17);
	KT_EQ(read_word(space, BASE + P), 0);
	KT_EQ(read_word(space, BASE + 2 * P + 8), 0);
	end();
}

KTEST(fault_write_first, "2.7",
	"memory that is written first gets a zeroed page of its own at once")
{
	struct page *page;

	begin();
	map(space, BASE, 4 * P, RW);
	fault(space, BASE + P + 0xfff, PROT_WRITE);
	KT_TRUE(all_zero(BASE + P));
	page = page_at(space, BASE + P);
	KT_TRUE(page != vm_zero_page && page->owner == &vm_anonymous);
	KT_EQ(page_count(page), 1);
	KT_EQ(space->resident, 1);
	fault(space, BASE + P, PROT_WRITE); /* again: nothing has to be done */
	fault(space, BASE + P, PROT_READ);
	KT_EQ(page_at(space, BASE + P), page);
	KT_EQ(space->resident, 1);
	KT_TRUE(!look(space, BASE).entry && !look(space, BASE + 2 * P).entry);
	end();
}

KTEST(fault_large, "2.7", "the first write to 2 MiB of one region maps them as one page")
{
	begin();
	map(space, BASE - P, 2 * LARGE_PAGE + P, RW);
	fault(space, BASE + LARGE_PAGE + 5 * P, PROT_WRITE);
	KT_EQ(look(space, BASE + LARGE_PAGE).level, 1);
	KT_EQ(space->resident, 512);
	KT_TRUE(all_zero(BASE + LARGE_PAGE) && all_zero(BASE + 2 * LARGE_PAGE - P));
	fault(space, BASE, PROT_READ);
	fault(space, BASE + P, PROT_WRITE); /* too late for a large one */
	KT_EQ(look(space, BASE + P).level, 0);
	KT_EQ(space->resident, 513);
	end();
}

/* --- what other processors still see ---------------------------------------------------- */

static unsigned flushes;

/* Others are asked to forget the old page: the copy is there, and nobody can write to it. */
static void while_flushed(const struct tlb_batch *batch)
{
	(void)batch;
	if (flushes++ == 0)
		KT_TRUE(!look(space, BASE).write);
}

static const struct tlb_remote_ops others = { .flush = while_flushed };

KTEST(fault_copy_is_flushed_first, "2.7",
	"nobody may write to a copy before all processors have forgotten the old page")
{
	begin();
	tlb_set_remote_flush(&others);
	map(space, BASE, 4 * P, RW);
	fault(space, BASE, PROT_READ);
	write_word(space, BASE, 17);
	KT_TRUE(flushes > 0);
	KT_EQ(read_word(space, BASE), 17);
	KT_EQ(space->resident, 1);
	end();
}

KTEST(fault_large_copy_is_flushed_first, "2.7",
	"nobody may write to a large copy before all processors have forgotten the old page")
{
	struct vm_space *clone;

	begin();
	map(space, BASE, LARGE_PAGE, RW);
	write_word(space, BASE, 17);
	clone = clone_of(space);
	tlb_set_remote_flush(&others);
	write_word(space, BASE, 18);
	KT_TRUE(flushes > 0);
	KT_EQ(read_word(space, BASE), 18);
	KT_EQ(read_word(clone, BASE), 17);
	vm_space_destroy(clone);
	end();
}

/* --- rights --------------------------------------------------------------------------- */

static void has_rights(uint64_t address, bool write, bool execute)
{
	struct mapping mapping = look(space, address);

	KT_TRUE(mapping.entry);
	KT_EQ(mapping.write, write);
	KT_EQ(mapping.execute, execute);
}

KTEST(fault_rights, "2.7", "a page allows what was asked for, and never more than its region does")
{
	begin();
	map(space, BASE, P, PROT_READ);
	map(space, BASE + P, P, RW);
	map(space, BASE + 2 * P, P, PROT_READ | PROT_EXEC);
	map(space, BASE + 3 * P, P, VM_PROT_ALL);
	fault(space, BASE, PROT_READ);
	has_rights(BASE, false, false);
	fault(space, BASE + P, PROT_WRITE);
	has_rights(BASE + P, true, false);
	fault(space, BASE + 2 * P, PROT_EXEC);
	has_rights(BASE + 2 * P, false, true);
	fault(space, BASE + 3 * P, PROT_EXEC);
	has_rights(BASE + 3 * P, false, true); /* the page of zeros, still */
	fault(space, BASE + 3 * P, PROT_WRITE);
	has_rights(BASE + 3 * P, true, true);
	end();
}

KTEST(fault_refused, "", "an access that no region allows is refused, and nothing is mapped",
	.needs = "2.6")
{
	begin();
	map(space, BASE, P, PROT_READ);
	map(space, BASE + P, P, PROT_NONE);
	map(space, BASE + 2 * P, P, RW);
	KT_EQ(vm_fault(space, BASE - 1, PROT_READ), VM_NO_REGION);
	KT_EQ(vm_fault(space, BASE + 3 * P, PROT_WRITE), VM_NO_REGION);
	KT_EQ(vm_fault(space, 0, PROT_READ), VM_NO_REGION);
	KT_EQ(vm_fault(space, UINT64_MAX, PROT_READ), VM_NO_REGION);
	KT_EQ(vm_fault(space, USER_END, PROT_READ), VM_NO_REGION);
	KT_EQ(vm_fault(space, BASE, PROT_WRITE), VM_NO_RIGHT);
	KT_EQ(vm_fault(space, BASE, PROT_EXEC), VM_NO_RIGHT);
	KT_EQ(vm_fault(space, BASE + P, PROT_READ), VM_NO_RIGHT);
	KT_EQ(vm_fault(space, BASE + P, PROT_WRITE), VM_NO_RIGHT);
	KT_EQ(vm_fault(space, BASE + 2 * P, PROT_EXEC), VM_NO_RIGHT);
	for (uint64_t at = BASE - P; at < BASE + 4 * P; at += P)
		KT_TRUE(!look(space, at).entry);
	end();
}

KTEST(fault_protected, "2.7",
	"rights that come back find the same page, and it is written in place")
{
	struct page *page;

	begin();
	map(space, BASE, 3 * P, RW);
	fault(space, BASE, PROT_READ);
	write_word(space, BASE + P, 5);
	page = page_at(space, BASE + P);
	KT_EQ(vm_protect(space, BASE, 3 * P, PROT_NONE), 0);
	KT_EQ(vm_fault(space, BASE + P, PROT_READ), VM_NO_RIGHT);
	KT_EQ(vm_protect(space, BASE, 3 * P, RW), 0);
	KT_EQ(read_word(space, BASE + P), 5);
	write_word(space, BASE + P, 6);
	KT_EQ(page_at(space, BASE + P), page);
	write_word(space, BASE, 7); /* that was the page of zeros */
	KT_EQ(space->resident, 2);
	end();
}

/* --- objects -------------------------------------------------------------------------- */

KTEST(fault_private_object, "2.7", "a private page of an object is copied only when it is written")
{
	begin();
	map_object(space, BASE, 4, MAP_PRIVATE, &thing.object, 3);
	KT_EQ(read_word(space, BASE + P), 104);
	KT_TRUE(!thing.write && thing.index == 4);
	KT_EQ(page_at(space, BASE + P), thing.page[4]);
	KT_EQ(page_count(thing.page[4]), 2);
	KT_TRUE(!look(space, BASE + P).write);
	KT_EQ(space->resident, 1);

	write_word(space, BASE + P + 8, 1); /* read before */
	write_word(space, BASE + 2 * P, 2); /* written first */
	KT_EQ(read_word(space, BASE + P), 104);
	KT_EQ(space->resident, 2);
	KT_EQ(page_at(space, BASE + 2 * P)->owner, &vm_anonymous);
	KT_EQ(thing.writes, 0);
	thing_is_unmapped(&thing);
	for (uint64_t i = 0; i < THING_PAGES; i++) {
		KT_EQ(*(uint64_t *)page_address(thing.page[i]), 100 + i);
		KT_EQ(((uint64_t *)page_address(thing.page[i]))[1], 0);
	}
	end();
}

KTEST(fault_shared_object, "2.7",
	"a shared page of an object is written in place, once the object was asked")
{
	begin();
	map_object(space, BASE, 4, MAP_SHARED, &thing.object, 2);
	KT_EQ(read_word(space, BASE + P), 103);
	KT_TRUE(!look(space, BASE + P).write && thing.writes == 0);
	write_word(space, BASE + P, 1);
	KT_TRUE(thing.write && thing.index == 3);
	write_word(space, BASE + 3 * P, 2);
	KT_TRUE(thing.write && thing.index == 5);
	KT_EQ(thing.writes, 2);
	KT_EQ(page_at(space, BASE + P), thing.page[3]);
	KT_EQ(page_at(space, BASE + 3 * P), thing.page[5]);
	KT_EQ(page_count(thing.page[3]), 2);
	KT_EQ(page_count(thing.page[5]), 2);
	KT_EQ(space->resident, 2);
	KT_EQ(*(uint64_t *)page_address(thing.page[5]), 2);
	KT_EQ(vm_unmap(space, BASE + P, P), 0);
	KT_EQ(page_count(thing.page[3]), 1);
	end();
}

/* With the object's error an access there comes to that, and nothing has changed. */
static void fails_with(int error, uint64_t address, int access, enum vm_result result)
{
	pte_t before = look(space, address).entry;
	uint64_t resident = space->resident;

	thing.error = error;
	KT_EQ(vm_fault(space, address, access), result);
	thing.error = 0;
	KT_EQ(look(space, address).entry, before);
	KT_EQ(space->resident, resident);
}

KTEST(fault_object_error, "2.7", "an object's error is a bus error, or means that memory is out")
{
	begin();
	map_object(space, BASE, 4, MAP_SHARED, &thing.object, 6);
	map_object(space, BASE + 4 * P, 4, MAP_PRIVATE, &thing.object, 0);
	fails_with(0, BASE + 2 * P, PROT_READ, VM_BUS); /* behind its end */
	fails_with(0, BASE + 3 * P, PROT_WRITE, VM_BUS);
	fails_with(-EIO, BASE, PROT_READ, VM_BUS);
	fails_with(-EIO, BASE, PROT_WRITE, VM_BUS);
	fails_with(-EIO, BASE + 4 * P, PROT_WRITE, VM_BUS);
	fails_with(-ENOMEM, BASE + 4 * P, PROT_WRITE, VM_NO_MEMORY);
	fault(space, BASE, PROT_READ);
	fails_with(-EIO, BASE, PROT_WRITE, VM_BUS); /* it is told of the write, and cannot do it */
	fails_with(-ENOMEM, BASE, PROT_WRITE, VM_NO_MEMORY);
	KT_EQ(page_count(thing.page[6]), 2);
	fault(space, BASE, PROT_WRITE);
	end();
}

/* --- running out of memory ------------------------------------------------------------ */

/* Fault there with each allocation failing in turn: how many did before it was resolved. */
static unsigned failures(uint64_t address, int access)
{
	slab_drain(); /* a shrinker would help else */
	for (unsigned count = 0;; count++) {
		pte_t before = look(space, address).entry;
		uint64_t resident = space->resident, used = page_used_count();
		enum vm_result result;

		inject_failure(count + 1);
		result = vm_fault(space, address, access);
		inject_failure(0);
		if (result == VM_RESOLVED)
			return count;
		KT_REQUIRE(result == VM_NO_MEMORY && count < 20);
		KT_EQ(look(space, address).entry, before);
		KT_EQ(space->resident, resident);
		KT_EQ(page_used_count(), used);
	}
}

KTEST(fault_no_memory, "2.7",
	"whichever allocation fails, a fault that is not resolved has changed nothing")
{
	begin();
	map(space, BASE, 4 * P, RW);
	map_object(space, 2 * BASE, 4, MAP_PRIVATE, &thing.object, 0);
	map_object(space, 4 * BASE, 4, MAP_SHARED, &thing.object, 4);
	KT_TRUE(failures(BASE, PROT_READ) >= 2); /* tables */
	KT_EQ(failures(BASE, PROT_WRITE), 1);
	KT_EQ(failures(BASE + P, PROT_WRITE), 1);
	KT_TRUE(failures(2 * BASE, PROT_WRITE) >= 2);
	KT_EQ(failures(2 * BASE + P, PROT_READ), 0);
	KT_EQ(failures(2 * BASE + P, PROT_WRITE), 1);
	KT_TRUE(failures(4 * BASE, PROT_WRITE) >= 1);
	KT_EQ(page_count(thing.page[4]), 2);
	KT_EQ(space->resident, 5);
	end();
}

/* --- several processors --------------------------------------------------------------- */

/* What another processor does while the object is busy: map its page there, for reading. */
static void map_it(struct page *page)
{
	page_get(page);
	KT_EQ(vm_pages_map(space, BASE, page, P, PTE_USER | PTE_NX), 0);
}

/* In the place of what is there. */
static void map_instead(struct page *page, uint64_t rights)
{
	struct mapping old = look(space, BASE);
	struct pagetable *table = &space->pagetable;
	struct tlb_batch batch;

	tlb_batch_init(&batch, table);
	page_get(page);
	KT_EQ(pagetable_replace(table, BASE, &old,
		      page_phys(page) | PTE_USER | PTE_NX | PTE_COUNTED | rights, &batch),
		0);
	if (page_phys(page) == old.physical)
		page_put(page); /* the entry has its reference */
	tlb_flush(&batch);
}

/* The same for writing. */
static void allow_it(struct page *page)
{
	map_instead(page, PTE_WRITE);
}

/* Another page for reading: the fault is not resolved by that. */
static void change_it(struct page *page)
{
	map_instead(thing.page[page == thing.page[0]], 0);
}

KTEST(fault_raced, "2.7",
	"if another processor was quicker, its page stays, and no reference is lost")
{
	begin();
	map_object(space, BASE, 4, MAP_SHARED, &thing.object, 0);
	thing.meanwhile = map_it;
	fault(space, BASE, PROT_READ);
	KT_EQ(page_count(thing.page[0]), 2);
	KT_EQ(space->resident, 1);
	thing.meanwhile = change_it;
	fault(space, BASE, PROT_WRITE);
	KT_EQ(page_at(space, BASE), thing.page[0]);
	KT_EQ(page_count(thing.page[0]), 2);
	KT_EQ(page_count(thing.page[1]), 1);
	KT_EQ(vm_protect(space, BASE, P, PROT_READ), 0);
	KT_EQ(vm_protect(space, BASE, P, RW), 0);
	thing.meanwhile = allow_it;
	fault(space, BASE, PROT_WRITE);
	KT_EQ(page_count(thing.page[0]), 2);
	KT_EQ(space->resident, 1);

	map_object(space, BASE, 4, MAP_PRIVATE, &thing.object, 0);
	thing.meanwhile = map_it; /* that one cannot be written; there has to be a copy after all */
	write_word(space, BASE, 7);
	KT_EQ(page_count(thing.page[0]), 1);
	KT_EQ(*(uint64_t *)page_address(thing.page[0]), 100);
	KT_EQ(space->resident, 1);
	end();
}

/* --- as the processor sees it --------------------------------------------------------- */

KTEST(fault_seen, "2.7", "the processor sees a page that was copied, and not the one before")
{
	begin();
	map(space, BASE, 4 * P, RW);
	map_object(space, BASE + 4 * P, 4, MAP_PRIVATE, &thing.object, 0);
	tlb_load(&space->pagetable);
	for (uint64_t at = BASE; at < BASE + 8 * P; at += P) {
		uint64_t first = at < BASE + 4 * P ? 0 : 100 + (at - BASE - 4 * P) / P;

		fault(space, at, PROT_READ);
		KT_EQ(user_load(at), first);
		fault(space, at, PROT_WRITE);
		*word_at(space, at) = at;
		KT_EQ(user_load(at), at);
		user_store(at + 8, at + 1);
		KT_EQ(word_at(space, at)[1], at + 1);
	}
	tlb_load(&kernel_pagetable);
	end();
}
