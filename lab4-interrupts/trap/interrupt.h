/*
 * Traps: what the processor does when something comes in between, and the way back.
 *
 * An exception (0 to 31) is about the instruction that was running; an interrupt (32 to
 * 255) is about something else, and may come between any two. Both save all registers in
 * a struct trap_frame on the kernel's stack, call C, and load them again (entry.S). One that
 * came out of user mode passes by trap_user_return before it goes back: there a thread
 * gives way, and signals are delivered.
 *
 * Handlers of interrupts run with interrupts off, on whatever kernel stack they find; they do
 * not sleep, and take spin locks only in the irqsave form or such that are always taken so.
 *
 * Read more: Intel SDM volume 3, chapter 6 (interrupt and exception handling), section 6.14
 * (in 64-bit mode).
 */
#pragma once
#include "lab1-boot/cpu/percpu.h"
#include "lab1-boot/cpu/trap.h"
#include <stdbool.h>

#define TRAP_VECTORS 256

/* Who has which vector. Devices get theirs from irq.h. */
#define VECTOR_DEVICES  0x30 /* the first of them */
#define VECTOR_LAST     0xef /* the last of them */
#define VECTOR_TIMER    0xf0
#define VECTOR_KICK     0xf1 /* look for work: see sched.h */
#define VECTOR_CALL     0xf2 /* ipi_call */
#define VECTOR_SPURIOUS 0xff

/* How deep in handlers of interrupts this processor is; [c]. */
PERCPU_DECLARE(unsigned, interrupt_depth);

static inline bool in_interrupt(void)
{
	return this_cpu(interrupt_depth) != 0;
}

static inline bool trap_from_user(const struct trap_frame *frame)
{
	return frame->cs & 3;
}

/*
 * interrupts_init: the boot processor's local APIC; false if there is none, or if exercise 4.1 is
 * not written: then the kernel goes on without interrupts, and that is said. New threads begin with
 * interrupts on from then on. Once, first of all. May sleep.
 */
bool interrupts_init(void);

/* interrupts_cpu_init: a further processor's local APIC, which is there, and its part in IPIs. It
 * takes interrupts when it idles and in threads. Once on each, with interrupts off. Never sleeps.
 */
void interrupts_cpu_init(void);

/* interrupts_start: turn them on, if there are any: the end of the boot. */
void interrupts_start(void);

/* interrupts_work: whether interrupts_init was true. interrupts_started: and the boot is over. */
bool interrupts_work(void);
bool interrupts_started(void);

/*
 * trap_set_exception: what an exception means, if it is not the end: handle returns whether it has
 * been dealt with, and the interrupted instruction goes on as the frame says. Otherwise the kernel
 * panics. detail: the address of a page fault (CR2 can be another one's by now), DR6 of a debug
 * exception. It is called with interrupts as they were where it happened; it may sleep if that
 * place might. That of a non-maskable interrupt may be anywhere: it takes no locks, and must not
 * trap. Once for each vector (asserted).
 */
void trap_set_exception(unsigned vector, bool (*handle)(struct trap_frame *frame, uint64_t detail));

/* trap_replace_exception: another handler, or NULL for none; returns the one before. For tests. */
typedef bool trap_handler(struct trap_frame *frame, uint64_t detail);
trap_handler *trap_replace_exception(unsigned vector, trap_handler *handle);

/* trap_set_interrupt: who is called for an interrupt, before which nobody is; NULL takes it back
 * (no processor may be in it then). The handler tells the local APIC itself (apic_done). When it
 * has returned, the thread that was interrupted gives way if it should. */
void trap_set_interrupt(unsigned vector, void (*handle)(struct trap_frame *frame));

/*
 * trap_set_user_return: called each time before a thread goes to user mode, whether from a trap, a
 * system call or for the first time; with interrupts off, and returns so. It may turn them on
 * meanwhile, and sleep, and change the frame. Once (asserted).
 */
void trap_set_user_return(void (*prepare)(struct trap_frame *frame));

/* trap_user_return: that, for who enters user mode by another way than a trap. */
void trap_user_return(struct trap_frame *frame);

/* trap_count: how many interrupts with that vector a processor has had. */
uint64_t trap_count(unsigned cpu, unsigned vector);

/* trap_unexpected: how many interrupts there were for which nobody had asked. */
uint64_t trap_unexpected(void);

/* trap_returns (entry.S): try a trap: whether it comes back; false if exercise 4.1 is not written.
 */
bool trap_returns(void);

/* trap_to_user (entry.S): load these registers, and go. Interrupts are off; trap_user_return has
 * been called. */
_Noreturn void trap_to_user(struct trap_frame *frame);
