/* mmap and its kind, called as programs do: what they change, and which error it is. */
#include "lab4-interrupts/call/usercopy.h"
#include "lab4-interrupts/tests/memory_calls.h"

static uint8_t byte_at(uint64_t address)
{
	uint8_t byte = 0xee;

	KT_EQ(copy_from_user(&byte, address, 1), 0);
	return byte;
}

static void set_byte(uint64_t address, uint8_t byte)
{
	KT_EQ(copy_to_user(address, &byte, 1), 0);
}

static bool is_there(uint64_t address)
{
	uint8_t byte;

	return copy_from_user(&byte, address, 1) == 0;
}

/* --- mmap ---------------------------------------------------------------------------- */

static void map_and_unmap(void)
{
	int64_t a = CALL(mmap, 0, 3 * PAGE_SIZE - 5, RW, ANYWHERE, -1, 0), b;

	KT_REQUIRE(a > 0 && a % (int64_t)PAGE_SIZE == 0);
	set_byte((uint64_t)a + 3 * PAGE_SIZE - 1, 7);
	b = CALL(mmap, a, PAGE_SIZE, RW, ANYWHERE, -1, 0); /* a hint that is taken already */
	KT_TRUE(b > 0 && b != a);
	KT_EQ(CALL(mmap, a, PAGE_SIZE, RW, ANYWHERE | MAP_FIXED_NOREPLACE, -1, 0), -EEXIST);
	KT_EQ(CALL(mmap, a + 2 * (int64_t)PAGE_SIZE, PAGE_SIZE, RW, ANYWHERE | MAP_FIXED, -1, 0),
		a + 2 * (int64_t)PAGE_SIZE);
	KT_EQ(byte_at((uint64_t)a + 3 * PAGE_SIZE - 1), 0);
	KT_EQ(CALL(munmap, a + (int64_t)PAGE_SIZE, PAGE_SIZE), 0);
	KT_TRUE(is_there((uint64_t)a) && !is_there((uint64_t)a + PAGE_SIZE));
	KT_EQ(CALL(munmap, a, 3 * PAGE_SIZE), 0);
	KT_EQ(CALL(munmap, a, 3 * PAGE_SIZE), 0);
	KT_TRUE(!is_there((uint64_t)a));
}

KTEST(memory_map, "", "mapping somewhere, near a hint, exactly there, and unmapping a part")
{
	user_run_alone(map_and_unmap);
}

static void map_errors(void)
{
	KT_EQ(CALL(mmap, 0, 0, RW, ANYWHERE, -1, 0), -EINVAL);
	KT_EQ(CALL(mmap, 0, PAGE_SIZE, RW, ANYWHERE, -1, 5), -EINVAL);
	KT_EQ(CALL(mmap, 0, PAGE_SIZE, RW, MAP_ANONYMOUS, -1, 0), -EINVAL);
	KT_EQ(CALL(mmap, 0, PAGE_SIZE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0), -EINVAL);
	KT_EQ(CALL(mmap, 0, -1ul, RW, ANYWHERE, -1, 0), -ENOMEM);
	KT_EQ(CALL(mmap, 0, -PAGE_SIZE, RW, ANYWHERE, -1, 0), -ENOMEM);
	KT_EQ(CALL(mmap, 0, 2 * PAGE_SIZE, RW, ANYWHERE, -1, -PAGE_SIZE), -EOVERFLOW);
	KT_EQ(CALL(mmap, 5, PAGE_SIZE, RW, ANYWHERE | MAP_FIXED, -1, 0), -EINVAL);
	KT_EQ(CALL(mmap, 0, PAGE_SIZE, RW, ANYWHERE | MAP_FIXED, -1, 0), -EPERM);
	KT_EQ(CALL(mmap, VM_HIGH, PAGE_SIZE, RW, ANYWHERE | MAP_FIXED, -1, 0), -ENOMEM);
	KT_EQ(CALL(mmap, -PAGE_SIZE, PAGE_SIZE, RW, ANYWHERE | MAP_FIXED, -1, 0), -ENOMEM);
	/* More than the machine has is refused if it is for writing, and was not said to be lazy.
	 */
	KT_EQ(CALL(mmap, 0, 1ul << 40, RW, ANYWHERE, -1, 0), -ENOMEM);
	KT_TRUE(CALL(mmap, 0, 1ul << 40, PROT_NONE, ANYWHERE, -1, 0) > 0);
	KT_TRUE(CALL(mmap, 0, 1ul << 40, RW, ANYWHERE | MAP_NORESERVE, -1, 0) > 0);
	KT_EQ(CALL(munmap, 1, PAGE_SIZE), -EINVAL);
	KT_EQ(CALL(munmap, PAGE_SIZE, 0), -EINVAL);
	KT_EQ(CALL(munmap, 0, -1ul), -EINVAL);
	KT_EQ(CALL(munmap, VM_HIGH, PAGE_SIZE), -EINVAL);
}

