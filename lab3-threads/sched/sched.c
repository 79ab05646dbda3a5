/*
 * From one thread to the next, into sleep and out of it: see sched.h.
 */
#include "lab3-threads/sched/sched.h"
#include "lab1-boot/debug/panic.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/order/order.h"
#include "lab3-threads/sched/runqueue.h"
#include "lab3-threads/thread/fpu.h"
#include "lab3-threads/thread/stack.h"
#include "lab3-threads/trace/trace.h"

PERCPU(struct runqueue, runqueue) = { .lock = SPINLOCK_INIT("run queue") };
static PERCPU(struct thread *, switched_from); /* [runqueue.lock] over a switch */
uint64_t sched_active = 1;                     /* the boot thread */
static unsigned ending;                        /* [a] see sched_settle */
static const struct thread_switch_ops *switch_ops;

void sched_set_switch_ops(const struct thread_switch_ops *ops)
{
	assert(!switch_ops && ops->switching);
	switch_ops = ops;
}

/* --- queues -------------------------------------------------------------------------- */

struct runqueue *sched_queue_lock(struct thread *thread, uint64_t *flags)
{
	*flags = irq_save();
	for (;;) {
		unsigned cpu = __atomic_load_n(&thread->cpu, __ATOMIC_RELAXED);
		struct runqueue *queue = runqueue_of(cpu);

		spin_lock(&queue->lock);
		if (__atomic_load_n(&thread->cpu, __ATOMIC_ACQUIRE) == cpu)
			return queue; /* otherwise others may be moving it, under their locks */
		spin_unlock(&queue->lock);
	}
}

/* The same for this processor's queue: with interrupts on, it could be another one by then. */
static struct runqueue *lock_mine(uint64_t *flags)
{
	struct runqueue *queue;

	*flags = irq_save();
	queue = this_cpu_ptr(runqueue);
	spin_lock(&queue->lock);
	return queue;
}

void sched_enqueue(struct runqueue *queue, struct thread *thread, enum sched_why why)
{
	assert(!thread->queued && thread->state == THREAD_READY);
	assert(thread->affinity >> thread->cpu & 1);
	thread->queued = true;
	sched_policy->enqueue(thread->cpu, thread, why);
	__atomic_store_n(&queue->ready, queue->ready + 1, __ATOMIC_RELEASE);
}

static void now_out(struct runqueue *queue, struct thread *thread)
{
	assert(thread->queued);
	thread->queued = false;
	__atomic_store_n(&queue->ready, queue->ready - 1, __ATOMIC_RELAXED);
}

void sched_dequeue(struct runqueue *queue, struct thread *thread)
{
	sched_policy->dequeue(thread->cpu, thread);
	now_out(queue, thread);
}

static struct thread *pick(struct runqueue *queue, unsigned cpu)
{
	struct thread *thread;

	if (!queue->ready && !queue->idle)
		panic("nothing can run here, and there is no idle thread");
	if (!queue->ready)
		return queue->idle;
	thread = sched_policy->pick(cpu);
	if (!thread)
		panic("the policy %s picks none of %u threads", sched_policy->name, queue->ready);
	now_out(queue, thread);
	return thread;
}

/* Written under the queue's lock; sched_running reads it without. */
static void set_state(struct thread *thread, enum thread_state state)
{
	__atomic_store_n(&thread->state, state, __ATOMIC_RELAXED);
}

/* --- the switch ---------------------------------------------------------------------- */

/* The clock of another processor, which may have done this before, can be ahead of ours. */
bool sched_charge(struct runqueue *queue, enum sched_why *why)
{
	struct thread *thread = queue->current;
	uint64_t now = clock_ns(), ns = now > thread->since ? now - thread->since : 0;

	thread->since += ns;
	thread->ran += ns;
	return thread != queue->idle && sched_policy->tick(thread->cpu, thread, ns, why);
}

uint64_t sched_total(const struct runqueue *queue, const struct thread *thread)
{
	uint64_t now = clock_ns();

	return thread->ran +
	       (queue->current == thread && now > thread->since ? now - thread->since : 0);
}

