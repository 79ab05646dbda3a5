/*
 * From one thread to the next, into sleep and out of it: see sched.h.
 */
#include "lab3-threads/sched/sched.h"
#include "lab1-boot/boot/cmdline.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/lib/string.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/order/order.h"
#include "lab3-threads/sched/runqueue.h"
#include "lab3-threads/thread/fpu.h"
#include "lab3-threads/thread/stack.h"
#include "lab3-threads/trace/trace.h"

ROWS_DEFINE(sched_policy);

PERCPU(struct runqueue, runqueue) = { .lock = SPINLOCK_INIT("run queue") };
static PERCPU(struct thread *, switched_from); /* [runqueue.lock] over a switch */
const struct sched_policy *sched_policy;
unsigned sched_active = 1; /* the boot thread */
static unsigned ending;    /* [a] threads that have ended, and not been left yet */
static const struct thread_switch_ops *switch_ops;

static const struct sched_policy *policy_named(const char *name, size_t length)
{
	ROWS_EACH (sched_policy, policy)
		if (strlen(policy->name) == length && !strncmp(policy->name, name, length))
			return policy;
	return NULL;
}

void sched_init(void)
{
	size_t length;
	const char *asked = cmdline_value("sched", &length);

	if (asked)
		sched_policy = policy_named(asked, length);
	if (asked && !sched_policy)
		kprintf("sched: there is no such policy; fair is taken\n");
	if (!sched_policy)
		sched_policy = policy_named("fair", 4);
	sched_policy->init(0);
	this_cpu_ptr(runqueue)->current = thread_self();
	this_cpu_ptr(runqueue)->taking_part = true;
}

const char *sched_policy_name(void)
{
	return sched_policy->name;
}

void sched_set_switch_ops(const struct thread_switch_ops *ops)
{
	assert(!switch_ops && ops->switching);
	switch_ops = ops;
}

/* --- queues -------------------------------------------------------------------------- */

struct runqueue *sched_queue_lock(struct thread *thread)
{
	for (;;) {
		unsigned cpu = __atomic_load_n(&thread->cpu, __ATOMIC_RELAXED);
		struct runqueue *queue = runqueue_of(cpu);

		spin_lock(&queue->lock);
		if (thread->cpu == cpu)
			return queue;
		spin_unlock(&queue->lock);
	}
}

void sched_enqueue(struct runqueue *queue, unsigned cpu, struct thread *thread, enum sched_why why)
{
	assert(!thread->queued && thread->cpu == cpu);
	thread->queued = true;
	sched_policy->enqueue(cpu, thread, why);
	__atomic_store_n(&queue->ready, queue->ready + 1, __ATOMIC_RELAXED);
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
	struct thread *thread = queue->ready ? sched_policy->pick(cpu) : NULL;

	if (!thread && !queue->idle)
		panic("nothing can run here, and there is no idle thread");
	if (!thread)
		return queue->idle;
	now_out(queue, thread);
	return thread;
}

/* Written under the queue's lock; sched_running reads it without. */
static void set_state(struct thread *thread, enum thread_state state)
{
	__atomic_store_n(&thread->state, state, __ATOMIC_RELAXED);
}

/* --- the switch ---------------------------------------------------------------------- */

/* The time that the running thread has had since it was last asked, in nanoseconds. */
static uint64_t account(struct thread *thread)
{
	uint64_t now = clock_ns(), ns = now - thread->since;

	thread->since = now;
	thread->ran += ns;
	return ns;
}

