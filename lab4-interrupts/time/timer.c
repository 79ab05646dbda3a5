/*
 * Timers of each processor: see timer.h.
 *
 * The device is only ever set to something earlier, and never turned off: when the first
 * timer is stopped, the interrupt for it still comes, finds nothing to do, and sets the
 * device to what is first then. That one interrupt costs less than setting the device each
 * time, for most timers guard against what does not happen, and are stopped.
 */
#include "lab4-interrupts/time/timer.h"
#include "lab1-boot/console/kprintf.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab1-boot/lock/spinlock.h"
#include "lab3-threads/cpu/apic.h"
#include "lab3-threads/cpu/clock.h"
#include "lab3-threads/sched/sched.h"
#include "lab4-interrupts/time/device.h"
#include "lab4-interrupts/time/heap.h"
#include "lab4-interrupts/trap/interrupt.h"
#include "lab4-interrupts/trap/ipi.h"

/* How long threads have the processor after timers had it: as long as those took, and this in
 * nanoseconds, which also has to do for the way into the interrupt and out of it. So much later may
 * a timer come; but nobody keeps a processor busy with timers alone. */
#define REST 20000

#define ALL_PROCESSORS 0xff

/* Key: [lock] taken with interrupts off, [c] this processor only. */
struct timers {
	struct spinlock lock;
	struct timer_heap heap; /* [lock] */
	struct timer *running;  /* [lock] whose function is being called */
	uint64_t set;           /* [lock] what the device is set to; TIMER_NEVER: nothing */
	uint64_t pass;          /* [lock] when timers_expire began last */
	uint64_t rest;          /* [lock] no interrupt before this moment */
	uint64_t interrupts;    /* [c] */
};

static PERCPU(struct timers, timers) = { .lock = SPINLOCK_INIT("timers"), .set = TIMER_NEVER };
static const struct timer_device *device; /* [I] after timers_init, but for tests */

static struct timers *timers_of(unsigned cpu)
{
	return percpu_at(percpu_areas[cpu], timers);
}

void timer_init(struct timer *timer, void (*expired)(struct timer *timer))
{
	*timer = (struct timer){ .expired = expired };
}

bool timer_started(const struct timer *timer)
{
	return __atomic_load_n(&timer->at, __ATOMIC_RELAXED);
}

uint64_t timers_interrupts(unsigned cpu)
{
	return __atomic_load_n(&timers_of(cpu)->interrupts, __ATOMIC_RELAXED);
}

uint64_t timers_next(unsigned cpu)
{
	struct timers *queue = timers_of(cpu);
	uint64_t flags = spin_lock_irqsave(&queue->lock);
	uint64_t next = queue->heap.first ? queue->heap.first->deadline : TIMER_NEVER;

	spin_unlock_irqrestore(&queue->lock, flags);
	return next;
}

const char *timers_device_name(void)
{
	return device ? device->name : "none";
}

// BEGIN SOLUTION 4.2
/* Let the device interrupt for the first timer, if it would not by then. Caller holds queue->lock,
 * which is this processor's. */
static void set_device(struct timers *queue)
{
	struct timer *first = queue->heap.first;
	uint64_t moment = first ? first->deadline : TIMER_NEVER;

	moment = moment < queue->rest ? queue->rest : moment;
	if (!device || moment >= queue->set)
		return;
	queue->set = moment;
	device->set(moment);
}

/* Whether it was in the heap. sched_pending counts those that are. Caller holds queue->lock. */
static bool take_out(struct timers *queue, struct timer *timer)
{
	if (!timer->at)
		return false;
	heap_remove(&queue->heap, timer);
	return true;
}

/*
 * The queue that the timer is to go to, locked: this processor's, unless its function is running on
 * another: then that one's, so that timer_stop knows where to look. It is in no heap any more, and
 * was_in tells whether it was.
 */
static struct timers *move(struct timer *timer, bool *was_in)
{
	struct timers *queue = timers_of(timer->cpu), *mine = this_cpu_ptr(timers);

