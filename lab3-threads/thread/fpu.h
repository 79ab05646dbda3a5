/*
 * The floating-point and vector registers of threads.
 *
 * The kernel is compiled to use general registers only. A thread that runs programs
 * (lab 4) gets an area for XSAVE, and the scheduler saves and loads the registers at
 * each switch between such threads.
 *
 * Read more: Intel SDM volume 1, chapter 13 (XSAVE).
 */
#pragma once
#include <stdint.h>

struct thread;

/* fpu_cpu_init: let this processor use x87, SSE and, where it has it, AVX. Once on each. */
void fpu_cpu_init(void);

/* fpu_own: give the calling thread registers of its own, in their initial state. 0, or -ENOMEM.
 * May sleep. */
int fpu_own(void);

/* fpu_reset: the calling thread's registers, if it has any, are in their initial state again (exec,
 * lab 4). Never sleeps. */
void fpu_reset(void);

/* fpu_disown: take a thread's area away; when it is freed. Never sleeps. */
void fpu_disown(struct thread *thread);

/* fpu_copy: give a thread that does not run yet the calling thread's registers (fork, lab 4). 0, or
 * -ENOMEM; 0 without doing anything if the caller has none. May sleep. */
int fpu_copy(struct thread *to);

/* fpu_switch: save one thread's registers, load the other's; of those that have any. */
void fpu_switch(struct thread *from, struct thread *to);

/* fpu_bytes: how large an area is. fpu_components: what XSAVE saves in it, as XCR0 names it; 0:
 * there is only FXSAVE. fpu_mxcsr_mask: the bits of MXCSR that may be set. */
uint64_t fpu_bytes(void);
uint32_t fpu_components(void);
uint32_t fpu_mxcsr_mask(void);

/* fpu_saved: the calling thread's area, with what is in the registers now; NULL if it has none. The
 * area is written again at its next switch. Never sleeps. */
void *fpu_saved(void);

/*
 * fpu_borrow: take the calling thread's area, to fill it with something else: until fpu_return
 * what is in the registers is nobody's, and no switch touches the area. fpu_return loads what
 * stands there, which XRSTOR accepts. NULL if it has none, which fpu_return accepts. Never sleep.
 */
void *fpu_borrow(void);
void fpu_return(void *area);

/* fpu_initial: write the initial state into an area. */
void fpu_initial(void *area);
