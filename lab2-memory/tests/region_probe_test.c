/*
 * The kernel's half of test_regions.py: a space, and lines that say what to do with it.
 *
 *   map ADDRESS PAGES PROT KIND PLACE OBJECT OFFSET   "map 0x10000 3 rw- private fixed a 5"
 *   unmap ADDRESS PAGES
 *   protect ADDRESS PAGES PROT
 *   touch ADDRESS NUMBER    put a page with a number there, as vm_fault would
 *   large ADDRESS NUMBER    the same with 2 MiB, where the region has room for them
 *   gap BYTES ALIGN         vm_find_gap
 *   list                    all regions
 *
 * "fail 2 " in front of a line lets its second allocation fail.
 *
 * Each is replied to with one line: the result, whether an allocation was made to fail, counts, and
 * the regions and pages in the range of the operation and one page more on both sides. All numbers
 * are hexadecimal, and addresses and sizes are in pages.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/number.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/vm/space.h"

#define WORDS  8
#define LOOKED 10 /* pages shown at each end of a range */

static struct vm_space *space;
static struct vm_object object[3]; /* a, b, c */

/* --- what is said --------------------------------------------------------------------- */

static char reply[16384], *reply_end;

static void say(const char *text)
{
	size_t length = strlen(text);

	KT_REQUIRE((size_t)(reply_end - reply) + length < sizeof(reply));
	memcpy(reply_end, text, length + 1);
	reply_end += length;
}

/* In hexadecimal, without 0x. */
static void say_number(const char *before, uint64_t number)
{
	char digits[17], *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do
		*--at = "0123456789abcdef"[number % 16];
	while (number /= 16);
	say(before);
	say(at);
}

static void say_rights(bool read, bool write, bool execute)
{
	say(read ? " r" : " -");
	say(write ? "w" : "-");
	say(execute ? "x" : "-");
}

static void say_object(const struct vm_object *it)
{
	static const char *const names[] = { " a", " b", " c" };

	if (!it)
		say(" -");
	else if (it >= object && it < object + 3)
		say(names[it - object]);
	else
		say_number(" @", (uint64_t)it);
}

static void say_region(const struct vm_region *region)
{
	say_number("|", region->range.start / PAGE_SIZE);
	say_number(" ", region->range.end / PAGE_SIZE);
	say_rights(region->protection & PROT_READ, region->protection & PROT_WRITE,
		region->protection & PROT_EXEC);
	say(region->shared ? " shared" : " private");
	say_object(region->object);
	say_number(" ", region->object ? region->offset / PAGE_SIZE : 0);
}

/* What the page tables have there: whether a large page, its number, and what it allows. */
static void say_page(uint64_t address)
{
	struct mapping mapping;

	if (!pagetable_query(&space->pagetable, address, &mapping))
		return;
	say_number(mapping.level ? "|large " : "|page ", address / PAGE_SIZE);
	say_number(" ", *(uint64_t *)phys_to_virt(mapping.physical & -PAGE_SIZE));
	say_rights(mapping.user, mapping.user && mapping.write, mapping.user && mapping.execute);
}

/* Everything's counts, and the regions in [start, end). */
static void say_regions(uint64_t start, uint64_t end)
{
	say_number(" ", space->regions.count);
	say_number(" ", space->mapped / PAGE_SIZE);
	say_number(" ", space->resident);
	for (size_t i = 0; i < 3; i++)
		say_number(" ", object[i].count);
	for (struct range *at = range_from(&space->regions, start); at && at->start < end;
		at = range_next(at))
		say_region((struct vm_region *)at);
}

/* The pages at both ends of [start, end). */
static void say_pages(uint64_t start, uint64_t end)
{
	uint64_t pages = (end - start) / PAGE_SIZE;

	for (uint64_t i = 0; i < pages; i++)
		if (i < LOOKED || pages - i <= LOOKED)
			say_page(start + i * PAGE_SIZE);
}

/* --- what is done --------------------------------------------------------------------- */

static const char *word[WORDS];

static bool is(size_t i, const char *text)
{
	return !strcmp(word[i], text);
}

static uint64_t number(size_t i)
{
	uint64_t found = 0;

	KT_REQUIRE(number_parse(word[i], strlen(word[i]), &found));
	return found;
}

static int protection(const char *rights)
{
	return (rights[0] == 'r' ? PROT_READ : 0) | (rights[1] == 'w' ? PROT_WRITE : 0) |
	       (rights[2] == 'x' ? PROT_EXEC : 0);
}

