/*
 * The time of day: the clock, and what it was when the machine's own clock (CMOS) was read.
 *
 * Source: Motorola MC146818A data sheet (the CMOS clock).
 */
#pragma once
#include <stdint.h>

/* realtime_init: read the CMOS clock, which is taken for UTC. Once. */
void realtime_init(void);

/* realtime_ns: nanoseconds since 1970-01-01 UTC. realtime_set: it is so late now. */
uint64_t realtime_ns(void);
void realtime_set(uint64_t nanoseconds);
