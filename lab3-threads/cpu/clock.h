/*
 * The clock: nanoseconds since the boot, and short waits.
 *
 * The time-stamp counter is calibrated once against the PIT. TCG's processors do
 * not promise an invariant counter, and it serves all the same.
 *
 * Read more: Intel SDM volume 3, section 18.17 (time-stamp counter); Intel 8254 data sheet.
 */
#pragma once
#include <stdint.h>

/* clock_init: calibrate. Where no PIT counts, a cycle is taken for a nanosecond, and that is
 * printed. Once, on the boot processor. */
void clock_init(void);

/* clock_ns: nanoseconds since clock_init; never falls on one processor. 0 before clock_init. */
uint64_t clock_ns(void);

/* clock_cycles: how many cycles of the time-stamp counter so many nanoseconds take, rounded up; at
 * most 2^62. */
uint64_t clock_cycles(uint64_t nanoseconds);

/* clock_wait: spin for so many nanoseconds. */
void clock_wait(uint64_t nanoseconds);

/* clock_set_source: read the time by that function from now on (the explorer's own time; NULL: the
 * time-stamp counter again). */
void clock_set_source(uint64_t (*source)(void));
