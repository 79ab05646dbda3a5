/* Pages of 2 MiB in spaces (given code): where there are any, and how they are split and copied. */
#include "lab2-memory/tests/spaces.h"

static struct vm_space *space, *clone;

/* A space with 6 MiB of memory, and each page of the middle 2 MiB tells its number. */
static void begin(void)
{
	space = new_space();
	map(space, BASE, 3 * LARGE_PAGE, RW);
	for (uint64_t i = 512; i < 1024; i++)
		write_word(space, BASE + i * P, i);
	KT_EQ(look(space, BASE + LARGE_PAGE).level, 1);
	KT_EQ(space->resident, 512);
}

/* The numbers from first to last are still there. */
static void has_numbers(struct vm_space *in, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last; i++)
		KT_REQUIRE(read_word(in, BASE + i * P) == i);
}

KTEST(large_edges, "", "2 MiB are one page only where they lie in one region as a whole",
	.needs = "2.7")
{
	space = new_space();
	map(space, BASE + P, 2 * LARGE_PAGE - 2 * P, RW);
	write_word(space, BASE + P, 1);
	write_word(space, BASE + 2 * LARGE_PAGE - 2 * P, 1);
	KT_EQ(space->resident, 2);
	map(space, BASE + 2 * LARGE_PAGE - P, P, RW); /* merged with what is below */
	write_word(space, BASE + LARGE_PAGE, 1);
	KT_EQ(space->resident, 3); /* one was there */
	map(space, BASE, 3 * LARGE_PAGE, RW);
	KT_EQ(vm_protect(space, BASE, 5 * P, PROT_READ), 0);
	write_word(space, BASE + LARGE_PAGE - P, 1);
	KT_EQ(space->resident, 1);
	write_word(space, BASE + LARGE_PAGE, 1);
	write_word(space, BASE + 3 * LARGE_PAGE - P, 1);
	KT_EQ(space->resident, 1 + 1024);
	vm_space_destroy(space);
}

KTEST(large_shortage, "", "where there is no block of 2 MiB small pages come without a word",
	.needs = "2.7")
{
	struct list held;

	space = new_space();
	map(space, BASE, LARGE_PAGE, RW);
	hold_large(&held);
	write_word(space, BASE + 3 * P, 3);
	KT_EQ(look(space, BASE + 3 * P).level, 0);
	KT_EQ(space->resident, 1);
	give_back(&held);
	write_word(space, BASE + 4 * P, 4);
	KT_EQ(space->resident, 2); /* small ones are there */
	KT_EQ(read_word(space, BASE + 3 * P), 3);
	vm_space_destroy(space);
}

KTEST(large_not_in_vain, "", "where small pages are already, no block of 2 MiB is asked for",
	.needs = "2.7")
{
	space = new_space();
	map(space, BASE, LARGE_PAGE, RW);
	fault(space, BASE + 511 * P, PROT_READ);
	inject_failure(2);
	fault(space, BASE, PROT_WRITE);
	KT_TRUE(inject_pending()); /* there was one allocation, of the page itself */
	inject_failure(0);
	KT_EQ(space->resident, 1);
	vm_space_destroy(space);
}

KTEST(large_copy, "", "a large page that is shared is copied as a whole by who writes first",
	.needs = "2.7")
{
	struct page *page;

	begin();
	page = page_at(space, BASE + LARGE_PAGE);
	clone = clone_of(space);
	KT_EQ(page_count(page), 2);
	write_word(space, BASE + 700 * P, 1);
	KT_EQ(look(space, BASE + LARGE_PAGE).level, 1);
	KT_TRUE(page_at(space, BASE + LARGE_PAGE) != page);
	KT_EQ(page_count(page), 1);
	has_numbers(space, 512, 699);
	has_numbers(space, 701, 1023);
	write_word(clone, BASE + 701 * P, 2);
	KT_EQ(page_at(clone, BASE + LARGE_PAGE), page);
	has_numbers(clone, 512, 700);
	has_numbers(clone, 702, 1023);
	KT_EQ(space->resident, 512);
	KT_EQ(clone->resident, 512);
	vm_space_destroy(space);
	vm_space_destroy(clone);
}

KTEST(large_copy_shortage, "",
	"without a block for the copy a large page is split, and one small page is copied",
	.needs = "2.7")
{
	struct page *page;
	struct list held;

	begin();
	page = page_at(space, BASE + LARGE_PAGE);
	clone = clone_of(space);
	hold_large(&held);
	write_word(space, BASE + 700 * P, 1);
	KT_EQ(look(space, BASE + LARGE_PAGE).level, 0);
	KT_EQ(look(clone, BASE + LARGE_PAGE).level, 1);
	KT_TRUE(page_at(space, BASE + 700 * P) != page + 188);
	KT_EQ(page_at(space, BASE + 701 * P), page + 189);
	KT_EQ(page_count(page), 512);
	has_numbers(space, 701, 1023);
	has_numbers(clone, 512, 1023);
	vm_space_destroy(clone);
	write_word(space, BASE + 512 * P, 1); /* the block has 511 references, all ours */
	has_numbers(space, 513, 699);
	KT_EQ(space->resident, 512);
	vm_space_destroy(space);
	give_back(&held);
}

