/*
 * Vector registers of threads: x87, SSE and, where there is AVX, the upper halves. No exercise.
 * test_fpu.py runs them on processors that lack one or the other.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/inject.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/fpu.h"
#include "lab3-threads/thread/thread.h"
#include <linux/errno.h>

#define CR0_MP         (1ul << 1)
#define CR0_EM         (1ul << 2)
#define CR0_TS         (1ul << 3)
#define CR0_NE         (1ul << 5)
#define CR4_OSFXSR     (1ul << 9)
#define CR4_OSXMMEXCPT (1ul << 10)
#define CR4_OSXSAVE    (1ul << 18)
#define ECX_XSAVE      (1u << 26)
#define ECX_AVX        (1u << 28)

#define VECTORS 16
#define X87     4

/* What is in the registers. Of a vector without AVX the lower half counts. */
struct image {
	uint64_t vector[VECTORS][4];
	uint64_t x87[X87]; /* numbers of double precision */
	uint32_t mxcsr;
	uint16_t control;
};

static bool has_avx(void)
{
	return cpuid(1, 0).ecx & ECX_AVX && cpuid(1, 0).ecx & ECX_XSAVE;
}

#define EACH_VECTOR(instruction)                                                                   \
	".irp i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t" instruction "\n\t.endr"

static void put(const struct image *image)
{
	if (has_avx())
		asm volatile(EACH_VECTOR("vmovdqu 32*\\i(%0), %%ymm\\i") : : "r"(image->vector));
	else
		asm volatile(EACH_VECTOR("movdqu 32*\\i(%0), %%xmm\\i") : : "r"(image->vector));
	asm volatile("fninit; fldcw %0; ldmxcsr %1" : : "m"(image->control), "m"(image->mxcsr));
	for (int i = 0; i < X87; i++)
		asm volatile("fldl %0" : : "m"(image->x87[i]));
}

/* Takes the x87's numbers off its stack. */
static void get(struct image *image)
{
	memset(image, 0, sizeof(*image));
	if (has_avx())
		asm volatile(EACH_VECTOR("vmovdqu %%ymm\\i, 32*\\i(%0)")
			     :
			     : "r"(image->vector)
			     : "memory");
	else
		asm volatile(EACH_VECTOR("movdqu %%xmm\\i, 32*\\i(%0)")
			     :
			     : "r"(image->vector)
			     : "memory");
	asm volatile("fnstcw %0; stmxcsr %1" : "=m"(image->control), "=m"(image->mxcsr));
	for (int i = X87; i-- > 0;)
		asm volatile("fstpl %0" : "=m"(image->x87[i]));
}

static struct image any(void)
{
	struct image image;

	for (int i = 0; i < VECTORS; i++)
		for (int j = 0; j < 4; j++)
			image.vector[i][j] = kt_random();
	for (int i = 0; i < X87; i++)
		image.x87[i] = 0x3ff0000000000000ul | kt_random() >> 12; /* between 1 and 2 */
	image.control = (uint16_t)(0x37f | (kt_random() & 3) << 10);     /* four ways to round */
	image.mxcsr = (uint32_t)(0x1f80 | (kt_random() & 3) << 13);
	return image;
}

static void expect(const struct image *right, const char *file, int line)
{
	struct image found;
	int words = has_avx() ? 4 : 2;

	get(&found);
	for (int i = 0; i < VECTORS; i++)
		for (int j = 0; j < words; j++)
			kt_equal(found.vector[i][j], right->vector[i][j], "a vector register", file,
				line);
	for (int i = 0; i < X87; i++)
		kt_equal(found.x87[i], right->x87[i], "an x87 register", file, line);
	kt_equal(found.control, right->control, "the x87's control word", file, line);
	kt_equal(found.mxcsr, right->mxcsr, "MXCSR", file, line);
}
#define EXPECT(image) expect(&(image), __FILE__, __LINE__)

KTEST(fpu_allowed, "", "x87, SSE and what XSAVE needs are switched on, and nothing traps")
{
	bool xsave = cpuid(1, 0).ecx & ECX_XSAVE;

	KT_EQ(read_cr0() & (CR0_MP | CR0_NE | CR0_EM | CR0_TS), CR0_MP | CR0_NE);
	KT_EQ(read_cr4() & (CR4_OSFXSR | CR4_OSXMMEXCPT), CR4_OSFXSR | CR4_OSXMMEXCPT);
	KT_EQ(!!(read_cr4() & CR4_OSXSAVE), xsave);
	KT_TRUE(fpu_bytes() >= (has_avx() ? 832 : 512));
}