KTEST(memory_map_errors, "", "mmap's and munmap's errors are Linux's")
{
	user_run_alone(map_errors);
}

static void protect(void)
{
	uint64_t a = (uint64_t)CALL(mmap, 0, 3 * PAGE_SIZE, RW, ANYWHERE, -1, 0);

	set_byte(a + PAGE_SIZE, 7);
	KT_EQ(CALL(mprotect, a + PAGE_SIZE, PAGE_SIZE, PROT_NONE), 0);
	KT_TRUE(!is_there(a + PAGE_SIZE) && is_there(a) && is_there(a + 2 * PAGE_SIZE));
	KT_EQ(CALL(mprotect, a + PAGE_SIZE, 1, PROT_READ), 0);
	KT_EQ(byte_at(a + PAGE_SIZE), 7);
	KT_EQ(clear_user(a + PAGE_SIZE, 1), -EFAULT);
	KT_EQ(CALL(mprotect, a, 0, PROT_READ), 0);
	KT_EQ(CALL(mprotect, a + 1, PAGE_SIZE, PROT_READ), -EINVAL);
	KT_EQ(CALL(mprotect, a, PAGE_SIZE, 0x40), -EINVAL);
	KT_EQ(CALL(mprotect, a, 5 * PAGE_SIZE, PROT_READ), -ENOMEM);
	KT_EQ(CALL(mprotect, a, -PAGE_SIZE, PROT_READ), -ENOMEM);
}

KTEST(memory_protect, "", "mprotect splits, and its errors are Linux's")
{
	user_run_alone(protect);
}

/* --- brk ----------------------------------------------------------------------------- */

#define HEAP 0x800000ul

static void heap(void)
{
	user.memory->brk_start = user.memory->brk = HEAP;
	KT_EQ(CALL(brk, 0), HEAP);
	KT_EQ(CALL(brk, HEAP + 10), HEAP + 10);
	set_byte(HEAP + PAGE_SIZE - 1, 5);
	KT_EQ(CALL(brk, HEAP + PAGE_SIZE), HEAP + PAGE_SIZE);
	KT_TRUE(!is_there(HEAP + PAGE_SIZE));
	KT_EQ(CALL(brk, HEAP + 3 * PAGE_SIZE + 1), HEAP + 3 * PAGE_SIZE + 1);
	KT_TRUE(is_there(HEAP + 4 * PAGE_SIZE - 1));
	KT_EQ(CALL(brk, HEAP + 1), HEAP + 1);
	KT_TRUE(!is_there(HEAP + PAGE_SIZE) && byte_at(HEAP + PAGE_SIZE - 1) == 5);
	KT_EQ(CALL(brk, HEAP - 1), HEAP + 1);
	KT_EQ(CALL(brk, -1ul), HEAP + 1);
	KT_EQ(CALL(brk, 1ul << 45), HEAP + 1);
	/* Something is in the way. */
	CALL(mmap, HEAP + 4 * PAGE_SIZE, PAGE_SIZE, RW, ANYWHERE | MAP_FIXED, -1, 0);
	KT_EQ(CALL(brk, HEAP + 4 * PAGE_SIZE), HEAP + 4 * PAGE_SIZE);
	KT_EQ(CALL(brk, HEAP + 4 * PAGE_SIZE + 1), HEAP + 4 * PAGE_SIZE);
	user.process->limit[RLIMIT_DATA].rlim_cur = 2 * PAGE_SIZE;
	KT_EQ(CALL(brk, HEAP), HEAP);
	KT_EQ(CALL(brk, HEAP + 2 * PAGE_SIZE + 1), HEAP);
	KT_EQ(CALL(brk, HEAP + 2 * PAGE_SIZE), HEAP + 2 * PAGE_SIZE);
}

