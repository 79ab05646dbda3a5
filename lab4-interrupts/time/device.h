/*
 * What the timers need of the machine: one interrupt, at a moment.
 *
 * Read more: Intel SDM volume 3, section 11.5.4 (APIC timer; 11.5.4.1: TSC-deadline mode).
 */
#pragma once
#include <stdint.h>

struct timer_device {
	const char *name;
	/* start: on this processor; it is set to nothing yet. Once on each. */
	void (*start)(void);
	/* set: interrupt this processor at that moment, by clock_ns, or a little sooner; at once if
	 * it has passed, and sooner by far if it is farther off than the device can count. It
	 * forgets what it was set to before. Interrupts are off. */
	void (*set)(uint64_t moment);
};

/* timer_device_find: how this machine's APIC does it best, calibrated; NULL if it has none. Once.
 */
const struct timer_device *timer_device_find(void);

/* timers_use: let that device serve (NULL: none does, and nothing ever expires), from now on; for
 * timers_init and tests. Returns the one before. */
const struct timer_device *timers_use(const struct timer_device *device);

/* timers_expire: call what is due on this processor: for the interrupt's handler and tests.
 * Interrupts are off. Takes a queue's lock, but not while it calls. */
void timers_expire(void);