KTEST(fpu_initial, "", "a thread's registers begin as the psABI has them, whatever was in them")
{
	struct image dirty = any(), found;
	struct {
		uint16_t control, pad0, status, pad1, tags, pad2;
		uint32_t rest[4];
	} environment;

	put(&dirty);
	KT_EQ(fpu_own(), 0);
	KT_REQUIRE(thread_self()->fpu);
	asm volatile("fnstenv %0" : "=m"(environment));
	KT_EQ(environment.control, 0x37f);
	KT_EQ(environment.status, 0);
	KT_EQ(environment.tags, 0xffff); /* all are empty */
	get(&found);
	KT_EQ(found.mxcsr, 0x1f80);
	for (int i = 0; i < VECTORS; i++)
		for (int j = 0; j < 4; j++)
			KT_EQ(found.vector[i][j], 0);
	fpu_disown(thread_self());
	KT_EQ(thread_self()->fpu, NULL);
}

/* A thread that never runs, and none that has registers. */
static struct thread other, without;

KTEST(fpu_switch, "", "each of two has its own, upper halves included; one without has none")
{
	struct thread *self = thread_self();
	struct image mine = any(), its = any(), third = any();

	KT_REQUIRE(fpu_own() == 0);
	put(&its);
	KT_REQUIRE(fpu_copy(&other) == 0 && other.fpu);
	put(&mine);
	fpu_switch(self, &other);
	EXPECT(its);
	put(&third);
	fpu_switch(&other, self);
	EXPECT(mine);
	put(&mine);
	fpu_switch(self, &without);
	put(&its); /* nobody's */
	fpu_switch(&without, &other);
	EXPECT(third);
	put(&third);
	fpu_switch(&other, &without);
	fpu_switch(&without, &without);
	fpu_switch(&without, self);
	EXPECT(mine);
	fpu_disown(&other);
	fpu_disown(self);
}

KTEST(fpu_copied, "", "a copy is what the registers were, and a copy of none is none")
{
	struct image before = any(), after = any();

	KT_EQ(fpu_copy(&other), 0);
	KT_EQ(other.fpu, NULL);
	KT_REQUIRE(fpu_own() == 0);
	put(&before);
	KT_REQUIRE(fpu_copy(&other) == 0);
	KT_TRUE(other.fpu != thread_self()->fpu);
	EXPECT(before); /* the copy took nothing away */
	put(&after);
	fpu_switch(thread_self(), &other);
	EXPECT(before);
	fpu_disown(&other);
	fpu_disown(thread_self());
}

KTEST(fpu_areas, "", "areas are aligned to 64 bytes, and all memory comes back", .needs = "2.5")
{
	static struct thread many[20];

	KT_REQUIRE(fpu_own() == 0);
	for (int i = 0; i < 20; i++) {
		KT_REQUIRE(fpu_copy(&many[i]) == 0);
		KT_EQ((uint64_t)many[i].fpu % 64, 0);
	}
	for (int i = 0; i < 20; i++)
		fpu_disown(&many[i]);
	fpu_disown(thread_self());
	fpu_disown(thread_self()); /* of none: nothing */
}

KTEST(fpu_without_memory, "", "without memory there are none, and nothing is lost")
{
	inject_failure(1);
	KT_EQ(fpu_own(), -ENOMEM);
	KT_EQ(thread_self()->fpu, NULL);
	KT_REQUIRE(fpu_own() == 0);
	struct image mine = any();
	put(&mine);
	inject_failure(1);
	KT_EQ(fpu_copy(&other), -ENOMEM);
	KT_EQ(other.fpu, NULL);
	EXPECT(mine);
	fpu_disown(thread_self());
}

static void keep_its_own(void *unused)
{
	struct image mine;

	(void)unused;
	KT_REQUIRE(fpu_own() == 0);
	for (int i = 0; i < 30; i++) {
		mine = any();
		put(&mine);
		for (uint64_t yields = 1 + kt_random() % 3; yields; yields--)
			sched_yield();
		EXPECT(mine);
	}
}

static void have_none(void *unused)
{
	(void)unused;
	for (int i = 0; i < 30; i++)
		sched_yield();
}

KTEST(fpu_threads, "", "the scheduler changes them with the threads, and frees them at the end",
	.needs = "3.1 3.2")
{
	struct thread *thread[6];

	for (int i = 0; i < 6; i++)
		KT_REQUIRE(thread[i] = thread_spawn("fpu", i < 4 ? keep_its_own : have_none, NULL));
	for (int i = 0; i < 6; i++)
		thread_join(thread[i]);
}
