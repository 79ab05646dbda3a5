/* From a trap to who deals with it: see interrupt.h. */
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/cpu/apic.h"
#include "lab3-threads/lock/preempt.h"
#include "lab3-threads/sched/sched.h"
#include "lab4-interrupts/random/random.h"
#include "lab4-interrupts/trap/entry.h"
#include "lab4-interrupts/trap/interrupt.h"

_Static_assert(__builtin_offsetof(struct trap_frame, rip) == FRAME_RIP, "entry.S");
_Static_assert(__builtin_offsetof(struct trap_frame, cs) == FRAME_CS, "entry.S");
_Static_assert(sizeof(struct trap_frame) == FRAME_BYTES, "entry.S");

#define DR6_RESET 0xffff0ff0ul /* nothing has happened */

PERCPU(unsigned, interrupt_depth) = 0;
static PERCPU(bool, in_nmi) = false;
static PERCPU(uint64_t, counts[TRAP_VECTORS]); /* its own processor's to change; [a] for a look */

static trap_handler *exceptions[TRAP_EXCEPTIONS];             /* [a] */
static void (*interrupts[TRAP_VECTORS])(struct trap_frame *); /* [a] */
static void (*user_return)(struct trap_frame *);              /* [I] once set */
static uint64_t unexpected;                                   /* [a] */

void trap_set_exception(unsigned vector, bool (*handle)(struct trap_frame *frame, uint64_t detail))
{
	assert(vector < TRAP_EXCEPTIONS && !exceptions[vector]);
	__atomic_store_n(&exceptions[vector], handle, __ATOMIC_RELEASE);
}

trap_handler *trap_replace_exception(unsigned vector, trap_handler *handle)
{
	assert(vector < TRAP_EXCEPTIONS);
	return __atomic_exchange_n(&exceptions[vector], handle, __ATOMIC_ACQ_REL);
}

void trap_set_interrupt(unsigned vector, void (*handle)(struct trap_frame *frame))
{
	assert(vector >= TRAP_EXCEPTIONS && vector < TRAP_VECTORS);
	assert(!handle || !interrupts[vector]);
	__atomic_store_n(&interrupts[vector], handle, __ATOMIC_RELEASE);
}

void trap_set_user_return(void (*prepare)(struct trap_frame *frame))
{
	assert(!user_return);
	user_return = prepare;
}

void trap_user_return(struct trap_frame *frame)
{
	if (user_return)
		user_return(frame);
}

uint64_t trap_count(unsigned cpu, unsigned vector)
{
	return __atomic_load_n(&(*percpu_at(percpu_areas[cpu], counts))[vector], __ATOMIC_RELAXED);
}

uint64_t trap_unexpected(void)
{
	return __atomic_load_n(&unexpected, __ATOMIC_RELAXED);
}

/* What the processor tells of an exception apart from its frame; the next one overwrites it. To DR6
 * it only adds: the next one would be told what this one was, too. */
static uint64_t detail_of(unsigned vector)
{
	uint64_t detail;

	if (vector != TRAP_DEBUG)
		return read_cr2();
	asm volatile("mov %%dr6, %0" : "=r"(detail));
	asm volatile("mov %0, %%dr6" : : "r"(DR6_RESET));
	return detail;
}

static bool deal_with(struct trap_frame *frame, uint64_t detail)
{
	trap_handler *handle = __atomic_load_n(&exceptions[frame->vector], __ATOMIC_ACQUIRE);

	return handle && handle(frame, detail);
}

/*
 * A trap in the handler of a non-maskable interrupt would let the next of those come with its
 * IRETQ, onto the stack that the first one still uses.
 */
static void exception(struct trap_frame *frame)
{
	uint64_t detail = detail_of((unsigned)frame->vector);

	if (this_cpu(in_nmi))
		trap_unanswered(frame, detail);
	irq_restore(frame->rflags);
	if (!deal_with(frame, detail))
		trap_unanswered(frame, detail);
	irq_save();
}

/* Nobody asked for it: a device that changed its mind, a line that trembled, or an INT instruction.
 * The local APIC waits for its end only if it has really sent it. */
static void interrupt_unexpected(struct trap_frame *frame)
{
	__atomic_add_fetch(&unexpected, 1, __ATOMIC_RELAXED);
	if (apic_in_service((unsigned)frame->vector))
		apic_done();
}

static void interrupt(struct trap_frame *frame)
{
	void (*handle)(struct trap_frame *) =
		__atomic_load_n(&interrupts[frame->vector], __ATOMIC_ACQUIRE);
	uint64_t *count = &(*this_cpu_ptr(counts))[frame->vector];

	__atomic_store_n(count, *count + 1, __ATOMIC_RELAXED);
	random_event(frame->vector ^ frame->rip);
	this_cpu(interrupt_depth)++;
	preempt_disable();
	(handle ? handle : interrupt_unexpected)(frame);
	preempt_enable();
	this_cpu(interrupt_depth)--;
	sched_point(); /* not in an interrupt that came in between another's handler */
}

void trap(struct trap_frame *frame)
{
	if (frame->vector < TRAP_EXCEPTIONS)
		exception(frame);
	else
		interrupt(frame);
	if (trap_from_user(frame))
		trap_user_return(frame);
}

/*
 * Non-maskable interrupt, double fault, machine check. When somebody has panicked, the first is how
 * all others are stopped: there panic_begin does not return. Who panics himself goes on.
 */
void trap_on_own_stack(struct trap_frame *frame)
{
	bool nmi = frame->vector == TRAP_NMI, before = this_cpu(in_nmi), dealt_with;
	uint64_t detail = detail_of((unsigned)frame->vector);

	if (nmi && panic_begun()) {
		panic_begin();
		return;
	}
	this_cpu(in_nmi) = before || nmi;
	dealt_with = deal_with(frame, detail);
	this_cpu(in_nmi) = before;
	if (!dealt_with)
		trap_unanswered(frame, detail);
}

/* The registers are the program's already; of the way back, the processor has only read. */
struct trap_frame *trap_bad_return(struct trap_frame *frame)
{
	char *wanted = (char *)frame->rsp - FRAME_RIP;

	memmove(wanted, frame, FRAME_RIP);
	return (struct trap_frame *)wanted;
}
