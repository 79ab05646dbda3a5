/*
 * Timers: functions to be called at a moment.
 *
 * Each processor keeps those that were started on it in a heap by their deadlines; its local
 * APIC is set to the first of them, and else asks for nothing: a processor without a
 * timer and with at most one thread to run takes no interrupt at all (tickless).
 *
 * Lock order: a queue's lock comes after a run queue's, and none after it.
 *
 * Read more: Intel SDM volume 3, section 11.5.4 (APIC timer); Varghese and Lauck, "Hashed and
 * hierarchical timing wheels", SOSP 1987 (the other way to do it).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define TIMER_NEVER   UINT64_MAX
#define NS_PER_SECOND 1000000000ul

/* Key: [I] after timer_init, [queue] the lock of its processor's timers. */
struct timer {
	void (*expired)(struct timer *timer); /* [I] */
	uint64_t deadline;                    /* [queue] nanoseconds, by clock_ns */
	unsigned cpu; /* [queue] whose heap it is in, or was the last time */

	/* [queue] in the heap (heap.h): */
	struct timer *child, *next; /* the first of those below it; the next beside it */
	struct timer **at;          /* where the pointer to it stands; NULL: it is in no heap */
};

/* timers_init: let this processor's APIC serve for timers; without interrupts none ever expires,
 * and that is said. Once, on the boot processor; spins for some milliseconds to measure the APIC's
 * rate. Never sleeps. timers_start_others: those of all further ones, once interrupts are on: as
 * ipi_call.
 */
void timers_init(void);
void timers_start_others(void);

/*
 * timer_init: it does not run. expired is called in the interrupt's handler, with interrupts off,
 * on the processor where the timer was started, and never before its moment. It may start its own
 * and other timers. After it has returned nobody looks at the timer any more.
 */
void timer_init(struct timer *timer, void (*expired)(struct timer *timer));

/*
 * timer_start: call it at that moment (clock_ns), or soon afterwards; soon if that has passed. One
 * that is started already gets the new moment, or none (TIMER_NEVER). Callers see to it that nobody
 * else but its function starts or stops it meanwhile. Never sleeps. Takes a queue's lock.
 */
void timer_start(struct timer *timer, uint64_t deadline);

/* timer_stop: it will not be called, and is not being called any more, even if its function starts
 * it again: so the caller holds nothing that its function takes, and is not its function
 * (asserted). Whether it was still to come. Never sleeps. Takes a queue's lock. */
bool timer_stop(struct timer *timer);

/* timer_started: whether it is still to come. A hint, unless the caller keeps it from changing. */
bool timer_started(const struct timer *timer);

/* timers_interrupts: how often the timer has interrupted that processor. */
uint64_t timers_interrupts(unsigned cpu);

/* timers_next: the moment of the first timer of that processor; TIMER_NEVER if it has none. Takes
 * its queue's lock. timers_device_name: what calls it then. */
uint64_t timers_next(unsigned cpu);
const char *timers_device_name(void);
