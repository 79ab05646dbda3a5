/*
 * What the tests of page faults and clones share: a short way to map, what the
 * page tables say, memory as a user's program would see it, and an object.
 */
#pragma once
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/slab/slab.h"
#include "lab2-memory/vm/space.h"

#define BASE 0x40000000ul /* where a large page can begin */
#define RW   (PROT_READ | PROT_WRITE)
#define P    PAGE_SIZE

static inline struct vm_space *new_space(void)
{
	struct vm_space *space = vm_space_create();

	KT_REQUIRE(space);
	return space;
}

static inline struct vm_space *clone_of(struct vm_space *space)
{
	struct vm_space *clone = vm_clone(space);

	KT_REQUIRE(clone);
	return clone;
}

/* So many bytes of private anonymous memory there. */
static inline void map(struct vm_space *space, uint64_t address, size_t bytes, int protection)
{
	int flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;

	KT_REQUIRE(vm_map(space, address, bytes, protection, flags, NULL, 0) == (int64_t)address);
}

/* So many pages of an object there, from that page of it on. */
static inline void map_object(struct vm_space *space, uint64_t address, size_t pages, int kind,
	struct vm_object *object, uint64_t index)
{
	KT_REQUIRE(vm_map(space, address, pages * P, RW, MAP_FIXED | kind, object, index * P) ==
		   (int64_t)address);
}

/* A page table's entry, in words; all zero where nothing is mapped. */
static inline struct mapping look(struct vm_space *space, uint64_t address)
{
	struct mapping mapping;

	if (!pagetable_query(&space->pagetable, address, &mapping))
		mapping = (struct mapping){ 0 };
	return mapping;
}

/* The page mapped there; something is. */
static inline struct page *page_at(struct vm_space *space, uint64_t address)
{
	struct mapping mapping = look(space, address);

	KT_REQUIRE(mapping.entry);
	return page_of_phys(mapping.physical);
}

/* The word that the page tables lead to. */
static inline uint64_t *word_at(struct vm_space *space, uint64_t address)
{
	return (uint64_t *)((char *)page_address(page_at(space, address)) + address % P);
}

/* Fault, and be sure that the access may go on: the word that it finds. A failure tells the line.
 */
static inline uint64_t *fault_from(
	struct vm_space *space, uint64_t address, int access, const char *file, int line)
{
	struct mapping mapping;

	if (vm_fault(space, address, access) != VM_RESOLVED)
		kt_stop("vm_fault says VM_RESOLVED", file, line);
	mapping = look(space, address);
	if (!mapping.user || (access == PROT_WRITE && !mapping.write) ||
		(access == PROT_EXEC && !mapping.execute))
		kt_stop("what is resolved is mapped, and allows the access", file, line);
	return word_at(space, address & -sizeof(uint64_t));
}
#define fault(space, address, access) ((void)fault_from(space, address, access, __FILE__, __LINE__))
#define read_word(space, address)     (*fault_from(space, address, PROT_READ, __FILE__, __LINE__))
#define write_word(space, address, value)                                                          \
	((void)(*fault_from(space, address, PROT_WRITE, __FILE__, __LINE__) = (value)))

/*
 * The processor's own view of the tables that are loaded: a user's memory, with SMAP lifted. Where
 * an entry has only gained rights, call user_forget before user_store: nobody has to flush then,
 * since a fault makes the processor look again, and here there is none.
 */
static inline void user_forget(uint64_t address)
{
	asm volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline uint64_t user_load(uint64_t address)
{
	bool smap = read_cr4() & CR4_SMAP;
	uint64_t value;

	if (smap)
		asm volatile("stac" : : : "memory");
	value = *(volatile uint64_t *)address;
	if (smap)
		asm volatile("clac" : : : "memory");
	return value;
}

static inline void user_store(uint64_t address, uint64_t value)
{
	bool smap = read_cr4() & CR4_SMAP;

	if (smap)
		asm volatile("stac" : : : "memory");
	*(volatile uint64_t *)address = value;
	if (smap)
		asm volatile("clac" : : : "memory");
}

/* --- memory that is short ---------------------------------------------------------------- */

/* hold_large: take all blocks of 2 MiB and more, and give 511 pages back, which are no such block.
 */
static inline void hold_large(struct list *held)
{
	struct page *page;
	size_t pages;

	list_init(held);
	for (unsigned order = PAGE_ORDER_MAX; order >= 9; order--)
		while ((page = page_alloc(order, PAGE_NOWAIT)))
			list_push_back(held, &page->link);
	KT_REQUIRE(!list_empty(held));
	page = list_entry(held->prev, struct page, link);
	pages = 1ul << page->order;
	page_break(page);
	for (size_t i = 1; i < 512; i++)
		page_free(page + i);
	for (size_t i = 512; i < pages; i++)
		list_push_back(held, &page[i].link);
}

static inline void give_back(struct list *held)
{
	while (!list_empty(held)) {
		struct list *link = held->next;

		list_remove(link);
		page_free(list_entry(link, struct page, link));
	}
}

/* --- an object ------------------------------------------------------------------------ */

#define THING_PAGES 8

/* Pages that it has from the beginning, and what it was asked. */
struct thing {
	struct vm_object object;
	struct page *page[THING_PAGES];
	int error;       /* says this instead, if it is not 0 */
	unsigned writes; /* how often it was told of one */
	uint64_t told;   /* and for which pages, a bit each */
	uint64_t index;  /* that it was asked for last */
	bool write;
	void (*meanwhile)(struct page *page); /* what another processor does, once */
};

static inline int thing_get_page(
	struct vm_object *object, uint64_t index, bool write, struct page **page)
{
	struct thing *thing = (struct thing *)object;
	void (*meanwhile)(struct page * page) = thing->meanwhile;

	thing->writes += write;
	thing->index = index;
	thing->write = write;
	if (index >= THING_PAGES)
		return -ENXIO;
	if (thing->error)
		return thing->error;
	thing->told |= (uint64_t)write << index;
	*page = thing->page[index];
	page_get(*page);
	thing->meanwhile = NULL;
	if (meanwhile)
		meanwhile(*page);
	return 0;
}

static inline void thing_destroy(struct vm_object *object)
{
	struct thing *thing = (struct thing *)object;

	for (size_t i = 0; i < THING_PAGES; i++)
		page_free(thing->page[i]); /* nobody else has it */
}

/* A thing whose page i begins with the word 100 + i, and is zero else. */
static inline void thing_init(struct thing *thing)
{
	static const struct vm_object_ops ops = { thing_get_page, thing_destroy };

	*thing = (struct thing){ 0 };
	vm_object_init(&thing->object, &ops);
	for (size_t i = 0; i < THING_PAGES; i++) {
		thing->page[i] = page_alloc(0, PAGE_ZERO);
		KT_REQUIRE(thing->page[i]);
		*(uint64_t *)page_address(thing->page[i]) = 100 + i;
	}
}

/* Nobody but us has a page of it: nothing of it is mapped. */
static inline void thing_is_unmapped(const struct thing *thing)
{
	for (size_t i = 0; i < THING_PAGES; i++)
		KT_EQ(page_count(thing->page[i]), 1);
}
