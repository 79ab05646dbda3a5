/* Exercise 2.7 from inside: what a clone shares, who copies, and who need not. */
#include "lab2-memory/tests/spaces.h"

static struct vm_space *space, *clone;

static void begin(void)
{
	space = new_space();
}

static void end(void)
{
	vm_space_destroy(clone);
	vm_space_destroy(space);
	KT_EQ(page_count(vm_zero_page), 1);
}

/* Both map the same page, for reading, and together have all its references. */
static void is_shared(uint64_t address)
{
	KT_EQ(page_at(space, address), page_at(clone, address));
	KT_EQ(page_count(page_at(space, address)), 2);
	KT_TRUE(!look(space, address).write && !look(clone, address).write);
}

KTEST(clone_shares, "2.7",
	"a clone maps the same private pages, and neither space may write to them")
{
	begin();
	map(space, BASE, 4 * P, RW);
	write_word(space, BASE, 1);
	write_word(space, BASE + 2 * P, 2);
	clone = clone_of(space);
	KT_EQ(clone->regions.count, 1);
	KT_EQ(clone->mapped, 4 * P);
	KT_EQ(clone->resident, 2);
	KT_EQ(space->resident, 2);
	is_shared(BASE);
	is_shared(BASE + 2 * P);
	KT_EQ(read_word(clone, BASE), 1);
	KT_EQ(read_word(clone, BASE + 2 * P), 2);
	end();
}

KTEST(clone_write, "2.7",
	"who writes first has a copy, and who writes last has the page for himself")
{
	struct page *page;

	begin();
	map(space, BASE, P, RW);
	write_word(space, BASE, 1);
	write_word(space, BASE + 8, 2);
	page = page_at(space, BASE);
	clone = clone_of(space);

	write_word(space, BASE, 3);
	KT_TRUE(page_at(space, BASE) != page);
	KT_EQ(page_at(clone, BASE), page);
	KT_EQ(page_count(page), 1);
	KT_EQ(page_count(page_at(space, BASE)), 1);
	KT_EQ(read_word(space, BASE + 8), 2);
	KT_EQ(read_word(clone, BASE), 1);

	write_word(clone, BASE + 8, 4);
	KT_EQ(page_at(clone, BASE), page);
	KT_EQ(page_count(page), 1);
	KT_EQ(read_word(space, BASE + 8), 2);
	KT_EQ(space->resident, 1);
	KT_EQ(clone->resident, 1);
	end();
}

KTEST(clone_of_clone, "2.7", "three spaces with one page keep it until the last of them is alone")
{
	struct vm_space *third;
	struct page *page;

	begin();
	map(space, BASE, P, RW);
	write_word(space, BASE, 1);
	page = page_at(space, BASE);
	clone = clone_of(space);
	third = clone_of(clone);
	KT_EQ(page_count(page), 3);
	write_word(clone, BASE, 2);
	KT_EQ(page_count(page), 2);
	write_word(third, BASE, 3);
	KT_TRUE(page_at(third, BASE) != page);
	KT_EQ(read_word(space, BASE), 1);
	KT_EQ(read_word(clone, BASE), 2);
	vm_space_destroy(third);
	write_word(space, BASE, 4);
	KT_EQ(page_at(space, BASE), page);
	end();
}

KTEST(clone_zeros, "2.7", "what nobody has written is zero in both, and counted in neither")
{
	begin();
	map(space, BASE, 4 * P, RW);
	fault(space, BASE, PROT_READ);
	clone = clone_of(space);
	KT_EQ(clone->resident, 0);
	KT_EQ(page_count(vm_zero_page), 1);
	write_word(space, BASE, 1);
	write_word(clone, BASE + P, 2);
	KT_EQ(read_word(clone, BASE), 0);
	KT_EQ(read_word(space, BASE + P), 0);
	KT_EQ(space->resident, 1);
	KT_EQ(clone->resident, 1);
	end();
}

KTEST(clone_shared_memory, "2.7", "what is shared stays shared, also where it was not there yet")
{
	begin();
	KT_EQ(vm_map(space, BASE, 4 * P, RW, MAP_FIXED | MAP_SHARED, NULL, 0), BASE);
	write_word(space, BASE, 1);
	clone = clone_of(space);
	KT_EQ(read_word(clone, BASE), 1);
	write_word(clone, BASE, 2);
	KT_EQ(read_word(space, BASE), 2);
	write_word(clone, BASE + P, 3);
	KT_EQ(read_word(space, BASE + P), 3);
	write_word(space, BASE + P, 4);
	KT_EQ(read_word(clone, BASE + P), 4);
	KT_EQ(page_at(space, BASE), page_at(clone, BASE));
	end();
}