static void switch_to(struct runqueue *queue, struct thread *from, struct thread *to)
{
	to->since = from->since;
	to->switches++;
	__atomic_store_n(&queue->current, to, __ATOMIC_RELAXED);
	this_cpu(switched_from) = from;
	this_cpu(thread_current) = to;
	sched_limit(queue);
	from->frame = (uint64_t)__builtin_frame_address(0);
	trace_event(TRACE_SWITCH, to->id, from->id);
	stack_check(from->stack);
	fpu_switch(from, to);
	if (switch_ops)
		switch_ops->switching(from, to);
	thread_switch(&from->rsp, to->rsp);
	if (!thread_on_its_stack())
		panic("thread_switch came back on another thread's stack");
	sched_switched();
}

/*
 * What is to be done for the one that left, now that its registers are saved: a dead one gives up
 * its stack; one that may not run here any more goes where it may; one that waits here is offered
 * to processors that idle, which have looked before it did.
 */
void sched_switched(void)
{
	struct thread *from = this_cpu(switched_from);
	struct runqueue *queue = this_cpu_ptr(runqueue);
	bool dead = from->state == THREAD_DEAD;

	if (from->state == THREAD_READY && !from->queued && from != queue->idle) {
		sched_put(queue, from, SCHED_MOVED);
	} else {
		if (from->queued)
			sched_offer(from);
		spin_unlock(&queue->lock);
	}
	if (!dead)
		return;
	thread_left(from);
	__atomic_sub_fetch(&ending, 1, __ATOMIC_RELEASE);
}

/* The running thread stays. Caller holds queue->lock, which is free afterwards. */
static void go_on(struct runqueue *queue)
{
	sched_limit(queue);
	spin_unlock(&queue->lock);
}

/*
 * Let the next one run. Caller has charged the running one and holds queue->lock, which is this
 * processor's, and no other spin lock; whoever runs afterwards has let go of it.
 */
static void reschedule(struct runqueue *queue, enum sched_why why)
{
	struct thread *from = queue->current, *to;
	unsigned cpu = this_cpu(cpu_number);

	__atomic_store_n(&queue->resched, false, __ATOMIC_RELAXED);
	if (from->state == THREAD_RUNNING)
		set_state(from, THREAD_READY);
	if (from != queue->idle && from->state == THREAD_READY && (from->affinity >> cpu & 1))
		sched_enqueue(queue, from, why);
	else if (from != queue->idle && sched_policy->leave)
		sched_policy->leave(cpu, from);
	to = pick(queue, cpu);
	set_state(to, THREAD_RUNNING);
	if (to == from)
		go_on(queue);
	else
		switch_to(queue, from, to);
}

/* --- giving way ---------------------------------------------------------------------- */

void sched_yield(void)
{
	enum sched_why why = SCHED_GIVEN;
	struct runqueue *queue;
	uint64_t flags;

	order_may_sleep((uint64_t)__builtin_return_address(0));
	assert(may_sleep() && thread_self()->state == THREAD_RUNNING);
	queue = lock_mine(&flags);
	sched_charge(queue, &why);
	reschedule(queue, why);
	irq_restore(flags);
}

void sched_point(void)
{
	enum sched_why why = SCHED_PREEMPTED;
	struct runqueue *queue;
	uint64_t flags;

	if (!may_sleep()) {
		sched_too_early();
		return;
	}
	queue = lock_mine(&flags);
	if (sched_charge(queue, &why))
		sched_ask(queue);
	if (__atomic_load_n(&queue->resched, __ATOMIC_RELAXED) &&
		queue->current->state == THREAD_RUNNING && queue->current != queue->idle)
		reschedule(queue, why);
	else
		go_on(queue); /* who is about to sleep gives way then */
	irq_restore(flags);
}

/* --- sleeping and waking ------------------------------------------------------------- */

void sched_prepare_sleep(unsigned flags)
{
	struct thread *self = thread_self();
	uint64_t irq;
	struct runqueue *queue = lock_mine(&irq);

	self->interruptible = flags & SLEEP_INTERRUPTIBLE;
	set_state(self, THREAD_SLEEPING);
	spin_unlock(&queue->lock);
	irq_restore(irq);
}

/* Whether thread_interrupt came before the sleep did. Caller holds the queue's lock. */
static bool interrupted(const struct thread *self)
{
	return self->interruptible && __atomic_load_n(&self->interrupted, __ATOMIC_ACQUIRE);
}