KTEST(memory_brk, "", "the heap's end moves by bytes and is never wrong")
{
	user_run_alone(heap);
}

/* --- mremap -------------------------------------------------------------------------- */

static void remap(void)
{
	uint64_t a = (uint64_t)CALL(mmap, HEAP, 4 * PAGE_SIZE, RW, ANYWHERE, -1, 0), b;

	KT_REQUIRE(a == HEAP);
	for (unsigned i = 0; i < 3; i++)
		set_byte(a + i * PAGE_SIZE, (uint8_t)(i + 1));
	KT_EQ(CALL(mremap, a, 4 * PAGE_SIZE, 3 * PAGE_SIZE, 0), a);
	KT_TRUE(!is_there(a + 3 * PAGE_SIZE));
	KT_EQ(CALL(mremap, a, 3 * PAGE_SIZE, 5 * PAGE_SIZE, 0), a);
	KT_EQ(byte_at(a + 5 * PAGE_SIZE - 1), 0);
	CALL(mmap, a + 5 * PAGE_SIZE, PAGE_SIZE, PROT_READ, ANYWHERE | MAP_FIXED, -1, 0);
	KT_EQ(CALL(mremap, a, 5 * PAGE_SIZE, 6 * PAGE_SIZE, 0), -ENOMEM);
	b = (uint64_t)CALL(mremap, a, 5 * PAGE_SIZE, 6 * PAGE_SIZE, MREMAP_MAYMOVE);
	KT_REQUIRE(b != a && b % PAGE_SIZE == 0 && b < VM_HIGH);
	KT_TRUE(!is_there(a));
	for (unsigned i = 0; i < 3; i++)
		KT_EQ(byte_at(b + i * PAGE_SIZE), i + 1);
	set_byte(b + 6 * PAGE_SIZE - 1, 9);
	/* A part from the middle, to an address of one's own, over what is there. */
	KT_EQ(CALL(mremap, b + PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
		      a + 5 * PAGE_SIZE),
		a + 5 * PAGE_SIZE);
	KT_EQ(byte_at(a + 5 * PAGE_SIZE), 2);
	set_byte(a + 5 * PAGE_SIZE, 4);
	KT_TRUE(!is_there(b + PAGE_SIZE) && byte_at(b) == 1 && byte_at(b + 2 * PAGE_SIZE) == 3);
	/* The pages move, the region stays. */
	KT_EQ(CALL(mremap, b, PAGE_SIZE, PAGE_SIZE,
		      MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, a),
		a);
	KT_TRUE(byte_at(a) == 1 && byte_at(b) == 0);
}

KTEST(memory_remap, "",
	"mremap shrinks, grows where there is room, and moves pages without copying")
{
	user_run_alone(remap);
}

static void remap_errors(void)
{
	uint64_t a = (uint64_t)CALL(mmap, 0, 4 * PAGE_SIZE, RW, ANYWHERE, -1, 0);
	int fixed = MREMAP_MAYMOVE | MREMAP_FIXED;

	KT_EQ(CALL(mremap, a + 1, PAGE_SIZE, PAGE_SIZE, 0), -EINVAL);
	KT_EQ(CALL(mremap, a, PAGE_SIZE, 0, 0), -EINVAL);
	KT_EQ(CALL(mremap, a, PAGE_SIZE, PAGE_SIZE, 8), -EINVAL);
	KT_EQ(CALL(mremap, a, PAGE_SIZE, PAGE_SIZE, MREMAP_FIXED, HEAP), -EINVAL);
	KT_EQ(CALL(mremap, a, PAGE_SIZE, PAGE_SIZE, fixed, HEAP + 1), -EINVAL);
	KT_EQ(CALL(mremap, a, 2 * PAGE_SIZE, PAGE_SIZE, fixed, a + PAGE_SIZE), -EINVAL);
	KT_EQ(CALL(mremap, a, PAGE_SIZE, PAGE_SIZE, fixed, VM_HIGH), -EINVAL);
	KT_EQ(CALL(mremap, a, 2 * PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP),
		-EINVAL);
	KT_EQ(CALL(mremap, a, 5 * PAGE_SIZE, 6 * PAGE_SIZE, MREMAP_MAYMOVE), -EFAULT);
	KT_EQ(CALL(mremap, HEAP, PAGE_SIZE, 2 * PAGE_SIZE, MREMAP_MAYMOVE), -EFAULT);
	KT_EQ(CALL(mremap, -PAGE_SIZE, PAGE_SIZE, 2 * PAGE_SIZE, MREMAP_MAYMOVE), -EFAULT);
	KT_EQ(CALL(mremap, a, PAGE_SIZE, -1ul, MREMAP_MAYMOVE), -ENOMEM);
	KT_EQ(CALL(mremap, a, 0, PAGE_SIZE, MREMAP_MAYMOVE), -EINVAL);
}

