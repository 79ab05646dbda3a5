/* What entry.S, idt.c and trap.c share. Nobody else includes it. */
#pragma once

#define GATE_BYTES  16 /* between the entries at trap_gates */
#define FRAME_RIP   136
#define FRAME_CS    144
#define FRAME_BYTES 176

#define VECTOR_TRIED 0xfe /* by trap_returns */

#ifdef __ASSEMBLER__
#define MSR_GS_BASE 0xc0000101
#else
#include "lab1-boot/cpu/trap.h"
#include <stdbool.h>

#define TRAP_DEBUG         1
#define TRAP_NMI           2
#define TRAP_BREAKPOINT    3
#define TRAP_OVERFLOW      4
#define TRAP_MACHINE_CHECK 18

extern char trap_gates[];

/* trap, trap_on_own_stack: what entry.S calls, with interrupts off; they return so. */
void trap(struct trap_frame *frame);
void trap_on_own_stack(struct trap_frame *frame);

/* trap_bad_return: the way to user mode faulted at its last instruction. Returns where the frame is
 * that the program would have had, with the fault's number and error code. */
struct trap_frame *trap_bad_return(struct trap_frame *frame);

/* trap_is_todo (report.c): exercise 4.1 is not written: say so, and if nobody tries it, that is the
 * end. pushed: vector, error code, and where it happened. */
void trap_is_todo(bool tried, const uint64_t *pushed);

/* trap_unanswered (report.c): trap_panic. detail: what CR2 was, or DR6 for a debug exception. */
_Noreturn void trap_unanswered(const struct trap_frame *frame, uint64_t detail);
#endif