static int64_t do_map(void)
{
	int flags = is(4, "shared") ? MAP_SHARED : MAP_PRIVATE;

	if (is(5, "fixed"))
		flags |= MAP_FIXED;
	else if (is(5, "noreplace"))
		flags |= MAP_FIXED_NOREPLACE;
	return vm_map(space, number(1), number(2) * PAGE_SIZE, protection(word[3]), flags,
		is(6, "-") ? NULL : &object[*word[6] - 'a'], number(7) * PAGE_SIZE);
}

/* Whether the page tables may get a page of so many bytes there: private memory, none there yet. */
static bool may_touch(uint64_t address, uint64_t bytes, struct vm_region **region)
{
	struct mapping mapping;

	rwlock_read(&space->lock);
	*region = vm_region_at(space, address);
	rwlock_read_done(&space->lock);
	if (!*region || (*region)->object || (*region)->range.end - address < bytes)
		return false;
	for (uint64_t at = address; at < address + bytes; at += PAGE_SIZE)
		if (pagetable_query(&space->pagetable, at, &mapping))
			return false;
	return true;
}

/* 0, or what keeps the page from being there. The small pages of a large one count on. */
static int64_t touch(uint64_t address, uint64_t its_number, unsigned order)
{
	uint64_t bytes = PAGE_SIZE << order;
	struct vm_region *region;
	struct page *page;
	int error;

	if (!may_touch(address, bytes, &region))
		return -EEXIST;
	page = vm_page_new(order, 0);
	if (!page)
		return -ENOMEM;
	for (uint64_t i = 0; i < 1ul << order; i++)
		*(uint64_t *)page_address(page + i) = its_number + i;
	error = vm_pages_map(space, address, page, bytes, vm_pte_rights(region));
	if (error)
		page_put(page);
	return error;
}

static int64_t do_it(void)
{
	if (is(0, "map"))
		return do_map();
	if (is(0, "unmap"))
		return vm_unmap(space, number(1), number(2) * PAGE_SIZE);
	if (is(0, "protect"))
		return vm_protect(space, number(1), number(2) * PAGE_SIZE, protection(word[3]));
	if (is(0, "touch"))
		return touch(number(1), number(2), 0);
	if (is(0, "large"))
		return touch(number(1), number(2), 9);
	KT_REQUIRE(is(0, "gap"));
	return (int64_t)vm_find_gap(space, number(1), number(2));
}

/* --- lines ---------------------------------------------------------------------------- */

/* Cut a line into words; those that are missing are empty. */
static void split(char *line)
{
	for (size_t i = 0; i < WORDS; i++) {
		char *end = strchr(line, ' ');

		word[i] = line;
		line = end ? end + 1 : line + strlen(line);
		if (end)
			*end = '\0';
	}
}

static void say_result(int64_t result, bool failed)
{
	reply_end = reply;
	say_number(result < 0 ? "-" : "", (uint64_t)(result < 0 ? -result : result));
	say(failed ? " failed" : " done");
}

/* Do what a line says, while so many allocations succeed, and reply. */
static void operate(char *line, uint64_t failing)
{
	int64_t result;
	uint64_t start, end;

	split(line);
	if (is(0, "list")) {
		say_result(0, false);
		say_regions(0, USER_END);
		return;
	}
	inject_failure(failing);
	result = do_it();
	say_result(result, failing && !inject_pending());
	inject_failure(0);
	if (is(0, "gap"))
		return;
	start = is(0, "map") && result > 0 ? (uint64_t)result : number(1);
	end = start + (is(0, "touch") || is(0, "large") ? 1 : number(2)) * PAGE_SIZE;
	say_regions(start - PAGE_SIZE, end + PAGE_SIZE);
	say_pages(start - PAGE_SIZE, end + PAGE_SIZE);
}

static void no_destroy(struct vm_object *it)
{
	KT_TRUE(it && !"the last reference to an object was put");
}

KPROBE(region_lines)
{
	static const struct vm_object_ops ops = { .destroy = no_destroy };
	static char line[120];

	for (size_t i = 0; i < 3; i++)
		vm_object_init(&object[i], &ops);
	space = vm_space_create();
	KT_REQUIRE(space);
	while (kt_input_line(line, sizeof(line))) {
		uint64_t failing = 0;

		if (!strncmp(line, "fail ", 5)) /* and a digit and a space */
			failing = line[5] - '0';
		operate(line + (failing ? 7 : 0), failing);
		kt_reply(reply);
	}
	vm_space_destroy(space);
	for (size_t i = 0; i < 3; i++)
		KT_EQ(object[i].count, 1);
}
