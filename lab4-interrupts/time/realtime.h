/*
 * The time of day: what the CMOS clock told at the boot, and the clock since; or what somebody has
 * set it to.
 */
#pragma once
#include <stdint.h>

/* realtime_init: read the CMOS clock, which is taken for UTC; without one that makes sense, it is
 * 1970, and that is said. Once. */
void realtime_init(void);

/* realtime_ns: nanoseconds since 1970-01-01 UTC. */
uint64_t realtime_ns(void);

/* realtime_set: it is so late now: nanoseconds since 1970-01-01 UTC, which the caller has found to
 * be sensible. Who sleeps until some time of day looks again. Never sleeps. Takes a queue's lock.
 */
void realtime_set(uint64_t nanoseconds);

/* realtime_moment: when it will be that late, by clock_ns, unless it is set: for deadlines. 0 if it
 * has been; TIMER_NEVER for UINT64_MAX, and for what is farther off than clock_ns can count. */
uint64_t realtime_moment(uint64_t nanoseconds);

/* realtime_sleep_until: until it is that late, even if it is set meanwhile. 0 or -EINTR. flags: 0
 * or WAIT_INTERRUPTIBLE. May sleep. */
int realtime_sleep_until(uint64_t nanoseconds, unsigned flags);
