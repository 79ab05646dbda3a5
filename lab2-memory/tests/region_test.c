/*
 * Exercise 2.6 from inside: splitting, merging, cutting and clearing, each by
 * itself, and the corners of what is built on them. test_regions.py sends random
 * operations and compares with a model.
 */
#include "lab1-boot/ktest/ktest.h"
#include "lab2-memory/page/inject.h"
#include "lab2-memory/vm/space.h"

#define BASE  0x40000000ul
#define RW    (PROT_READ | PROT_WRITE)
#define R     PROT_READ
#define FIXED (MAP_FIXED | MAP_PRIVATE)
#define P     PAGE_SIZE

static struct vm_space *space;
static struct vm_object object[2];

/* A region as it should be, in pages from BASE. */
struct wanted {
	uint64_t start, end;
	int protection;
	struct vm_object *object;
	uint64_t offset; /* in pages */
	bool shared;
};
#define ANONYMOUS(start, end, protection)                                                          \
	{                                                                                          \
		start, end, protection, NULL, 0, false                                             \
	}

/* The objects are ours: nobody puts the last reference. */
static void no_destroy(struct vm_object *it)
{
	KT_TRUE(it && !"the last reference to an object was put");
}

static void begin(void)
{
	static const struct vm_object_ops ops = { .destroy = no_destroy };

	space = vm_space_create();
	KT_REQUIRE(space);
	vm_object_init(&object[0], &ops);
	vm_object_init(&object[1], &ops);
}

/* Everything goes, and with it all references to the objects. */
static void end(void)
{
	vm_space_destroy(space);
	KT_EQ(object[0].count, 1);
	KT_EQ(object[1].count, 1);
}

/* A region put there by hand. */
static struct vm_region *put(struct wanted it)
{
	struct vm_region *region = vm_region_new();

	KT_REQUIRE(region);
	region->range.start = BASE + it.start * P;
	region->range.end = BASE + it.end * P;
	region->protection = it.protection;
	region->shared = it.shared;
	region->object = it.object;
	region->offset = it.offset * P;
	if (it.object)
		vm_object_get(it.object);
	rwlock_write(&space->lock);
	vm_region_insert(space, region);
	rwlock_write_done(&space->lock);
	return region;
}

/* The space has these regions, and nothing else. */
static void expect(const struct wanted *wanted, size_t count)
{
	struct vm_region *region = (struct vm_region *)range_first(&space->regions);
	uint64_t mapped = 0;
	uint32_t references[2] = { 1, 1 };

	KT_EQ(space->regions.count, count);
	for (size_t i = 0; i < count; i++, region = vm_region_next(region)) {
		KT_REQUIRE(region);
		KT_EQ(region->range.start, BASE + wanted[i].start * P);
		KT_EQ(region->range.end, BASE + wanted[i].end * P);
		KT_EQ(region->protection, wanted[i].protection);
		KT_EQ(region->shared, wanted[i].shared);
		KT_EQ(region->object, wanted[i].object);
		if (wanted[i].object) {
			KT_EQ(region->offset, wanted[i].offset * P);
			references[wanted[i].object - object]++;
		}
		mapped += (wanted[i].end - wanted[i].start) * P;
	}
	KT_EQ(space->mapped, mapped);
	KT_EQ(object[0].count, references[0]);
	KT_EQ(object[1].count, references[1]);
}
#define EXPECT(...)                                                                                \
	expect((const struct wanted[]){ __VA_ARGS__ },                                             \
		sizeof((const struct wanted[]){ __VA_ARGS__ }) / sizeof(struct wanted))

static struct vm_region *split(struct vm_region *region, uint64_t page)
{
	struct vm_region *upper;

	rwlock_write(&space->lock);
	upper = vm_region_split(space, region, BASE + page * P);
	rwlock_write_done(&space->lock);
	return upper;
}

static void merge(uint64_t page)
{
	rwlock_write(&space->lock);
	vm_region_merge(space, BASE + page * P);
	rwlock_write_done(&space->lock);
}

static int cut(uint64_t start, uint64_t end)
{
	int error;

	rwlock_write(&space->lock);
	error = vm_region_cut(space, BASE + start * P, BASE + end * P);
	rwlock_write_done(&space->lock);
	return error;
}

