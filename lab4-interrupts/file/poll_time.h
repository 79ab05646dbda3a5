/*
 * What poll, select and their relatives have in common: how long, and with which signals blocked.
 */
#pragma once
#include <stdint.h>

/* Moments (nanoseconds, by clock_ns) from times; without a time (address 0, less than 0 ms)
 * TIMER_NEVER; of no time at all 0. 0; -EINVAL: less than 0, or a second or more of its small part;
 * -EFAULT. May sleep, since user memory is read; take no lock. */
uint64_t deadline_in_ms(int milliseconds);
int deadline_from_timespec(uint64_t from, uint64_t *deadline);
int deadline_from_timeval(uint64_t from, uint64_t *deadline);

/*
 * timespec_left, timeval_left: write back how much is left of a time (as Linux does), if there was
 * one, and return the call's result: where it cannot be written, a call does not start again.
 */
int64_t timespec_left(uint64_t to, uint64_t deadline, int64_t result);
int64_t timeval_left(uint64_t to, uint64_t deadline, int64_t result);

/* poll_mask: block these signals (a user's sigset_t of so many bytes; address 0: as before) while
 * waiting: 0; -EINVAL: not 8 bytes; -EFAULT. May sleep. poll_mask_end: no more, unless a signal
 * ends the wait (result is -EINTR or -ERESTARTNOHAND): then it is done once that is delivered.
 * Never sleeps. Both take signals->lock. */
int poll_mask(uint64_t mask, uint64_t bytes);
void poll_mask_end(int64_t result);
