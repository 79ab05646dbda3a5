/*
 * Exceptions of programs, page faults apart (memory/fault.c): which signal each is, and what its
 * handler is told. In the kernel they are the kernel's own fault, and end in a panic.
 *
 * Read more: Intel SDM volume 3, section 6.15 (exceptions); sigaction(2), "The siginfo_t argument".
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab3-threads/thread/fpu.h"
#include "lab4-interrupts/signal/registers.h"
#include "lab4-interrupts/signal/state.h"
#include "lab4-interrupts/trap/interrupt.h"

#define VECTOR_DEBUG 1
#define VECTOR_X87   16
#define VECTOR_SIMD  19
#define DR6_POINTS   0xful /* which of DR0 to DR3 was met */
#define DR6_STEP     (1ul << 14)
#define FAULTS       20
#define OWN_CODE     -1 /* what went wrong stands in registers */

/* What a vector means; number 0: nothing to a program. The address is the instruction's. */
static const struct fault {
	int number, code;
} faults[FAULTS] = {
	[0] = { SIGFPE, FPE_INTDIV },
	[1] = { SIGTRAP, OWN_CODE },
	[3] = { SIGTRAP, SI_KERNEL }, /* int3 */
	[4] = { SIGSEGV, SI_KERNEL }, /* into; not in 64-bit mode */
	[5] = { SIGSEGV, SI_KERNEL }, /* bound */
	[6] = { SIGILL, ILL_ILLOPN },
	[10] = { SIGSEGV, SI_KERNEL },
	[11] = { SIGBUS, SI_KERNEL },
	[12] = { SIGBUS, SI_KERNEL },
	[13] = { SIGSEGV, SI_KERNEL },
	[VECTOR_X87] = { SIGFPE, OWN_CODE },
	[17] = { SIGBUS, BUS_ADRALN },
	[VECTOR_SIMD] = { SIGFPE, OWN_CODE },
};

static int own_code(const struct trap_frame *frame, uint64_t detail)
{
	if (frame->vector == VECTOR_DEBUG && (detail & DR6_STEP))
		return TRAP_TRACE;
	if (frame->vector == VECTOR_DEBUG)
		return detail & DR6_POINTS ? TRAP_HWBKPT : TRAP_BRKPT; /* int1 says nothing */
	return registers_fault(frame->vector == VECTOR_SIMD);
}

/* detail: DR6, for a debug exception. */
static bool handle(struct trap_frame *frame, uint64_t detail)
{
	const struct fault *fault = &faults[frame->vector];
	int code = fault->code;

	if (!trap_from_user(frame) || !task_self())
		return false;
	if (code == OWN_CODE)
		code = own_code(frame, detail);
	signal_force(fault->number, code, frame->rip);
	return true;
}

void signal_init(void)
{
	signals_init();
	for (unsigned vector = 0; vector < FAULTS; vector++)
		if (faults[vector].number)
			trap_set_exception(vector, handle);
}