void sched_sleep(void)
{
	struct thread *self = thread_self();
	enum sched_why why;
	struct runqueue *queue;
	uint64_t flags;

	order_may_sleep((uint64_t)__builtin_return_address(0));
	assert(may_sleep());
	queue = lock_mine(&flags);
	if (self->state != THREAD_SLEEPING || interrupted(self)) {
		set_state(self, THREAD_RUNNING);
		spin_unlock(&queue->lock);
	} else {
		self->frame = (uint64_t)__builtin_frame_address(0); /* for who finds a deadlock */
		__atomic_sub_fetch(&sched_active, 1, __ATOMIC_SEQ_CST);
		sched_charge(queue, &why);
		reschedule(queue, SCHED_GIVEN);
	}
	irq_restore(flags);
}

/* It has begun to run or comes back from sleep: count it, and let it. Caller holds queue->lock. */
static void activate(struct runqueue *queue, struct thread *thread, enum sched_why why)
{
	set_state(thread, THREAD_READY);
	__atomic_add_fetch(&sched_active, 1, __ATOMIC_SEQ_CST);
	sched_put(queue, thread, why);
}

/*
 * End its sleep, if it sleeps, and if an interrupt may do so. One that has not left its processor
 * yet will not, then. That there is an interrupt is told under the lock, too: otherwise the thread
 * might see it, and be woken for it from its next sleep.
 */
static bool wake(struct thread *thread, bool interrupt)
{
	uint64_t flags;
	struct runqueue *queue = sched_queue_lock(thread, &flags);
	bool slept = thread->state == THREAD_SLEEPING && (thread->interruptible || !interrupt);

	if (interrupt)
		__atomic_store_n(&thread->interrupted, true, __ATOMIC_RELEASE);
	if (slept)
		trace_event(TRACE_WAKE, thread->id, thread_self()->id);
	if (slept && queue->current != thread) {
		activate(queue, thread, SCHED_WOKEN);
	} else {
		if (slept)
			set_state(thread, THREAD_RUNNING);
		spin_unlock(&queue->lock);
	}
	irq_restore(flags);
	return slept;
}

bool sched_wake(struct thread *thread)
{
	return wake(thread, false);
}

void sched_interrupt(struct thread *thread)
{
	wake(thread, true);
}

void sched_start(struct thread *thread)
{
	uint64_t flags;
	struct runqueue *queue = sched_queue_lock(thread, &flags);

	assert(thread->state == THREAD_NEW);
	trace_event(TRACE_START, thread->id, thread_self()->id);
	activate(queue, thread, SCHED_NEW);
	irq_restore(flags);
}

/* --- ending -------------------------------------------------------------------------- */

void sched_ending(void)
{
	if (!thread_self()->ending)
		__atomic_add_fetch(&ending, 1, __ATOMIC_RELAXED);
	thread_self()->ending = true;
}

_Noreturn void sched_exit(void)
{
	enum sched_why why;
	struct runqueue *queue;
	uint64_t flags;

	sched_ending();
	queue = lock_mine(&flags);
	trace_event(TRACE_EXIT, thread_self()->id, 0);
	set_state(thread_self(), THREAD_DEAD);
	__atomic_sub_fetch(&sched_active, 1, __ATOMIC_SEQ_CST);
	sched_charge(queue, &why);
	reschedule(queue, SCHED_GIVEN);
	panic("a dead thread runs");
}

void sched_settle(void)
{
	while (__atomic_load_n(&ending, __ATOMIC_ACQUIRE)) {
		sched_yield();
		CPU_PAUSE();
	}
}

bool sched_running(const struct thread *thread)
{
	return __atomic_load_n(&thread->state, __ATOMIC_RELAXED) == THREAD_RUNNING;
}

void sched_nudge(const struct thread *thread)
{
	if (sched_running(thread))
		sched_kick(__atomic_load_n(&thread->cpu, __ATOMIC_RELAXED));
}

bool sched_asked(void)
{
	return __atomic_load_n(&this_cpu_ptr(runqueue)->resched, __ATOMIC_RELAXED);
}

uint64_t sched_ran(struct thread *thread)
{
	uint64_t flags, ran;
	struct runqueue *queue = sched_queue_lock(thread, &flags);

	ran = sched_total(queue, thread);
	spin_unlock_irqrestore(&queue->lock, flags);
	return ran;
}

bool sched_takes_part(unsigned cpu)
{
	return __atomic_load_n(&runqueue_of(cpu)->taking_part, __ATOMIC_ACQUIRE);
}