static int clear(uint64_t start, uint64_t end)
{
	int error;

	rwlock_write(&space->lock);
	error = vm_region_clear(space, BASE + start * P, BASE + end * P);
	rwlock_write_done(&space->lock);
	return error;
}

/* --- one by one ----------------------------------------------------------------------- */

KTEST(region_split, "2.6",
	"a region split in two says the same as before, and both hold the object")
{
	struct vm_region *lower, *upper;

	begin();
	lower = put((struct wanted){ 0, 10, R, &object[0], 3, true });
	upper = split(lower, 4);
	KT_REQUIRE(upper && upper != lower);
	KT_EQ(upper->range.start, BASE + 4 * P);
	EXPECT({ 0, 4, R, &object[0], 3, true }, { 4, 10, R, &object[0], 7, true });

	upper = put((struct wanted)ANONYMOUS(20, 22, RW));
	KT_REQUIRE(split(upper, 21));
	EXPECT({ 0, 4, R, &object[0], 3, true }, { 4, 10, R, &object[0], 7, true },
		ANONYMOUS(20, 21, RW), ANONYMOUS(21, 22, RW));
	end();
}

KTEST(region_split_no_memory, "2.6", "without memory a region is not split, and nothing is lost")
{
	struct vm_region *region;

	begin();
	region = put((struct wanted){ 0, 10, R, &object[0], 3, true });
	inject_failure(1);
	KT_TRUE(!split(region, 4));
	KT_TRUE(!inject_pending()); /* it was asked for */
	inject_failure(0);
	EXPECT({ 0, 10, R, &object[0], 3, true });
	KT_TRUE(split(region, 4));
	end();
}

KTEST(region_merge, "2.6", "regions that are alike and touch are merged, and one reference is put")
{
	begin();
	put((struct wanted)ANONYMOUS(0, 2, RW));
	put((struct wanted)ANONYMOUS(2, 5, RW));
	put((struct wanted){ 10, 12, R, &object[0], 5, true });
	put((struct wanted){ 12, 13, R, &object[0], 7, true });
	put((struct wanted){ 13, 20, R, &object[0], 8, true });
	merge(1); /* nothing meets there */
	merge(3);
	KT_EQ(space->regions.count, 5);
	merge(2);
	merge(13);
	EXPECT(ANONYMOUS(0, 5, RW), { 10, 12, R, &object[0], 5, true },
		{ 12, 20, R, &object[0], 7, true });
	merge(12);
	EXPECT(ANONYMOUS(0, 5, RW), { 10, 20, R, &object[0], 5, true });
	end();
}

KTEST(region_merge_different, "2.6",
	"regions that differ in anything stay two, and so do those that do not touch")
{
	begin();
	put((struct wanted)ANONYMOUS(0, 2, RW));
	put((struct wanted)ANONYMOUS(2, 4, R));                  /* rights */
	put((struct wanted){ 4, 6, R, &object[0], 4, false });   /* an object */
	put((struct wanted){ 6, 8, R, &object[1], 6, false });   /* another one */
	put((struct wanted){ 8, 10, R, &object[1], 8, true });   /* shared */
	put((struct wanted){ 10, 12, R, &object[1], 11, true }); /* further on in it */
	put((struct wanted){ 12, 14, R, &object[1], 11, true }); /* the same again */
	put((struct wanted){ 15, 16, R, &object[1], 14, true }); /* a hole */
	put((struct wanted)ANONYMOUS(17, 18, RW));               /* two more */
	put((struct wanted)ANONYMOUS(19, 20, RW));               /* of the same kind */
	for (uint64_t at = 0; at < 22; at++)
		merge(at);
	EXPECT(ANONYMOUS(0, 2, RW), ANONYMOUS(2, 4, R), { 4, 6, R, &object[0], 4, false },
		{ 6, 8, R, &object[1], 6, false }, { 8, 10, R, &object[1], 8, true },
		{ 10, 12, R, &object[1], 11, true }, { 12, 14, R, &object[1], 11, true },
		{ 15, 16, R, &object[1], 14, true }, ANONYMOUS(17, 18, RW), ANONYMOUS(19, 20, RW));

	put((struct wanted)ANONYMOUS(18, 19, RW));
	merge(18);
	merge(19);
	KT_EQ(space->regions.count, 9);
	end();
}

