/*
 * Running out of memory: everything that lab 2 offers, with each allocation
 * failing in turn, and on a machine where nothing is left at all. Whatever fails
 * says so, and when all is undone nothing is missing.
 */
#include "lab2-memory/notes/notes.h"
#include "lab2-memory/page/shrinker.h"
#include "lab2-memory/pagetable/areas.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab2-memory/tests/spaces.h"

#define FIXED (MAP_FIXED | MAP_PRIVATE)

/* --- each allocation in turn ---------------------------------------------------------- */

/* The whole of it with small pages, and objects of both kinds. What fails is passed over. */
static void use_small_pages(struct vm_space *space)
{
	struct vm_object *shared = vm_shared_create(8 * P);
	struct vm_space *clone;

	vm_map(space, BASE, 8 * P, RW, FIXED, NULL, 0);
	vm_map(space, 2 * BASE, 4 * P, RW, MAP_FIXED | MAP_SHARED, NULL, 0);
	if (shared) {
		vm_map(space, 4 * BASE, 4 * P, RW, MAP_FIXED | MAP_SHARED, shared, 4 * P);
		vm_map(space, 4 * BASE + 4 * P, 4 * P, RW, FIXED, shared, 0);
		vm_object_put(shared);
	}
	for (uint64_t at = 0; at < 8 * P; at += P) {
		vm_fault(space, BASE + at, at % (2 * P) ? PROT_WRITE : PROT_READ);
		vm_fault(space, 2 * BASE + at, PROT_WRITE);
		vm_fault(space, 4 * BASE + at, PROT_READ);
	}
	clone = vm_clone(space);
	vm_protect(space, BASE + P, 3 * P, PROT_READ);
	vm_unmap(space, BASE + 5 * P, P);
	vm_map(space, BASE + 3 * P, 3 * P, RW, FIXED, NULL, 0);
	for (uint64_t at = 0; at < 8 * P; at += P) {
		vm_fault(space, BASE + at, PROT_WRITE);
		vm_fault(space, 4 * BASE + at, PROT_WRITE);
	}
	if (clone)
		vm_space_destroy(clone);
}

/* A large page that is made, shared, split, copied as a whole, and given a hole. */
static void use_large_pages(struct vm_space *space)
{
	struct vm_space *clone;

	vm_map(space, BASE, LARGE_PAGE, RW, FIXED, NULL, 0);
	vm_fault(space, BASE + P, PROT_WRITE);
	clone = vm_clone(space);
	if (!clone)
		return;
	vm_protect(clone, BASE + 5 * P, 3 * P, PROT_READ);
	vm_fault(clone, BASE + 6 * P, PROT_READ);
	vm_fault(clone, BASE + 8 * P, PROT_WRITE);
	vm_fault(space, BASE + 8 * P, PROT_WRITE);
	vm_unmap(space, BASE + 9 * P, 2 * P);
	vm_space_destroy(clone);
}

static void with_space(void (*use)(struct vm_space *space))
{
	struct vm_space *space = vm_space_create();

	if (!space)
		return;
	use(space);
	vm_space_destroy(space);
}

static void small_pages(void)
{
	with_space(use_small_pages);
}

static void large_pages(void)
{
	with_space(use_large_pages);
}

static void heap(void)
{
	char *memory = kmalloc(100, 0), *more;
	void *area = area_alloc(5 * P);

	more = krealloc(memory, 9000, PAGE_ZERO);
	kfree(more ? more : memory);
	kfree(kmalloc(100000, PAGE_NOWAIT));
	area_free(area);
	note_set("first", "text");
	note_append("first", " and more");
	note_copy("first", "second");
	note_append("second", "!");
	note_set("first", "another");
	notes_clear();
}

static void drain(void)
{
	slab_drain();
	page_drain();
}

