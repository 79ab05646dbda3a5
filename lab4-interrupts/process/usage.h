/*
 * Time used: getrusage, times.
 */
#pragma once
#include <linux/resource.h>
#include <stdint.h>

#define USAGE_TICKS 100u /* a second: what sysconf(_SC_CLK_TCK) says */

/* usage_ticks: nanoseconds in the unit of times(2). */
static inline int64_t usage_ticks(uint64_t nanoseconds)
{
	return (int64_t)(nanoseconds / (1000000000u / USAGE_TICKS));
}

/* usage_fill: these times, and 0 in all else. */
void usage_fill(struct rusage *usage, uint64_t user_ns, uint64_t system_ns);