KTEST(region_cut, "2.6", "regions are cut where one reaches over an end, and nowhere else")
{
	begin();
	put((struct wanted)ANONYMOUS(0, 10, RW));
	put((struct wanted){ 10, 20, R, &object[0], 0, true });
	KT_EQ(cut(0, 10), 0);
	KT_EQ(cut(30, 40), 0);
	EXPECT(ANONYMOUS(0, 10, RW), { 10, 20, R, &object[0], 0, true });
	KT_EQ(cut(12, 14), 0);
	EXPECT(ANONYMOUS(0, 10, RW), { 10, 12, R, &object[0], 0, true },
		{ 12, 14, R, &object[0], 2, true }, { 14, 20, R, &object[0], 4, true });
	KT_EQ(cut(3, 18), 0);
	EXPECT(ANONYMOUS(0, 3, RW), ANONYMOUS(3, 10, RW), { 10, 12, R, &object[0], 0, true },
		{ 12, 14, R, &object[0], 2, true }, { 14, 18, R, &object[0], 4, true },
		{ 18, 20, R, &object[0], 8, true });
	end();
}

KTEST(region_clear, "2.6", "what lies in a range goes, and what reaches over its ends stays there")
{
	begin();
	put((struct wanted)ANONYMOUS(0, 10, RW));
	put((struct wanted){ 12, 13, R, &object[1], 0, false });
	put((struct wanted){ 15, 25, R, &object[0], 0, true });
	put((struct wanted)ANONYMOUS(25, 26, RW));
	KT_EQ(clear(5, 17), 0);
	EXPECT(ANONYMOUS(0, 5, RW), { 17, 25, R, &object[0], 2, true }, ANONYMOUS(25, 26, RW));
	KT_EQ(clear(6, 16), 0);
	KT_EQ(clear(19, 21), 0);
	EXPECT(ANONYMOUS(0, 5, RW), { 17, 19, R, &object[0], 2, true },
		{ 21, 25, R, &object[0], 6, true }, ANONYMOUS(25, 26, RW));
	KT_EQ(clear(21, 25), 0);
	EXPECT(ANONYMOUS(0, 5, RW), { 17, 19, R, &object[0], 2, true }, ANONYMOUS(25, 26, RW));
	end();
}

/* --- running out of memory ------------------------------------------------------------ */

/* Put a large page there, which begins at BASE: as vm_fault would. */
static void put_large_page(void)
{
	struct page *page = vm_page_new(9, 0);

	KT_REQUIRE(page);
	KT_REQUIRE(vm_pages_map(space, BASE, page, LARGE_PAGE, PTE_USER | PTE_WRITE | PTE_NX) == 0);
}

/* Call it with the first allocation failing, then the second...: how often it failed. */
static unsigned failing(int (*call)(uint64_t start, uint64_t end), uint64_t start, uint64_t last)
{
	unsigned failures = 0;

	for (;; failures++) {
		int error;

		inject_failure(failures + 1);
		error = call(start, last);
		inject_failure(0);
		if (!error)
			return failures;
		KT_EQ(error, -ENOMEM);
		EXPECT({ 0, 600, RW, &object[0], 7, false });
		KT_EQ(space->resident, 512);
	}
}

KTEST(region_cut_no_memory, "2.6",
	"whichever allocation fails, a cut that fails leaves the regions as they were")
{
	begin();
	put((struct wanted){ 0, 600, RW, &object[0], 7, false });
	put_large_page();
	KT_TRUE(failing(cut, 0, 500) >= 2); /* a region, and a table for small pages */
	EXPECT({ 0, 500, RW, &object[0], 7, false }, { 500, 600, RW, &object[0], 507, false });
	KT_EQ(space->resident, 512);
	end();
}

KTEST(region_clear_no_memory, "2.6",
	"whichever allocation fails, clearing that fails leaves regions and pages as they were")
{
	begin();
	put((struct wanted){ 0, 600, RW, &object[0], 7, false });
	put_large_page();
	KT_TRUE(failing(clear, 5, 500) >= 2);
	EXPECT({ 0, 5, RW, &object[0], 7, false }, { 500, 600, RW, &object[0], 507, false });
	KT_EQ(space->resident, 5 + 12);
	end();
}