/* Do something again and again, each time with another allocation failing: at least so many. */
static void in_turn(void (*something)(void), uint64_t least)
{
	uint64_t pages, objects, count = 0;
	bool all = false;

	something(); /* what is made only once is there then */
	drain();
	pages = page_used_count();
	objects = slab_used();
	while (!all) {
		inject_failure(++count);
		something();
		all = inject_pending();
		inject_failure(0);
		drain();
		if (page_used_count() != pages || slab_used() != objects)
			KT_EQ(count, 0); /* tells which one */
	}
	KT_TRUE(count > least);
	KT_EQ(page_used_count(), pages);
	KT_EQ(slab_used(), objects);
}

KTEST(exhaustion_spaces, "", "whichever allocation of spaces and objects fails, nothing is lost",
	.needs = "2.7", .limit = 5)
{
	in_turn(small_pages, 40);
}

KTEST(exhaustion_large, "", "whichever allocation around large pages fails, nothing is lost",
	.needs = "2.7", .limit = 10)
{
	in_turn(large_pages, 8);
}

KTEST(exhaustion_heap, "",
	"whichever allocation of the heap, areas or notes fails, nothing is lost",
	.needs = "2.1 2.2 2.3 2.4 2.5 2.8", .limit = 5)
{
	in_turn(heap, 12);
}

/* --- nothing is left ------------------------------------------------------------------ */

/* Pages that a shrinker may give back; there are none unless a test puts them here. */
static struct list spare;
static uint64_t spares;

static uint64_t give_spares(uint64_t pages)
{
	uint64_t given = 0;

	for (; given < pages && spares > 0; given++, spares--) {
		struct list *link = spare.next;

		list_remove(link);
		page_free(list_entry(link, struct page, link));
	}
	return given;
}
SHRINKER("2z", give_spares);

static void take_rest(struct list *taken)
{
	struct page *page;

	for (unsigned order = PAGE_ORDERS; order-- > 0;)
		while ((page = page_alloc(order, PAGE_NOWAIT)))
			list_push_back(taken, &page->link);
}

/* Take all memory there is; so many pages of it are spare. */
static void take_all(struct list *taken, uint64_t its_spares)
{
	struct page *page;

	drain();
	list_init(taken);
	list_init(&spare);
	while (spares < its_spares && (page = page_alloc(0, PAGE_NOWAIT))) {
		list_push_back(&spare, &page->link);
		spares++;
	}
	take_rest(taken);
}

KTEST(exhaustion_spares, "", "a fault gets what it needs from the shrinkers, tables included",
	.needs = "2.7", .limit = 10)
{
	struct vm_space *space = new_space();
	struct list taken;

	map(space, BASE, 8 * P, RW);
	map(space, 512 * BASE, 8 * P, RW);
	take_all(&taken, 5);
	KT_EQ(vm_fault(space, BASE, PROT_READ), VM_RESOLVED); /* takes three tables */
	KT_EQ(spares, 2);
	KT_EQ(vm_fault(space, BASE, PROT_WRITE), VM_RESOLVED);
	KT_EQ(spares, 1);
	KT_EQ(vm_fault(space, BASE + P, PROT_WRITE), VM_RESOLVED);
	KT_EQ(spares, 0);
	KT_EQ(vm_fault(space, BASE + 2 * P, PROT_WRITE), VM_NO_MEMORY);
	KT_EQ(vm_fault(space, BASE + 2 * P, PROT_READ), VM_RESOLVED); /* that takes none */
	KT_EQ(vm_fault(space, 512 * BASE, PROT_READ), VM_NO_MEMORY);
	KT_EQ(space->resident, 2);
	give_back(&taken);
	KT_EQ(vm_fault(space, BASE + 2 * P, PROT_WRITE), VM_RESOLVED);
	KT_EQ(vm_fault(space, 512 * BASE, PROT_READ), VM_RESOLVED);
	KT_EQ(space->resident, 3);
	vm_space_destroy(space);
}

