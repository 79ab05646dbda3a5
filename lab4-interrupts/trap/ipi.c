/*
 * Calls from processor to processor: see ipi.h.
 *
 * Each processor has a letter box with a slot for every other one, and a word that tells which
 * of them are full. Who calls waits until all have answered, so one slot is enough; and he has
 * filled it before he sets the bit, so nothing is locked. The interrupt only says: look.
 */
#include "lab4-interrupts/trap/ipi.h"
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lock/spinlock.h"
#include "lab2-memory/page/shrinker.h"
#include "lab2-memory/pagetable/pagetable.h"
#include "lab2-memory/pagetable/tlb.h"
#include "lab3-threads/cpu/apic.h"
#include "lab3-threads/cpu/smp.h"
#include "lab3-threads/lock/preempt.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/stack.h"
#include "lab4-interrupts/trap/interrupt.h"

/* On the stack of who calls. */
struct call {
	void (*function)(void *argument); /* [I] */
	void *argument;                   /* [I] */
	uint8_t waiting;                  /* [a] the processors that have not done it yet */
};

static PERCPU(struct call *, from[CPUS_MAX]); /* the letter box: [a] */
static PERCPU(uint8_t, full);                 /* which of its slots: [a] */
static PERCPU(bool, answers);                 /* [I] false for those that the explorer plays */

static uint32_t apic_ids[CPUS_MAX]; /* [I] each its own, before it answers */
static uint8_t answering;           /* [a] which processors can be called */

static uint8_t bit(unsigned cpu)
{
	return (uint8_t)(1u << cpu);
}

/* It waits for the end of what it has sent before; that comes. */
static void send(unsigned cpu, uint8_t vector)
{
	while (apic_send(apic_ids[cpu], vector))
		CPU_PAUSE();
}

/* --- calls --------------------------------------------------------------------------- */

static void answer(unsigned caller, unsigned me)
{
	struct call *call = __atomic_load_n(&(*this_cpu_ptr(from))[caller], __ATOMIC_ACQUIRE);

	call->function(call->argument);
	__atomic_and_fetch(&call->waiting, (uint8_t)~bit(me), __ATOMIC_RELEASE);
}

/* Interrupts are off: all this is about one processor. */
static void answer_all(void)
{
	uint8_t callers = __atomic_exchange_n(this_cpu_ptr(full), 0, __ATOMIC_ACQ_REL);

	for (unsigned caller = 0; caller < CPUS_MAX; caller++)
		if (callers & bit(caller))
			answer(caller, this_cpu(cpu_number));
}

void ipi_poll(void)
{
	uint64_t flags;

	if (!__atomic_load_n(this_cpu_ptr(full), __ATOMIC_RELAXED))
		return;
	flags = irq_save();
	answer_all();
	irq_restore(flags);
}

static void called(struct trap_frame *frame)
{
	(void)frame;
	apic_done();
	answer_all();
}

/* Who has been told to look, and has not looked yet, need not be told again. */
static void post(unsigned cpu, struct call *call, unsigned me)
{
	char *area = percpu_areas[cpu];

	__atomic_store_n(&(*percpu_at(area, from))[me], call, __ATOMIC_RELAXED);
	if (!__atomic_fetch_or(percpu_at(area, full), bit(me), __ATOMIC_ACQ_REL))
		send(cpu, VECTOR_CALL);
}

static void call_and_wait(struct call *call, unsigned me)
{
	uint8_t processors = call->waiting;

	assert(irq_enabled() || !interrupts_started());
	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
		if (processors & bit(cpu))
			post(cpu, call, me);
	while (__atomic_load_n(&call->waiting, __ATOMIC_ACQUIRE)) {
		ipi_poll();
		CPU_PAUSE();
	}
}

/* Those that take part: one that came too late to be counted has said that it answers, and stopped
 * then. */
static uint8_t who_answers(void)
{
	return __atomic_load_n(&answering, __ATOMIC_ACQUIRE) & (uint8_t)(bit(smp_online()) - 1);
}

/* The caller stays on this processor. */
static void call_others(uint8_t processors, void (*function)(void *argument), void *argument)
{
	struct call call = { .function = function, .argument = argument };
	unsigned me = this_cpu(cpu_number);

	call.waiting = processors & who_answers() & ~bit(me);
	if (call.waiting && this_cpu(answers))
		call_and_wait(&call, me);
}

void ipi_call(uint8_t processors, void (*function)(void *argument), void *argument)
{
	assert(may_sleep());
	preempt_disable();
	call_others(processors, function, argument);
	preempt_enable();
}

/* --- what labs 2 and 3 are given ----------------------------------------------------- */

static void forget(void *batch)
{
	tlb_forget(batch);
}

/*
 * Those that may remember something of it: of the kernel's table all. Who loads another table
 * later forgets what was flushed before (tlb.c).
 */
static uint8_t concerned(const struct pagetable *table)
{
	uint8_t processors = 0;

	for (unsigned cpu = 0; cpu < smp_online(); cpu++)
		if (table == &kernel_pagetable || tlb_loaded_on(cpu, table))
			processors |= bit(cpu);
	return processors;
}

void ipi_flush(const struct tlb_batch *batch)
{
	uint64_t flags;

	assert(may_sleep());
	preempt_disable();
	flags = irq_save();
	if (batch->cpu != this_cpu(cpu_number))
		tlb_forget(batch);
	irq_restore(flags);
	call_others(concerned(batch->table), forget, (void *)batch);
	preempt_enable();
}

static const struct tlb_remote_ops remote_ops = { ipi_flush };

/* Where others can be told to forget, kernel stacks can be unmapped. */
static uint64_t shrink_stacks(uint64_t pages)
{
	return interrupts_work() ? stack_shrink(pages) : 0;
}
SHRINKER("4", shrink_stacks);

/* STI lets an interrupt in only behind the next instruction: none is lost between the two. */
static void wait(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

static void kick(unsigned cpu)
{
	if (__atomic_load_n(&answering, __ATOMIC_ACQUIRE) & bit(cpu))
		send(cpu, VECTOR_KICK);
}

static const struct cpu_idle_ops idle_ops = { wait, kick };

/* What it is to look for, it finds on its way back: see trap.c, and sched/idle.c. */
static void kicked(struct trap_frame *frame)
{
	(void)frame;
	apic_done();
}

void ipi_cpu_init(void)
{
	unsigned me = this_cpu(cpu_number);

	apic_ids[me] = apic_id();
	this_cpu(answers) = true;
	__atomic_or_fetch(&answering, bit(me), __ATOMIC_RELEASE);
}

void ipi_init(void)
{
	if (!interrupts_work())
		return;
	trap_set_interrupt(VECTOR_KICK, kicked);
	trap_set_interrupt(VECTOR_CALL, called);
	cpu_set_meanwhile(ipi_poll);
	sched_set_idle_ops(&idle_ops);
	tlb_set_remote_flush(&remote_ops);
}