KTEST(large_hole, "", "a hole in a large page gives back just what lay there", .needs = "2.7")
{
	uint64_t used;

	begin();
	used = page_used_count();
	KT_EQ(vm_unmap(space, BASE + 600 * P, 100 * P), 0);
	KT_EQ(used + 1 - page_used_count(), 100); /* there is a table more */
	KT_EQ(space->resident, 412);
	KT_EQ(vm_fault(space, BASE + 650 * P, PROT_READ), VM_NO_REGION);
	has_numbers(space, 512, 599);
	has_numbers(space, 700, 1023);
	write_word(space, BASE + 599 * P + 8, 1);
	vm_space_destroy(space);
}

KTEST(large_rights, "", "part of a large page can have rights of its own, and keeps what it holds",
	.needs = "2.7")
{
	begin();
	KT_EQ(vm_protect(space, BASE + 600 * P, 100 * P, PROT_READ), 0);
	KT_EQ(vm_fault(space, BASE + 600 * P, PROT_WRITE), VM_NO_RIGHT);
	has_numbers(space, 512, 1023);
	write_word(space, BASE + 599 * P + 8, 1);
	write_word(space, BASE + 700 * P + 8, 1);
	KT_EQ(vm_protect(space, BASE + 600 * P, 100 * P, RW), 0);
	KT_EQ(space->regions.count, 1);
	for (uint64_t i = 512; i < 1024; i++)
		write_word(space, BASE + i * P + 8, 1);
	has_numbers(space, 512, 1023);
	KT_EQ(space->resident, 512);
	vm_space_destroy(space);
}

KTEST(large_shared_hole, "", "a hole in one space's large page leaves the other space's whole",
	.needs = "2.7")
{
	struct page *page;

	begin();
	page = page_at(space, BASE + LARGE_PAGE);
	clone = clone_of(space);
	KT_EQ(vm_unmap(clone, BASE + 600 * P, P), 0);
	KT_EQ(page_count(page), 512);
	has_numbers(space, 512, 1023);
	write_word(space, BASE + 800 * P, 1);
	KT_EQ(page_count(page), 511);
	vm_space_destroy(space);
	has_numbers(clone, 601, 1023);
	vm_space_destroy(clone);
}

KTEST(large_seen, "", "the processor sees large pages that were copied or split as they are now",
	.needs = "2.7")
{
	struct vm_space *other;
	struct list held;

	begin();
	tlb_load(&space->pagetable);
	clone = clone_of(space);
	KT_EQ(user_load(BASE + 700 * P), 700);
	write_word(space, BASE + 700 * P, 1);
	KT_EQ(user_load(BASE + 700 * P), 1);
	KT_EQ(*word_at(clone, BASE + 700 * P), 700);

	other = clone_of(space);
	hold_large(&held);
	KT_EQ(user_load(BASE + 701 * P), 701);
	write_word(space, BASE + 701 * P, 2);
	KT_EQ(user_load(BASE + 701 * P), 2);
	KT_EQ(user_load(BASE + 700 * P), 1);
	KT_EQ(*word_at(other, BASE + 701 * P), 701);
	tlb_load(&kernel_pagetable);
	vm_space_destroy(other);
	vm_space_destroy(clone);
	vm_space_destroy(space);
	give_back(&held);
}

/* --- the end of spaces ---------------------------------------------------------------- */

KTEST(space_destroy, "", "a space with pages of every kind all over it goes without a trace",
	.needs = "2.7")
{
	struct vm_object *shared = vm_shared_create(8 * P);

	KT_REQUIRE(shared);
	space = new_space();
	for (uint64_t at = BASE; at < VM_HIGH / 4; at *= 4) {
		map(space, at, LARGE_PAGE, RW);
		write_word(space, at, 1);
		map_object(space, at + LARGE_PAGE, 8, MAP_SHARED, shared, 0);
		write_word(space, at + LARGE_PAGE + 7 * P, 2);
		map_object(space, at + LARGE_PAGE + 8 * P, 4, MAP_PRIVATE, shared, 4);
		fault(space, at + LARGE_PAGE + 11 * P, PROT_READ);
	}
	vm_space_destroy(space);
	KT_EQ(shared->count, 1);
	vm_object_put(shared);
}

KTEST(space_objects, "", "an object lives as long as a region of it, in whichever space",
	.needs = "2.7")
{
	struct vm_object *shared = vm_shared_create(8 * P);

	KT_REQUIRE(shared);
	space = new_space();
	map_object(space, BASE, 8, MAP_SHARED, shared, 0);
	vm_object_put(shared);
	write_word(space, BASE + 2 * P, 1);
	clone = clone_of(space);
	KT_EQ(shared->count, 2);
	vm_space_destroy(space);
	KT_EQ(vm_unmap(clone, BASE, 2 * P), 0);
	KT_EQ(vm_unmap(clone, BASE + 4 * P, 2 * P), 0);
	KT_EQ(shared->count, 2);
	KT_EQ(read_word(clone, BASE + 2 * P), 1);
	vm_space_destroy(clone);
}