static void switch_to(struct runqueue *queue, struct thread *from, struct thread *to)
{
	set_state(to, THREAD_RUNNING);
	to->since = clock_ns();
	to->switches++;
	__atomic_store_n(&queue->current, to, __ATOMIC_RELAXED);
	__atomic_store_n(&queue->resched, false, __ATOMIC_RELAXED);
	this_cpu(switched_from) = from;
	this_cpu(thread_current) = to;
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
 * its stack; one that may not run here any more goes where it may.
 */
void sched_switched(void)
{
	struct thread *from = this_cpu(switched_from);
	struct runqueue *queue = this_cpu_ptr(runqueue);
	bool dead = from->state == THREAD_DEAD;
	bool astray = from->state == THREAD_READY && !from->queued && from != queue->idle;

	spin_unlock(&queue->lock);
	if (dead) {
		thread_left(from);
		__atomic_sub_fetch(&ending, 1, __ATOMIC_RELEASE);
	}
	if (astray)
		sched_put(from, SCHED_MOVED);
}

/*
 * Let the next one run. Caller holds queue->lock, which is this processor's, and no other spin
 * lock; whoever runs afterwards has let go of it.
 */
static void reschedule(struct runqueue *queue, enum sched_why why)
{
	struct thread *from = thread_self(), *to;
	unsigned cpu = this_cpu(cpu_number);

	account(from);
	if (from->state == THREAD_RUNNING) {
		set_state(from, THREAD_READY);
		if (from != queue->idle && (from->affinity >> cpu & 1))
			sched_enqueue(queue, cpu, from, why);
	}
	to = pick(queue, cpu);
	if (to == from) {
		set_state(from, THREAD_RUNNING);
		spin_unlock(&queue->lock);
		return;
	}
	switch_to(queue, from, to);
}

/* --- giving way ---------------------------------------------------------------------- */

static void give_way(enum sched_why why)
{
	struct runqueue *queue = this_cpu_ptr(runqueue);

	spin_lock(&queue->lock);
	reschedule(queue, why);
}

void sched_yield(void)
{
	order_may_sleep((uint64_t)__builtin_return_address(0));
	assert(may_sleep());
	give_way(SCHED_GIVEN);
}

void sched_point(void)
{
	struct runqueue *queue = this_cpu_ptr(runqueue);
	enum sched_why why = SCHED_GIVEN;
	bool give;

	if (!may_sleep() || thread_self() == queue->idle)
		return;
	spin_lock(&queue->lock);
	give = sched_policy->tick(
		this_cpu(cpu_number), queue->current, account(queue->current), &why);
	if (give || __atomic_load_n(&queue->resched, __ATOMIC_RELAXED))
		reschedule(queue, why);
	else
		spin_unlock(&queue->lock);
}

/* --- sleeping and waking ------------------------------------------------------------- */

void sched_prepare_sleep(unsigned flags)
{
	struct thread *self = thread_self();
	struct runqueue *queue = this_cpu_ptr(runqueue);

	spin_lock(&queue->lock);
	self->interruptible = flags & SLEEP_INTERRUPTIBLE;
	set_state(self, THREAD_SLEEPING);
	spin_unlock(&queue->lock);
}

/* Whether thread_interrupt came before the sleep did. Caller holds the queue's lock. */
static bool interrupted(const struct thread *self)
{
	return self->interruptible && __atomic_load_n(&self->interrupted, __ATOMIC_ACQUIRE);
}

void sched_sleep(void)
{
	struct thread *self = thread_self();
	struct runqueue *queue = this_cpu_ptr(runqueue);

	order_may_sleep((uint64_t)__builtin_return_address(0));
	assert(may_sleep());
	spin_lock(&queue->lock);
	if (self->state != THREAD_SLEEPING || interrupted(self)) {
		set_state(self, THREAD_RUNNING);
		spin_unlock(&queue->lock);
		return;
	}
	__atomic_sub_fetch(&sched_active, 1, __ATOMIC_SEQ_CST);
	reschedule(queue, SCHED_GIVEN);
}

/* End its sleep, if it sleeps; of one that cannot be interrupted only if that is no matter. */
static bool wake(struct thread *thread, bool only_interruptible)
{
	struct runqueue *queue = sched_queue_lock(thread);
	bool slept =
		thread->state == THREAD_SLEEPING && (thread->interruptible || !only_interruptible);
	bool left = slept && queue->current != thread;

	if (slept)
		set_state(thread, left ? THREAD_READY : THREAD_RUNNING);
	if (left)
		__atomic_add_fetch(&sched_active, 1, __ATOMIC_SEQ_CST);
	spin_unlock(&queue->lock);
	if (slept)
		trace_event(TRACE_WAKE, thread->id, thread_self()->id);
	if (left)
		sched_put(thread, SCHED_WOKEN);
	return slept;
}

bool sched_wake(struct thread *thread)
{
	return wake(thread, false);
}

void sched_interrupt(struct thread *thread)
{
	__atomic_store_n(&thread->interrupted, true, __ATOMIC_RELEASE);
	wake(thread, true);
}

void sched_start(struct thread *thread)
{
	struct runqueue *queue = sched_queue_lock(thread);

	assert(thread->state == THREAD_NEW);
	set_state(thread, THREAD_READY);
	__atomic_add_fetch(&sched_active, 1, __ATOMIC_SEQ_CST);
	spin_unlock(&queue->lock);
	trace_event(TRACE_START, thread->id, thread_self()->id);
	sched_put(thread, SCHED_NEW);
}

_Noreturn void sched_exit(void)
{
	struct runqueue *queue = this_cpu_ptr(runqueue);

	trace_event(TRACE_EXIT, thread_self()->id, 0);
	__atomic_add_fetch(&ending, 1, __ATOMIC_RELAXED);
	spin_lock(&queue->lock);
	set_state(thread_self(), THREAD_DEAD);
	__atomic_sub_fetch(&sched_active, 1, __ATOMIC_SEQ_CST);
	reschedule(queue, SCHED_GIVEN);
	panic("a dead thread runs");
}

/* --- what can change while a thread waits -------------------------------------------- */

void sched_set_priority(struct thread *thread, unsigned priority)
{
	struct runqueue *queue = sched_queue_lock(thread);
	bool queued = thread->queued;

	if (queued)
		sched_dequeue(queue, thread);
	thread->priority = priority;
	if (queued)
		sched_enqueue(queue, thread->cpu, thread, SCHED_MOVED);
	if (queue->current != thread ? queued && sched_policy->urgent(thread, queue->current)
				     : queue->ready > 0)
		__atomic_store_n(&queue->resched, true, __ATOMIC_RELAXED);
	spin_unlock(&queue->lock);
}

void sched_set_affinity(struct thread *thread, uint8_t processors)
{
	struct runqueue *queue = sched_queue_lock(thread);
	bool away;

	thread->affinity = processors;
	away = thread->queued && !(processors >> thread->cpu & 1);
	if (away)
		sched_dequeue(queue, thread);
	if (queue->current == thread && !(processors >> thread->cpu & 1))
		__atomic_store_n(&queue->resched, true, __ATOMIC_RELAXED);
	spin_unlock(&queue->lock);
	if (away)
		sched_put(thread, SCHED_MOVED);
}

bool sched_takes_part(unsigned cpu)
{
	return __atomic_load_n(&runqueue_of(cpu)->taking_part, __ATOMIC_ACQUIRE);
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