KTEST(clone_object, "2.7",
	"a private page of an object has a reference for each space that maps it")
{
	static struct thing thing;

	begin();
	thing_init(&thing);
	map_object(space, BASE, 4, MAP_PRIVATE, &thing.object, 0);
	fault(space, BASE, PROT_READ);
	write_word(space, BASE + P, 1);
	clone = clone_of(space);
	KT_EQ(thing.object.count, 3);
	KT_EQ(page_count(thing.page[0]), 3);
	is_shared(BASE + P);
	write_word(clone, BASE, 2);
	KT_EQ(page_count(thing.page[0]), 2);
	KT_EQ(read_word(space, BASE), 100);
	KT_EQ(*(uint64_t *)page_address(thing.page[0]), 100);
	KT_EQ(thing.writes, 0);
	end();
	thing_is_unmapped(&thing);
	vm_object_put(&thing.object);
}

KTEST(clone_protected, "2.7",
	"rights that one space gets later let it not write to the other's pages")
{
	begin();
	map(space, BASE, 2 * P, RW);
	write_word(space, BASE, 1);
	write_word(space, BASE + P, 2);
	KT_EQ(vm_protect(space, BASE, P, PROT_READ), 0);
	KT_EQ(vm_protect(space, BASE + P, P, PROT_NONE), 0);
	clone = clone_of(space);
	KT_TRUE(!look(clone, BASE + P).user);
	KT_EQ(vm_fault(clone, BASE, PROT_WRITE), VM_NO_RIGHT);
	KT_EQ(vm_fault(clone, BASE + P, PROT_READ), VM_NO_RIGHT);
	KT_EQ(vm_protect(clone, BASE, 2 * P, RW), 0);
	write_word(clone, BASE, 3);
	write_word(clone, BASE + P, 4);
	KT_EQ(read_word(space, BASE), 1);
	KT_EQ(vm_protect(space, BASE, 2 * P, RW), 0);
	KT_EQ(read_word(space, BASE + P), 2);
	end();
}

/* --- running out of memory ------------------------------------------------------------ */

KTEST(clone_no_memory, "2.7",
	"whichever allocation fails, a clone that fails leaves nothing behind", .limit = 5)
{
	struct page *page;
	uint64_t used;
	unsigned count;

	begin();
	map(space, BASE, 4 * P, RW);
	map(space, 2 * BASE, 2 * LARGE_PAGE, RW);
	write_word(space, BASE, 1);
	write_word(space, BASE + P, 2);
	write_word(space, 2 * BASE, 3);
	page = page_at(space, BASE);
	slab_drain();
	used = page_used_count();
	for (count = 1;; count++) {
		inject_failure(count);
		clone = vm_clone(space);
		inject_failure(0);
		if (clone)
			break;
		slab_drain();
		KT_EQ(page_used_count(), used);
		KT_EQ(page_count(page), 1);
		KT_EQ(space->resident, 514);
	}
	KT_TRUE(count > 6); /* the space, two regions, and tables */
	vm_space_destroy(clone);
	write_word(space, BASE, 4);
	KT_EQ(page_at(space, BASE), page);
	KT_EQ(read_word(space, BASE + P), 2);
	KT_EQ(read_word(space, 2 * BASE), 3);
	clone = clone_of(space);
	end();
}

/* --- as the processor sees it --------------------------------------------------------- */

KTEST(clone_seen, "2.7", "after a clone the processor sees what each of the two spaces has written")
{
	begin();
	map(space, BASE, 4 * P, RW);
	tlb_load(&space->pagetable);
	fault(space, BASE, PROT_WRITE);
	user_store(BASE, 1);
	clone = clone_of(space);
	KT_EQ(user_load(BASE), 1);
	fault(space, BASE, PROT_WRITE);
	user_store(BASE, 2);
	KT_EQ(user_load(BASE), 2);
	tlb_load(&clone->pagetable);
	KT_EQ(user_load(BASE), 1);
	fault(clone, BASE, PROT_WRITE);
	user_forget(BASE);
	user_store(BASE, 3);
	KT_EQ(*word_at(space, BASE), 2);
	KT_EQ(*word_at(clone, BASE), 3);
	tlb_load(&kernel_pagetable);
	end();
}

KTEST(clone_forbids, "2.7",
	"the processor forgets that it was allowed to write to what is shared now",
	.panics = "page fault: writing 0x40000000")
{
	begin();
	map(space, BASE, 4 * P, RW);
	tlb_load(&space->pagetable);
	fault(space, BASE, PROT_WRITE);
	user_store(BASE, 1);
	clone = clone_of(space);
	user_store(BASE, 2);
	KT_EQ(*word_at(clone, BASE), 1);
}
