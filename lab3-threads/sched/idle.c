/*
 * Processors with nothing to do: they look for work, and wait. When all of them do,
 * and nothing is under way that could wake a thread, none ever will again: that is a
 * deadlock, and said.
 */
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/debug/backtrace.h"
#include "lab1-boot/debug/panic.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/sched/runqueue.h"

static void poll(void)
{
	CPU_PAUSE();
}

static void no_kick(unsigned cpu)
{
	(void)cpu; /* it polls */
}

static const struct cpu_idle_ops polling = { poll, no_kick };
static const struct cpu_idle_ops *idle_ops = &polling;

void sched_set_idle_ops(const struct cpu_idle_ops *ops)
{
	assert(idle_ops == &polling && ops->wait && ops->kick);
	idle_ops = ops;
}

void sched_poll(void)
{
	idle_ops = &polling;
}

void sched_kick(unsigned cpu)
{
	if (cpu != this_cpu(cpu_number))
		idle_ops->kick(cpu);
}

void sched_pending(int more)
{
	__atomic_add_fetch(&sched_active, (uint64_t)(int64_t)more << 32, __ATOMIC_SEQ_CST);
}

static bool tell_sleeper(struct thread *thread, void *context)
{
	(void)context;
	if (thread->state == THREAD_SLEEPING) {
		kprintf("\nthread %u \"%s\" sleeps:\n", thread->id, thread->name);
		backtrace_print(0, thread->frame);
	}
	return true;
}

/* The threads' states stand still: nothing runs that could change them. */
static void look_for_deadlock(void)
{
	/* What comes from outside wakes first, and is not pending any more then; who sleeps until
	 * it comes has let it be pending before. */
	if (__atomic_load_n(&sched_active, __ATOMIC_SEQ_CST))
		return;
	panic_begin();
	threads_each(tell_sleeper, NULL);
	panic("deadlock: every thread sleeps, and nothing can wake one");
}

/* Looking for work and waiting is done with interrupts off: whoever brings work after the look
 * ends the wait. */
_Noreturn void sched_idle(void)
{
	struct runqueue *queue = this_cpu_ptr(runqueue);

	for (;;) {
		uint64_t flags = irq_save();

		while (!__atomic_load_n(&queue->ready, __ATOMIC_ACQUIRE)) {
			enum sched_found found = sched_steal();

			if (found == SCHED_FOUND)
				break;
			if (found == SCHED_BUSY) {
				CPU_PAUSE();
				continue;
			}
			look_for_deadlock();
			idle_ops->wait();
		}
		irq_restore(flags);
		sched_yield();
	}
}

void sched_prepare_cpu(unsigned cpu, struct thread *idle)
{
	struct runqueue *queue = runqueue_of(cpu);

	idle->cpu = cpu;
	idle->affinity = (uint8_t)(1u << cpu);
	queue->idle = idle;
	if (cpu == this_cpu(cpu_number))
		return; /* it runs something else now, and has its policy */
	sched_policy->init(cpu);
	idle->state = THREAD_RUNNING;
	queue->current = idle;
	*percpu_at(percpu_areas[cpu], thread_current) = idle;
}

_Noreturn void sched_cpu_enter(void)
{
	struct runqueue *queue = this_cpu_ptr(runqueue);

	queue->began = queue->idle->since = clock_ns();
	__atomic_store_n(&queue->taking_part, true, __ATOMIC_RELEASE);
	sched_idle();
}
