/*
 * Timers: functions to be called at a moment.
 *
 * Each processor keeps those that were started on it in a heap by their deadlines; its local
 * APIC is set to the first of them, and else asks for nothing: a processor without a
 * timer and with at most one thread to run takes no interrupt at all (tickless).
 *
 * Read more: Intel SDM volume 3, section 11.5.4 (APIC timer); Varghese and Lauck, "Hashed and
 * hierarchical timing wheels", SOSP 1987 (the other way to do it).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define TIMER_NEVER UINT64_MAX

/* Key: [I] after timer_init, [queue] the lock of its processor's timers. */
struct timer {
	void (*expired)(
		struct timer *timer); /* [I] called in the interrupt's handler, with interrupts
					 off, on the processor it was started on */
	uint64_t deadline;            /* [queue] nanoseconds, by clock_ns */
	uint64_t place;               /* [queue] in the heap, 1 and up; 0: it is in none */
	unsigned cpu;                 /* [queue] whose heap it is in, or was the last time */
	bool running;                 /* [queue] its function is being called */
};

/* timers_init: let this processor's APIC serve for timers. timers_cpu_init: on each further one. */
void timers_init(void);
void timers_cpu_init(void);

/* timer_init: it does not run. */
void timer_init(struct timer *timer, void (*expired)(struct timer *timer));

/* timer_start: call it at that moment (clock_ns), soon if that has passed. One that is started
 * already gets the new moment. 0, or -ENOMEM: the heap cannot grow. Never sleeps. Takes a queue's
 * lock. */
int timer_start(struct timer *timer, uint64_t deadline);

/* timer_stop: it will not be called, and is not being called any more: so the caller holds nothing
 * that its function takes, and is not its function. Whether it was still to come. Never sleeps. */
bool timer_stop(struct timer *timer);

/* timers_interrupts: how often the timer has interrupted that processor. */
uint64_t timers_interrupts(unsigned cpu);
