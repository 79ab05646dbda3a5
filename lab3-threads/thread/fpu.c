/*
 * Saving the vector registers: see fpu.h. Where a processor has no XSAVE, FXSAVE
 * saves x87 and SSE, which every 64-bit processor has.
 */
#include "lab3-threads/thread/fpu.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab2-memory/page/page.h"
#include "lab2-memory/slab/kmalloc.h"
#include "lab3-threads/thread/thread.h"
#include <linux/errno.h>

#define CR0_MP         (1ul << 1)
#define CR0_EM         (1ul << 2)
#define CR0_TS         (1ul << 3)
#define CR0_NE         (1ul << 5)
#define CR4_OSFXSR     (1ul << 9)
#define CR4_OSXMMEXCPT (1ul << 10)
#define CR4_OSXSAVE    (1ul << 18)

#define CPUID_1_ECX_XSAVE (1u << 26)
#define XCR0_X87          1u
#define XCR0_SSE          2u
#define XCR0_AVX          4u

#define FXSAVE_BYTES  512
#define HEAD_BYTES    32           /* of them: the control and status words */
#define HEADER        FXSAVE_BYTES /* XSAVE's: SDM volume 1, section 13.4.2 */
#define HEADER_BYTES  64
#define AREA_ALIGN    64
#define FCW           0 /* where the control words stand in an area, and their initial values */
#define FCW_INITIAL   0x37f
#define MXCSR         24
#define MXCSR_INITIAL 0x1f80
#define MXCSR_MASK    28     /* behind it, what may be set there; 0 means: */
#define MXCSR_DEFAULT 0xffbf /* SDM volume 1, section 11.6.6 */

/* [I] once the boot processor has set them; the others are like it. */
static uint32_t components; /* in XCR0; 0: there is only FXSAVE */
static uint64_t bytes;
static uint32_t mxcsr_mask;

static void xsetbv(uint32_t which, uint32_t value)
{
	asm volatile("xsetbv" : : "c"(which), "a"(value), "d"(0));
}

static uint32_t mxcsr_allowed(void)
{
	static char area[FXSAVE_BYTES] __attribute__((aligned(16)));
	uint32_t mask;

	asm volatile("fxsave64 (%0)" : : "r"(area) : "memory");
	mask = *(uint32_t *)(area + MXCSR_MASK);
	return mask ? mask : MXCSR_DEFAULT;
}

void fpu_cpu_init(void)
{
	bool xsave = cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE;

	write_cr0((read_cr0() | CR0_MP | CR0_NE) & ~(CR0_EM | CR0_TS));
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT | (xsave ? CR4_OSXSAVE : 0));
	if (!bytes && xsave)
		components = cpuid(13, 0).eax & (XCR0_X87 | XCR0_SSE | XCR0_AVX);
	if (components)
		xsetbv(0, components);
	if (!bytes) /* for what XCR0 now holds */
		bytes = components ? cpuid(13, 0).ebx : FXSAVE_BYTES;
	asm volatile("fninit");
	if (!mxcsr_mask)
		mxcsr_mask = mxcsr_allowed();
}

uint64_t fpu_bytes(void)
{
	return bytes;
}

uint32_t fpu_components(void)
{
	return components;
}

uint32_t fpu_mxcsr_mask(void)
{
	return mxcsr_mask;
}

/* XRSTOR gives initial values to the components that XSAVE's header says nothing of, whatever
 * stands at their places; but what stands in MXCSR is loaded. FXRSTOR takes all as it stands. */
void fpu_initial(void *area)
{
	memset(area, 0, components ? HEAD_BYTES : bytes);
	if (components)
		memset((char *)area + HEADER, 0, HEADER_BYTES);
	*(uint16_t *)((char *)area + FCW) = FCW_INITIAL;
	*(uint32_t *)((char *)area + MXCSR) = MXCSR_INITIAL;
}

/* Areas are aligned to 64; kmalloc promises 16. The pointer that it gave stands in front. */
static void *area_make(void)
{
	char *memory = kmalloc(bytes + AREA_ALIGN + sizeof(void *), PAGE_ZERO), *area;

	if (!memory)
		return NULL;
	area = (char *)(((uint64_t)memory + sizeof(void *) + AREA_ALIGN - 1) &
			-(uint64_t)AREA_ALIGN);
	((void **)area)[-1] = memory;
	return area;
}

static void save(void *area)
{
	if (components)
		asm volatile("xsave64 (%0)" : : "r"(area), "a"(components), "d"(0) : "memory");
	else
		asm volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

static void load(const void *area)
{
	if (components)
		asm volatile("xrstor64 (%0)" : : "r"(area), "a"(components), "d"(0) : "memory");
	else
		asm volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

int fpu_own(void)
{
	void *area;

	assert(!thread_self()->fpu);
	area = area_make();
	if (!area)
		return -ENOMEM;
	fpu_initial(area);
	fpu_return(area);
	return 0;
}

void fpu_reset(void)
{
	void *area = fpu_borrow();

	if (area)
		fpu_initial(area);
	fpu_return(area);
}

void *fpu_saved(void)
{
	void *area = thread_self()->fpu;

	if (area)
		save(area);
	return area;
}

void *fpu_borrow(void)
{
	void *area = thread_self()->fpu;

	thread_self()->fpu = NULL;
	return area;
}

void fpu_return(void *area)
{
	uint64_t flags = irq_save(); /* no switch may come between the two */

	assert(!thread_self()->fpu);
	if (area)
		load(area);
	thread_self()->fpu = area;
	irq_restore(flags);
}

void fpu_disown(struct thread *thread)
{
	if (thread->fpu)
		kfree(((void **)thread->fpu)[-1]);
	thread->fpu = NULL;
}

int fpu_copy(struct thread *to)
{
	struct thread *self = thread_self();

	assert(!to->fpu);
	if (!self->fpu)
		return 0;
	to->fpu = area_make();
	if (!to->fpu)
		return -ENOMEM;
	save(self->fpu);
	memcpy(to->fpu, self->fpu, bytes);
	return 0;
}

void fpu_switch(struct thread *from, struct thread *to)
{
	if (from->fpu)
		save(from->fpu);
	if (to->fpu)
		load(to->fpu);
}
