/*
 * The kernel's half of test_fault.py: spaces, and lines that say what to do with
 * them. Spaces have numbers; a and b are objects of 8 pages; rights and kind are
 * written as in /proc/PID/maps, "rw-p" or "r-xs".
 *
 *   space S, clone S T, destroy S            T is to be a clone of S
 *   map S ADDRESS PAGES RIGHTS FROM          FROM: "-", or "a3" for an object from its page 3 on
 *   unmap S ADDRESS PAGES
 *   protect S ADDRESS PAGES RIGHTS
 *   read S ADDRESS, write S ADDRESS VALUE, run S ADDRESS     a fault, and what comes after it
 *   look S ADDRESS                           no fault: what the page tables say
 *   put OBJECT PAGE VALUE OFFSET             write to an object's page from its side
 *   error OBJECT NUMBER                      what get_page returns from now on
 *   hold, give                               take all blocks of 2 MiB, and give them back
 *   count                                    frames of anonymous memory, and objects' pages
 *
 * "fail 2 " in front of a line lets its second allocation fail. A reply is "-" for what is not
 * there, or: the result, whether an allocation was made to fail, pages resident, and of an address
 * that is mapped its level (1 or 2), rights (1 r, 2 w, 4 x), the word that the page holds, and the
 * one that the processor sees.
 */
#include "lab2-memory/tests/probe_words.h"
#include "lab2-memory/tests/spaces.h"

#define SPACES 8

static struct vm_space *spaces[SPACES];
static struct thing things[2];
static struct list held;
static const char *word[PROBE_WORDS];

static bool is(const char *verb)
{
	return !strcmp(word[0], verb);
}

static uint64_t number(unsigned i)
{
	return probe_number(word[i], UINT64_MAX);
}

static struct vm_space **space_slot(unsigned i)
{
	return &spaces[probe_number(word[i], SPACES)];
}

static struct thing *thing_of(char name)
{
	KT_REQUIRE(name == 'a' || name == 'b');
	return &things[name - 'a'];
}

static int protection(const char *rights)
{
	return (rights[0] == 'r' ? PROT_READ : 0) | (rights[1] == 'w' ? PROT_WRITE : 0) |
	       (rights[2] == 'x' ? PROT_EXEC : 0);
}

/* --- spaces and regions --------------------------------------------------------------- */

/* The processor's tables are those of the space whose memory was used last. */
static void load(struct vm_space *space)
{
	struct pagetable *table = space ? &space->pagetable : &kernel_pagetable;

	if (tlb_loaded() != table)
		tlb_load(table);
}

static int make_space(struct vm_space **slot, struct vm_space *like)
{
	KT_REQUIRE(!*slot);
	*slot = like ? vm_clone(like) : vm_space_create();
	return *slot ? 0 : -ENOMEM;
}

static int destroy(struct vm_space **slot)
{
	if (tlb_loaded() == &(*slot)->pagetable)
		load(NULL);
	vm_space_destroy(*slot);
	*slot = NULL;
	return 0;
}

static int map_region(struct vm_space *space)
{
	int flags = MAP_FIXED | (word[4][3] == 's' ? MAP_SHARED : MAP_PRIVATE);
	struct vm_object *object = NULL;
	uint64_t first = 0;

	if (*word[5] != '-') {
		object = &thing_of(*word[5])->object;
		first = probe_number(word[5] + 1, 100);
	}
	return vm_map(space, number(2), number(3) * P, protection(word[4]), flags, object,
		       first * P) < 0
		       ? -ENOMEM
		       : 0;
}

