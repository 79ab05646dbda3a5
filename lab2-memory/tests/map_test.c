/* vm_map's arguments, hints and bounds, and where vm_find_gap looks: given code. */
#include "lab1-boot/ktest/ktest.h"
#include "lab2-memory/vm/space.h"

#define RW      (PROT_READ | PROT_WRITE)
#define PRIVATE MAP_PRIVATE
#define P       PAGE_SIZE

static struct vm_space *space;

static int64_t map(uint64_t address, size_t bytes, int flags)
{
	return vm_map(space, address, bytes, RW, flags, NULL, 0);
}

/* The first address where something is mapped, or 0. */
static uint64_t first(void)
{
	struct range *range = range_first(&space->regions);

	return range ? range->start : 0;
}

static struct vm_region *at(uint64_t address)
{
	struct vm_region *region;

	rwlock_read(&space->lock);
	region = vm_region_at(space, address);
	rwlock_read_done(&space->lock);
	return region;
}

KTEST(map_arguments, "", "arguments that mean nothing are refused, and change nothing",
	.needs = "2.6")
{
	struct vm_object object;
	static const struct vm_object_ops ops;

	space = vm_space_create();
	KT_REQUIRE(space);
	vm_object_init(&object, &ops);
	KT_EQ(map(0x10000, P, MAP_FIXED | PRIVATE), 0x10000);

	KT_EQ(map(0x10000, 0, MAP_FIXED | PRIVATE), -EINVAL);
	KT_EQ(map(0x10800, P, MAP_FIXED | PRIVATE), -EINVAL);
	KT_EQ(map(0x10000, P, MAP_FIXED), -EINVAL);
	KT_EQ(map(0x10000, P, MAP_FIXED | MAP_SHARED | PRIVATE), -EINVAL);
	KT_EQ(vm_map(space, 0x10000, P, 8, MAP_FIXED | PRIVATE, NULL, 0), -EINVAL);
	KT_EQ(vm_map(space, 0x10000, P, RW, MAP_FIXED | PRIVATE, &object, 0x800), -EINVAL);
	KT_EQ(vm_map(space, 0x10000, P, RW, MAP_FIXED | PRIVATE, &object, -P), -EINVAL);
	KT_EQ(vm_unmap(space, 0x10800, P), -EINVAL);
	KT_EQ(vm_unmap(space, 0x10000, 0), -EINVAL);
	KT_EQ(vm_unmap(space, 0x10000, VM_HIGH), -EINVAL);
	KT_EQ(vm_unmap(space, 0x10000, -P), -EINVAL);
	KT_EQ(vm_unmap(space, -P, P), -EINVAL);
	KT_EQ(vm_protect(space, 0x10800, P, RW), -EINVAL);
	KT_EQ(vm_protect(space, 0x10000, 0, RW), -EINVAL);
	KT_EQ(vm_protect(space, 0x10000, SIZE_MAX, RW), -EINVAL);
	KT_EQ(vm_protect(space, 0x10000, P, 16), -EINVAL);
	KT_EQ(vm_protect(space, 0x10000, 2 * P, PROT_NONE), -ENOMEM);
	KT_EQ(map(0x10000, P, MAP_FIXED_NOREPLACE | PRIVATE), -EEXIST);
	KT_EQ(map(0xf000, P, MAP_FIXED | PRIVATE), -EPERM);
	KT_EQ(map(0, P, MAP_FIXED | PRIVATE), -EPERM);

	KT_EQ(space->regions.count, 1);
	KT_EQ(at(0x10000)->protection, RW);
	KT_EQ(space->mapped, P);
	KT_EQ(object.count, 1);
	vm_space_destroy(space);
}

KTEST(map_bounds, "", "a region ends at VM_HIGH at last, and no size wraps", .needs = "2.6")
{
	space = vm_space_create();
	KT_REQUIRE(space);
	KT_EQ(map(VM_HIGH - P, P, MAP_FIXED | PRIVATE), VM_HIGH - P);
	KT_EQ(map(VM_HIGH - P, 2 * P, MAP_FIXED | PRIVATE), -ENOMEM);
	KT_EQ(map(VM_HIGH, P, MAP_FIXED | PRIVATE), -ENOMEM);
	KT_EQ(map(-P, P, MAP_FIXED | PRIVATE), -ENOMEM);
	KT_EQ(map(0x10000, SIZE_MAX, MAP_FIXED | PRIVATE), -ENOMEM);
	KT_EQ(map(0, SIZE_MAX, PRIVATE), -ENOMEM);
	KT_EQ(map(0, VM_HIGH, PRIVATE), -ENOMEM);
	KT_EQ(map(0, VM_HIGH - VM_LOW, PRIVATE), -ENOMEM); /* one page is taken */
	KT_EQ(space->regions.count, 1);
	KT_EQ(map(VM_LOW, VM_HIGH - VM_LOW, MAP_FIXED | PRIVATE), VM_LOW);
	KT_EQ(map(0, 1, PRIVATE), -ENOMEM);
	KT_EQ(space->mapped, VM_HIGH - VM_LOW);
	vm_space_destroy(space);
}

