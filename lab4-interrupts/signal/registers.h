/*
 * The vector registers in a signal's frame: the area that XSAVE writes, and around it what lets a
 * program know its form. (<asm/sigcontext.h> tells the same to programs.)
 *
 *   0     512 bytes as FXSAVE has them; in the last 48, which are software's: FP_XSTATE_MAGIC1,
 *         the sizes, and which components there are
 *   512   XSAVE's header: which components are not in their initial state
 *   576   AVX and what else there is
 *         FP_XSTATE_MAGIC2, behind the end
 *
 * A program that knows of FXSAVE only may move 512 bytes and lose the rest: then the second
 * magic word is missing at its place, and only x87 and SSE are taken.
 */
#pragma once
#include <stdint.h>

/* registers_bytes: how much stack they take. registers_uc_flags: UC_FP_XSTATE if there is more than
 * FXSAVE's area. */
uint64_t registers_bytes(void);
uint64_t registers_uc_flags(void);

/* registers_save: write the calling thread's to that user address, a multiple of 64. 0 or -EFAULT.
 * May sleep. */
int registers_save(uint64_t to);

/*
 * registers_load: let the calling thread have those that stand at that user address; initial ones
 * if it is 0. 0; -EFAULT; -EINVAL for what XRSTOR would refuse: then it has initial ones, too. May
 * sleep.
 */
int registers_load(uint64_t from);

/* registers_fault: which SIGFPE it was: FPE_*, for a fault of x87 (or SSE, if sse). */
int registers_fault(_Bool sse);