static int64_t on_space(struct vm_space **slot)
{
	if (is("space"))
		return make_space(slot, NULL);
	if (is("clone"))
		return make_space(space_slot(2), *slot);
	if (is("destroy"))
		return destroy(slot);
	if (is("map"))
		return map_region(*slot);
	if (is("unmap"))
		return vm_unmap(*slot, number(2), number(3) * P);
	if (is("protect"))
		return vm_protect(*slot, number(2), number(3) * P, protection(word[4]));
	if (is("read"))
		return vm_fault(*slot, number(2), PROT_READ);
	if (is("write"))
		return vm_fault(*slot, number(2), PROT_WRITE);
	if (is("run"))
		return vm_fault(*slot, number(2), PROT_EXEC);
	KT_REQUIRE(is("look"));
	return 0;
}

/* --- memory --------------------------------------------------------------------------- */

/* What is mapped there. What was resolved is done then, if the page allows it, as a user would. */
static void say_memory(struct vm_space *space, bool resolved)
{
	uint64_t address = number(2);
	struct mapping mapping = look(space, address);
	uint64_t seen;

	if (!mapping.entry)
		return;
	load(space);
	seen = mapping.user ? user_load(address) : 0;
	probe_say(mapping.level + 1);
	probe_say(!mapping.user ? 0u : 1u | mapping.write << 1 | mapping.execute << 2);
	probe_say(mapping.user ? *word_at(space, address) : 0);
	probe_say(seen);
	if (is("write") && resolved && mapping.user && mapping.write) {
		user_forget(address);
		user_store(address, number(3));
	}
}

/* How many frames belong to spaces. */
static uint64_t anonymous_frames(void)
{
	uint64_t frames = 0;

	for (struct page *page = page_array; page < page_array + page_frames; page++)
		if (page->state == PAGE_USED && page->owner == &vm_anonymous)
			frames += 1ul << page->order;
	return frames;
}

static void say_counts(void)
{
	probe_say(anonymous_frames());
	for (size_t i = 0; i < 2; i++) {
		probe_say(things[i].told);
		for (size_t j = 0; j < THING_PAGES; j++)
			probe_say(page_count(things[i].page[j]));
	}
}

/* Those lines that are about no space; false if it is another one. */
static bool done_without_space(void)
{
	if (is("put")) {
		struct page *page = thing_of(*word[1])->page[probe_number(word[2], THING_PAGES)];

		((uint64_t *)page_address(page))[probe_number(word[4], P) / 8] = number(3);
	} else if (is("error")) {
		thing_of(*word[1])->error = -(int)number(2);
	} else if (is("hold") && list_empty(&held)) {
		hold_large(&held);
	} else if (is("give")) {
		give_back(&held);
	} else if (is("count")) {
		say_counts();
	} else {
		return is("hold");
	}
	return true;
}

/* --- lines ---------------------------------------------------------------------------- */

static void operate(char *line, uint64_t failing)
{
	struct vm_space **slot;
	int64_t result;

	probe_split(line, word);
	if (done_without_space())
		return;
	slot = space_slot(1);
	if (!*slot != is("space") || (is("clone") && *space_slot(2)))
		return;
	inject_failure(failing);
	result = on_space(slot);
	probe_say((uint64_t)(result < 0 ? -result : result));
	probe_say(failing && !inject_pending());
	inject_failure(0);
	if (is("destroy"))
		return;
	probe_say(*slot ? (*slot)->resident : 0);
	if (is("read") || is("write") || is("run") || is("look"))
		say_memory(*slot, result == VM_RESOLVED);
}

KPROBE(fault_lines)
{
	static char line[120];

	list_init(&held);
	for (size_t i = 0; i < 2; i++)
		thing_init(&things[i]);
	while (kt_input_line(line, sizeof(line))) {
		uint64_t failing = 0;

		if (!strncmp(line, "fail ", 5)) /* and a digit and a space */
			failing = line[5] - '0';
		operate(line + (failing ? 7 : 0), failing);
		probe_reply();
	}
	give_back(&held);
	for (size_t i = 0; i < SPACES; i++)
		if (spaces[i])
			destroy(&spaces[i]);
	for (size_t i = 0; i < 2; i++) {
		thing_is_unmapped(&things[i]);
		vm_object_put(&things[i].object);
	}
}