KTEST(map_hint, "", "a hint is taken if there is room, and else nothing is replaced",
	.needs = "2.6")
{
	int64_t other;

	space = vm_space_create();
	KT_REQUIRE(space);
	KT_EQ(map(0x50000, 3 * P - 1, PRIVATE), 0x50000);
	KT_EQ(space->mapped, 3 * P);
	KT_EQ(map(0x53000, P, PRIVATE), 0x53000);
	other = map(0x4f000, 2 * P, PRIVATE);
	KT_TRUE(other > 0x54000 && other % P == 0);
	other = map(VM_LOW - P, P, PRIVATE);
	KT_TRUE(other > 0x54000);
	other = map(VM_HIGH - P, 2 * P, PRIVATE);
	KT_TRUE(other > 0x54000);
	KT_EQ(map(0x4f000, P, MAP_FIXED_NOREPLACE | PRIVATE), 0x4f000);
	KT_EQ(map(0x4e000, 2 * P, MAP_FIXED_NOREPLACE | PRIVATE), -EEXIST);
	KT_EQ(first(), 0x4f000);
	vm_space_destroy(space);
}

KTEST(map_gap, "", "a gap is the highest below the top, and if there is none the lowest above",
	.needs = "2.6")
{
	space = vm_space_create();
	KT_REQUIRE(space);
	KT_EQ(map(0, P, PRIVATE), VM_MAP_TOP - P);
	KT_EQ(map(0, 2 * P, PRIVATE), VM_MAP_TOP - 3 * P);
	KT_EQ(vm_unmap(space, VM_MAP_TOP - P, P), 0);
	KT_EQ(vm_find_gap(space, P, P), VM_MAP_TOP - P);
	KT_EQ(vm_find_gap(space, 2 * P, P), VM_MAP_TOP - 5 * P);
	KT_EQ(vm_find_gap(space, P, LARGE_PAGE), VM_MAP_TOP - LARGE_PAGE);
	KT_EQ(map(VM_LOW, VM_MAP_TOP - VM_LOW, MAP_FIXED | PRIVATE), VM_LOW);
	KT_EQ(vm_find_gap(space, P, P), VM_MAP_TOP);
	KT_EQ(map(VM_MAP_TOP, P, MAP_FIXED | PRIVATE), VM_MAP_TOP);
	KT_EQ(vm_find_gap(space, P, LARGE_PAGE), VM_MAP_TOP + LARGE_PAGE);
	KT_EQ(vm_find_gap(space, VM_HIGH - VM_MAP_TOP - P, P), VM_MAP_TOP + P);
	KT_EQ(vm_find_gap(space, VM_HIGH - VM_MAP_TOP, P), 0);
	vm_space_destroy(space);
}

KTEST(map_gap_unaligned, "",
	"much memory takes the only gap, even if no large page can begin there", .needs = "2.6")
{
	const uint64_t gap = 0x40001000, behind = gap + LARGE_PAGE;

	space = vm_space_create();
	KT_REQUIRE(space);
	KT_EQ(map(VM_LOW, gap - VM_LOW, MAP_FIXED | PRIVATE), VM_LOW);
	KT_EQ(map(behind, VM_HIGH - behind, MAP_FIXED | PRIVATE), behind);
	KT_EQ(map(0, LARGE_PAGE + 1, PRIVATE), -ENOMEM);
	KT_EQ(map(0, LARGE_PAGE, PRIVATE), gap);
	KT_EQ(map(0, P, PRIVATE), -ENOMEM);
	vm_space_destroy(space);
}

KTEST(map_shared, "", "anonymous shared memory is an object of its own for each call",
	.needs = "2.6")
{
	struct vm_region *a, *b;

	space = vm_space_create();
	KT_REQUIRE(space);
	KT_EQ(map(0x10000, 2 * P, MAP_FIXED | MAP_SHARED), 0x10000);
	KT_EQ(map(0x12000, 2 * P, MAP_FIXED | MAP_SHARED), 0x12000);
	a = at(0x10000);
	b = at(0x12000);
	KT_REQUIRE(a && b && a != b);
	KT_TRUE(a->shared && b->shared && a->object && b->object && a->object != b->object);
	KT_EQ(vm_unmap(space, 0x11000, 2 * P), 0);
	KT_EQ(a->object->count, 1);
	vm_space_destroy(space);
}
