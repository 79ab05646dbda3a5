/* The vector registers in a signal's frame: see registers.h. */
#include "lab4-interrupts/signal/registers.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/thread/fpu.h"
#include "lab4-interrupts/call/usercopy.h"
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/ucontext.h>
#include <linux/errno.h>
#include <stdbool.h>

#define LEGACY_BYTES 512 /* what FXSAVE writes */
#define HEADER_BYTES 64  /* behind it, XSAVE's */
#define X87_AND_SSE  3u

/* Intel SDM volume 1, section 13.4.2. */
struct header {
	uint64_t present; /* XSTATE_BV */
	uint64_t compact; /* XCOMP_BV: 0, the standard form */
	uint64_t reserved[6];
};
_Static_assert(sizeof(struct header) == HEADER_BYTES, "SDM volume 1, section 13.4.2");
_Static_assert(sizeof(struct _fpstate_64) == LEGACY_BYTES, "<asm/sigcontext.h>");

static struct header *header_of(void *area)
{
	return (struct header *)((char *)area + LEGACY_BYTES);
}

uint64_t registers_bytes(void)
{
	return fpu_bytes() + (fpu_components() ? FP_XSTATE_MAGIC2_SIZE : 0);
}

uint64_t registers_uc_flags(void)
{
	return fpu_components() ? UC_FP_XSTATE : 0;
}

int registers_save(uint64_t to)
{
	struct _fpstate_64 *area = fpu_saved();
	uint32_t magic = FP_XSTATE_MAGIC2;

	if (!area)
		return clear_user(to, registers_bytes());
	if (fpu_components()) {
		area->sw_reserved = (struct _fpx_sw_bytes){
			.magic1 = FP_XSTATE_MAGIC1,
			.extended_size = (uint32_t)registers_bytes(),
			.xfeatures = fpu_components(),
			.xstate_size = (uint32_t)fpu_bytes(),
		};
		header_of(area)->present |= X87_AND_SSE; /* a program may look for them there */
		if (copy_to_user(to + fpu_bytes(), &magic, sizeof(magic)))
			return -EFAULT;
	}
	return copy_to_user(to, area, fpu_bytes());
}

/* --- the way back -------------------------------------------------------------------- */

/* Whether all of the area is there, and not only what FXSAVE knows. */
static bool is_extended(const struct _fpstate_64 *area, uint64_t from)
{
	const struct _fpx_sw_bytes *told = &area->sw_reserved;
	uint32_t magic;

	return fpu_components() && told->magic1 == FP_XSTATE_MAGIC1 &&
	       told->xstate_size >= LEGACY_BYTES + HEADER_BYTES &&
	       told->xstate_size <= fpu_bytes() && told->xstate_size <= told->extended_size &&
	       copy_from_user(&magic, from + told->xstate_size, sizeof(magic)) == 0 &&
	       magic == FP_XSTATE_MAGIC2;
}

/* What XRSTOR would answer with a general protection fault. */
static bool is_valid(const struct _fpstate_64 *area)
{
	const struct header *header = header_of((void *)area);
	uint64_t reserved = header->compact;

	if (area->mxcsr & ~fpu_mxcsr_mask())
		return false;
	if (!fpu_components())
		return true;
	for (int i = 0; i < 6; i++)
		reserved |= header->reserved[i];
	return !reserved && !(header->present & ~(uint64_t)fpu_components());
}

static int load(struct _fpstate_64 *area, uint64_t from)
{
	bool extended;

	if (copy_from_user(area, from, LEGACY_BYTES))
		return -EFAULT;
	extended = is_extended(area, from);
	if (extended && copy_from_user(header_of(area), from + LEGACY_BYTES,
				area->sw_reserved.xstate_size - LEGACY_BYTES))
		return -EFAULT;
	if (!extended && fpu_components())
		*header_of(area) = (struct header){ .present = X87_AND_SSE };
	return is_valid(area) ? 0 : -EINVAL;
}

int registers_load(uint64_t from)
{
	void *area = fpu_borrow();
	int error = 0;

	if (!area)
		return 0;
	if (from)
		error = load(area, from);
	if (!from || error)
		fpu_initial(area);
	fpu_return(area);
	return error;
}

/* --- what went wrong ----------------------------------------------------------------- */

/* x87's status word and SSE's MXCSR have the same six bits, and masks for them. */
int registers_fault(bool sse)
{
	static const int code[6] = { FPE_FLTINV, FPE_FLTUND, FPE_FLTDIV, FPE_FLTOVF, FPE_FLTUND,
		FPE_FLTRES };
	const struct _fpstate_64 *area = fpu_saved();
	unsigned raised = 0;

	if (area)
		raised = sse ? area->mxcsr & ~(area->mxcsr >> 7) : area->swd & ~area->cwd & 0xffu;
	for (int i = 0; i < 6; i++)
		if (raised & 1u << i)
			return code[i];
	return FPE_FLTUNK;
}
