/*
 * Clocks as system calls name them (clock_gettime(2)): the clock, the time of day, and how much
 * time somebody has had a processor.
 */
#pragma once
#include "lab4-interrupts/time/timer.h"
#include <linux/time.h>

/* clock_by_id: what that clock shows, in nanoseconds. 0; -EINVAL: there is no such clock, or no
 * such process or task any more. May sleep. */
int clock_by_id(int id, uint64_t *nanoseconds);

/* clock_is_realtime: whether that clock shows the time of day, and changes when it is set. */
bool clock_is_realtime(int id);

/* clock_moment: when that clock will show so much, by clock_ns. For CLOCK_MONOTONIC and
 * CLOCK_REALTIME, and those that are the same. */
uint64_t clock_moment(int id, uint64_t nanoseconds);

/* Between nanoseconds and Linux's structures: 0; -EINVAL for a negative time, or a fraction that is
 * none; -EFAULT. What is too far off becomes TIMER_NEVER - 1. May sleep. */
int timespec_from_user(uint64_t from, uint64_t *nanoseconds);
int timespec_to_user(uint64_t to, uint64_t nanoseconds);
int timeval_from_user(uint64_t from, uint64_t *nanoseconds);
int timeval_to_user(uint64_t to, uint64_t nanoseconds);

/* timespec_decode: the first of them, for a structure that has been copied already. */
int timespec_decode(const struct timespec *time, uint64_t *nanoseconds);

/* moment_in: so many nanoseconds from now, by clock_ns; never TIMER_NEVER. */
uint64_t moment_in(uint64_t nanoseconds);