/* The objects that these calls take are there, so that it is tables that there is no page for. */
KTEST(exhaustion_spares_calls, "",
	"clones, splits and areas get their page tables from the shrinkers, too", .needs = "2.7",
	.limit = 10)
{
	struct vm_space *space = new_space(), *clone;
	void *first = area_alloc(P), *area;
	struct list taken;

	KT_REQUIRE(first);
	map(space, BASE, LARGE_PAGE, RW);
	map(space, 512 * BASE, 8 * P, RW);
	write_word(space, BASE + 8 * P, 1);
	write_word(space, 512 * BASE, 2);
	take_all(&taken, 700);
	clone = vm_clone(space);
	KT_REQUIRE(clone);
	KT_TRUE(spares < 700 && spares >= 690);
	take_rest(&taken);
	KT_EQ(vm_unmap(space, BASE + 7 * P, P), 0);
	take_rest(&taken);
	KT_EQ(vm_protect(clone, BASE, 7 * P, PROT_READ), 0);
	take_rest(&taken);
	area = area_alloc(600 * P); /* more than a table maps */
	KT_TRUE(area);
	KT_EQ(read_word(clone, BASE + 8 * P), 1);
	KT_EQ(read_word(clone, 512 * BASE), 2);
	area_free(area);
	area_free(first);
	vm_space_destroy(clone);
	vm_space_destroy(space);
	give_back(&taken);
	give_back(&spare);
	spares = 0;
}

/* --- for test_exhaustion.py ----------------------------------------------------------- */

static void reply(uint64_t result)
{
	kt_reply_hex(&result, sizeof(result));
}

/* Everything once, with what each call comes to as a reply. */
static void call_all(struct vm_space *space)
{
	struct vm_space *other = vm_space_create(), *clone = vm_clone(space);
	void *block = kmalloc(100000, 0), *area = area_alloc(5 * P);
	struct page *page = page_alloc(0, 0);

	reply(other != NULL);
	reply(clone != NULL);
	reply(block != NULL);
	reply(area != NULL);
	reply(page != NULL);
	reply((uint64_t)vm_fault(space, BASE + P, PROT_READ)); /* mapped, and large */
	reply((uint64_t)vm_fault(space, BASE + P, PROT_WRITE));
	reply((uint64_t)vm_fault(space, 2 * BASE, PROT_READ));
	reply((uint64_t)vm_fault(space, 2 * BASE, PROT_WRITE));
	reply((uint64_t)vm_fault(space, 4 * BASE, PROT_WRITE));      /* shared */
	reply((uint64_t)-vm_protect(space, BASE + P, P, PROT_READ)); /* has to split */
	reply((uint64_t)-vm_protect(space, BASE, LARGE_PAGE, RW));   /* has not */
	reply((uint64_t)-vm_unmap(space, BASE + 7 * P, P));
	reply((uint64_t)-note_set("name", "text"));
	notes_clear();
	if (page)
		page_free(page);
	area_free(area);
	kfree(block);
	if (clone)
		vm_space_destroy(clone);
	if (other)
		vm_space_destroy(other);
}

/* The calls of call_all with nothing left, and again when all is back; pages lost in between. */
KPROBE(exhaustion_calls)
{
	struct vm_space *space = new_space();
	struct list taken;
	uint64_t pages;

	map(space, BASE, LARGE_PAGE, RW);
	map(space, 2 * BASE, 4 * P, RW);
	KT_REQUIRE(vm_map(space, 4 * BASE, 4 * P, RW, MAP_FIXED | MAP_SHARED, NULL, 0) > 0);
	write_word(space, BASE + 3 * P, 1);
	drain();
	pages = page_used_count();
	take_all(&taken, 0);
	call_all(space);
	give_back(&taken);
	drain();
	reply(page_used_count() - pages);
	call_all(space);
	reply(read_word(space, BASE + 3 * P));
	vm_space_destroy(space);
}