	spin_lock(&queue->lock);
	*was_in = take_out(queue, timer);
	if (queue == mine || queue->running == timer)
		return queue;
	timer->cpu = this_cpu(cpu_number);
	spin_unlock(&queue->lock);
	spin_lock(&mine->lock);
	return mine;
}
// END SOLUTION 4.2 =>

void timer_start(struct timer *timer, uint64_t deadline)
{
	/* Exercise 4.2: sched_pending is to know how many timers are still to come. Who starts a
	 * timer while timers_expire calls functions does not have it called in the same pass:
	 * otherwise one that starts itself for a moment that has passed would keep the processor.
	 */
	// BEGIN SOLUTION 4.2
	uint64_t flags = irq_save();
	bool was_in;
	struct timers *queue = move(timer, &was_in);

	if (queue->running && deadline <= queue->pass)
		deadline = queue->pass + 1;
	timer->deadline = deadline;
	if (deadline != TIMER_NEVER)
		heap_insert(&queue->heap, timer);
	if (!queue->running)
		set_device(queue); /* otherwise timers_expire does so at its end */
	spin_unlock(&queue->lock);
	irq_restore(flags);
	sched_pending((deadline != TIMER_NEVER) - was_in);
	// END SOLUTION 4.2 => todo("4.2"); (void)timer, (void)deadline;
}

bool timer_stop(struct timer *timer)
{
	/* Exercise 4.2: while its function is being called on another processor, wait: it may start
	 * the timer again. */
	// BEGIN SOLUTION 4.2
	bool was_in = false, running;

	do {
		struct timers *queue = timers_of(timer->cpu);
		uint64_t flags = spin_lock_irqsave(&queue->lock);

		if (take_out(queue, timer)) {
			was_in = true;
			sched_pending(-1);
		}
		running = queue->running == timer;
		assert(!running || queue != this_cpu_ptr(timers));
		spin_unlock_irqrestore(&queue->lock, flags);
		if (running)
			CPU_PAUSE();
	} while (running);
	return was_in;
	// END SOLUTION 4.2 => todo("4.2"); (void)timer; return false;
}

// BEGIN SOLUTION 4.2
/* Call its function, without the lock: it may start timers, and wake threads. What it had to wake
 * was woken before it is not pending any more. Caller holds queue->lock, and does so again. */
static void run(struct timers *queue, struct timer *timer)
{
	take_out(queue, timer);
	queue->running = timer;
	spin_unlock(&queue->lock);
	timer->expired(timer);
	sched_pending(-1);
	spin_lock(&queue->lock);
	queue->running = NULL;
}
// END SOLUTION 4.2 =>

void timers_expire(void)
{
	/* Exercise 4.2: call all whose moment has come, the earliest first, and let the device
	 * interrupt for the next one, but not before threads have had their REST. The device is set
	 * to nothing now. It may have come too early. */
	// BEGIN SOLUTION 4.2
	struct timers *queue = this_cpu_ptr(timers);
	uint64_t began = clock_ns(), ended;

	spin_lock(&queue->lock);
	queue->set = TIMER_NEVER;
	queue->pass = began;
	while (queue->heap.first && queue->heap.first->deadline <= began)
		run(queue, queue->heap.first);
	ended = clock_ns();
	queue->rest = ended + (ended - began) + REST;
	set_device(queue);
	spin_unlock(&queue->lock);
	// END SOLUTION 4.2 => todo("4.2");
}

static void interrupt(struct trap_frame *frame)
{
	(void)frame;
	apic_done();
	this_cpu(timers).interrupts++;
	timers_expire();
}

const struct timer_device *timers_use(const struct timer_device *its_device)
{
	const struct timer_device *before = device;

	device = its_device;
	return before;
}

void timers_init(void)
{
	timers_use(timer_device_find());
	if (!device) {
		kprintf("timer: this machine has none\n");
		return;
	}
	trap_set_interrupt(VECTOR_TIMER, interrupt);
	device->start();
}

/* On each further processor, which came up before anybody knew of a device. */
static void start(void *unused)
{
	(void)unused;
	device->start();
}

void timers_start_others(void)
{
	if (device)
		ipi_call(ALL_PROCESSORS, start, NULL);
}
