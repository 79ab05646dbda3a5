/* How much memory a program may have. */
#include "lab4-interrupts/tests/memory_calls.h"

#define HEAP 0x800000ul

static void limited(void)
{
	uint64_t mapped = user.memory->space->mapped;

	user.process->limit[RLIMIT_AS].rlim_cur = mapped + 4 * PAGE_SIZE;
	KT_EQ(CALL(mmap, 0, 5 * PAGE_SIZE, RW, ANYWHERE, -1, 0), -ENOMEM);
	KT_TRUE(CALL(mmap, 0, 4 * PAGE_SIZE, RW, ANYWHERE, -1, 0) > 0);
	KT_EQ(CALL(mmap, 0, 1, RW, ANYWHERE, -1, 0), -ENOMEM);
}

KTEST(memory_limit, "", "RLIMIT_AS is kept, to the page")
{
	user_run_alone(limited);
}

/* What is replaced does not count, but what stays behind does. */
static void limited_moves(void)
{
	int fixed = MREMAP_MAYMOVE | MREMAP_FIXED, stays = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
	uint64_t a = (uint64_t)CALL(mmap, HEAP, 2 * PAGE_SIZE, RW, ANYWHERE, -1, 0);
	uint64_t b = (uint64_t)CALL(mmap, 2 * HEAP, 2 * PAGE_SIZE, RW, ANYWHERE, -1, 0);
	uint64_t mapped = user.memory->space->mapped;

	KT_REQUIRE(a == HEAP && b == 2 * HEAP);
	user.process->limit[RLIMIT_AS].rlim_cur = mapped + PAGE_SIZE;
	KT_EQ(CALL(mremap, a, 2 * PAGE_SIZE, 2 * PAGE_SIZE, stays), -ENOMEM);
	KT_EQ(CALL(mremap, a, 2 * PAGE_SIZE, 2 * PAGE_SIZE, stays | MREMAP_FIXED, 3 * HEAP),
		-ENOMEM);
	KT_EQ(user.memory->space->mapped, mapped);
	KT_EQ(CALL(mremap, a, PAGE_SIZE, PAGE_SIZE, stays | MREMAP_FIXED, 3 * HEAP), 3 * HEAP);
	KT_EQ(user.memory->space->mapped, mapped + PAGE_SIZE);
	KT_EQ(CALL(mremap, a, PAGE_SIZE, 2 * PAGE_SIZE, fixed, b), b);
	KT_EQ(user.memory->space->mapped, mapped);
}

KTEST(memory_limit_moves, "",
	"RLIMIT_AS counts what mremap leaves behind, and not what it replaces")
{
	user_run_alone(limited_moves);
}

/* As if there were so many regions; then as it was. */
static void pretend(int regions)
{
	user.memory->space->regions.count += (size_t)regions;
}

static void regions_limited(void)
{
	uint64_t a = (uint64_t)CALL(mmap, HEAP, 6 * PAGE_SIZE, RW, ANYWHERE, -1, 0);
	int more = 65530 - 1 - (int)user.memory->space->regions.count;

	KT_REQUIRE(a == HEAP);
	pretend(more); /* one is left */
	KT_EQ(CALL(mprotect, a + PAGE_SIZE, PAGE_SIZE, PROT_READ), -ENOMEM);
	KT_EQ(CALL(munmap, a + PAGE_SIZE, PAGE_SIZE), 0);
	KT_EQ(CALL(munmap, a + 3 * PAGE_SIZE, PAGE_SIZE), -ENOMEM);
	KT_EQ(CALL(mprotect, a + 2 * PAGE_SIZE, PAGE_SIZE, PROT_READ), -ENOMEM);
	KT_EQ(CALL(mremap, a + 2 * PAGE_SIZE, 2 * PAGE_SIZE, PAGE_SIZE, 0), -ENOMEM);
	KT_EQ(CALL(mremap, a, PAGE_SIZE, 2 * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, 2 * HEAP),
		-ENOMEM);
	/* An end is no region more. */
	KT_EQ(CALL(mremap, a + 2 * PAGE_SIZE, 4 * PAGE_SIZE, 3 * PAGE_SIZE, 0), a + 2 * PAGE_SIZE);
	KT_EQ(CALL(munmap, a + 4 * PAGE_SIZE, PAGE_SIZE), 0);
	KT_EQ(CALL(mprotect, a + 2 * PAGE_SIZE, 2 * PAGE_SIZE, PROT_READ), 0); /* nor all of one */
	KT_EQ(CALL(munmap, a + 2 * PAGE_SIZE, 2 * PAGE_SIZE), 0);
	KT_EQ(CALL(mmap, 0, PAGE_SIZE, RW, ANYWHERE, -1, 0) > 0, 1);
	pretend(-more);
}

KTEST(memory_regions_limit, "", "a program has as many regions as on Linux, also by cutting them")
{
	user_run_alone(regions_limited);
}
