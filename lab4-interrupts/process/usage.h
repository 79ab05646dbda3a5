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

/* process_times: how long its tasks have run, those that have ended included, in user mode and in
 * the kernel. process_watch_times: something depends on that from now on: it is timed, and its
 * tasks look (signal_check_times). Caller holds process->lock. */
struct process;
void process_times(struct process *process, uint64_t *user_ns, uint64_t *system_ns);
void process_watch_times(struct process *process);

/* usage_fill: these times, and 0 in all else. */
void usage_fill(struct rusage *usage, uint64_t user_ns, uint64_t system_ns);