KTEST(memory_remap_errors, "", "mremap's errors are Linux's")
{
	user_run_alone(remap_errors);
}

static void remap_shared(void)
{
	uint64_t a = (uint64_t)CALL(mmap, 0, 2 * PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t b;

	set_byte(a + PAGE_SIZE, 3);
	b = (uint64_t)CALL(mremap, a, 0, 2 * PAGE_SIZE, MREMAP_MAYMOVE);
	KT_REQUIRE(b != a && b < VM_HIGH);
	KT_EQ(byte_at(b + PAGE_SIZE), 3);
	set_byte(b, 8);
	KT_EQ(byte_at(a), 8);
	b = (uint64_t)CALL(
		mremap, a + PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, HEAP);
	KT_EQ(b, HEAP);
	KT_EQ(byte_at(b), 3);
}

KTEST(memory_remap_shared, "",
	"shared memory moves, or is mapped a second time, with its place in the object")
{
	user_run_alone(remap_shared);
}

static void remap_large(void)
{
	uint64_t from = 64ul << 20, to = (128ul << 20) + PAGE_SIZE;

	KT_EQ(CALL(mmap, from, LARGE_PAGE, RW, ANYWHERE | MAP_FIXED, -1, 0), from);
	for (uint64_t i = 0; i < LARGE_PAGE; i += 37 * PAGE_SIZE)
		set_byte(from + i, (uint8_t)(i >> 12 | 1));
	KT_EQ(CALL(mremap, from, LARGE_PAGE, LARGE_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to), to);
	for (uint64_t i = 0; i < LARGE_PAGE; i += 37 * PAGE_SIZE)
		KT_EQ(byte_at(to + i), (uint8_t)(i >> 12 | 1));
	set_byte(to, 99);
	KT_EQ(byte_at(to), 99);
}

KTEST(memory_remap_large, "", "a large page moves to where it has to be many small ones")
{
	user_run_alone(remap_large);
}

/* --- advice -------------------------------------------------------------------------- */

static void advise(void)
{
	uint64_t a = (uint64_t)CALL(mmap, 0, 4 * PAGE_SIZE, RW, ANYWHERE, -1, 0);
	uint64_t s = (uint64_t)CALL(mmap, 0, PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t resident = user.memory->space->resident;

	for (unsigned i = 0; i < 4; i++)
		set_byte(a + i * PAGE_SIZE, 1);
	set_byte(s, 1);
	KT_EQ(CALL(madvise, a + PAGE_SIZE, PAGE_SIZE + 1, MADV_DONTNEED), 0);
	KT_EQ(user.memory->space->resident, resident + 3);
	KT_TRUE(byte_at(a) == 1 && byte_at(a + PAGE_SIZE) == 0 && byte_at(a + 2 * PAGE_SIZE) == 0 &&
		byte_at(a + 3 * PAGE_SIZE) == 1);
	KT_EQ(CALL(madvise, s, PAGE_SIZE, MADV_DONTNEED), 0);
	KT_EQ(byte_at(s), 1);
	KT_EQ(CALL(madvise, s, PAGE_SIZE, MADV_FREE), -EINVAL);
	KT_EQ(CALL(madvise, a, PAGE_SIZE, MADV_FREE), 0);
	set_byte(a, 6);
	KT_EQ(byte_at(a), 6);
	KT_EQ(CALL(madvise, a, 4 * PAGE_SIZE, MADV_WILLNEED), 0);
	KT_EQ(CALL(madvise, a, 4 * PAGE_SIZE, MADV_HUGEPAGE), 0);
	KT_EQ(CALL(madvise, a + 1, PAGE_SIZE, MADV_DONTNEED), -EINVAL);
	KT_EQ(CALL(madvise, a, PAGE_SIZE, 9999), -EINVAL);
	KT_EQ(CALL(madvise, a, 0, MADV_DONTNEED), 0);
	KT_EQ(CALL(madvise, a, -1ul, MADV_DONTNEED), -EINVAL);
	KT_EQ(CALL(munmap, a + PAGE_SIZE, PAGE_SIZE), 0);
	KT_EQ(CALL(madvise, a, 4 * PAGE_SIZE, MADV_DONTNEED), -ENOMEM);
	KT_EQ(byte_at(a + 3 * PAGE_SIZE), 0); /* what is there has been dropped all the same */
	KT_EQ(CALL(madvise, a + 2 * PAGE_SIZE, 2 * PAGE_SIZE, MADV_POPULATE_WRITE), 0);
	KT_EQ(CALL(madvise, a, 2 * PAGE_SIZE, MADV_POPULATE_READ), -ENOMEM);
}

KTEST(memory_advise, "", "madvise: what is not needed is zero afterwards, and errors are Linux's")
{
	user_run_alone(advise);
}

static void core(void)
{
	uint64_t a = (uint64_t)CALL(mmap, 0, 300 * PAGE_SIZE, RW, ANYWHERE, -1, 0);
	uint64_t to = (uint64_t)CALL(mmap, 0, PAGE_SIZE, RW, ANYWHERE | MAP_POPULATE, -1, 0);

	set_byte(a + PAGE_SIZE, 1);
	set_byte(a + 299 * PAGE_SIZE, 1);
	KT_EQ(CALL(mincore, a, 300 * PAGE_SIZE, to), 0);
	for (unsigned i = 0; i < 300; i++)
		KT_EQ(byte_at(to + i), i == 1 || i == 299);
	KT_EQ(CALL(mincore, a + 1, PAGE_SIZE, to), -EINVAL);
	KT_EQ(CALL(mincore, HEAP, PAGE_SIZE, to), -ENOMEM);
	KT_EQ(CALL(mincore, a, PAGE_SIZE, 0), -EFAULT);
	KT_EQ(CALL(msync, a, PAGE_SIZE, MS_SYNC), 0);
	KT_EQ(CALL(msync, a, PAGE_SIZE, MS_SYNC | MS_ASYNC), -EINVAL);
	KT_EQ(CALL(msync, a, PAGE_SIZE, 0x100), -EINVAL);
	KT_EQ(CALL(msync, a + 1, PAGE_SIZE, MS_SYNC), -EINVAL);
	KT_EQ(CALL(msync, HEAP, PAGE_SIZE, MS_SYNC), -ENOMEM);
}

KTEST(memory_core, "", "mincore tells what is there; msync's errors")
{
	user_run_alone(core);
}

static void lock(void)
{
	uint64_t a = (uint64_t)CALL(mmap, 0, 4 * PAGE_SIZE, RW, ANYWHERE, -1, 0);
	uint64_t resident = user.memory->space->resident;

	KT_EQ(CALL(mlock, a + 5, PAGE_SIZE), 0);
	KT_EQ(user.memory->space->resident, resident + 2);
	KT_EQ(CALL(munlock, a, 2 * PAGE_SIZE), 0);
	KT_EQ(CALL(mlock, HEAP, 1), -ENOMEM);
	KT_EQ(CALL(mlock2, a, 1, 2), -EINVAL);
	KT_EQ(CALL(mlockall, 0), -EINVAL);
	KT_EQ(CALL(mlockall, MCL_ONFAULT), -EINVAL);
	KT_EQ(CALL(mlockall, MCL_CURRENT), 0);
	KT_EQ(CALL(munlockall, 0), 0);
	user.process->limit[RLIMIT_MEMLOCK].rlim_cur = PAGE_SIZE;
	KT_EQ(CALL(mlock, a, PAGE_SIZE), 0);
	KT_EQ(CALL(mlock, a, PAGE_SIZE + 1), -ENOMEM);
	KT_EQ(CALL(mlockall, MCL_CURRENT), -ENOMEM);
}

KTEST(memory_lock, "", "mlock has pages there at once, within its limit")
{
	user_run_alone(lock);
}
