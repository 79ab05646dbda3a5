/*
 * What can be told of threads and processors from outside, at one moment: for the monitor's
 * commands `threads` and `sched`.
 */
#pragma once
#include "lab3-threads/thread/thread.h"
#include <stddef.h>

#define SCHED_VIEW_FRAMES 16

struct thread_view {
	unsigned id, cpu, priority, base;
	char name[THREAD_NAME];
	enum thread_state state;
	uint64_t ran;      /* nanoseconds */
	uint64_t switches; /* how often it was given a processor */
	/* Where it stands, unless it runs: return addresses, innermost first. */
	uint64_t frame[SCHED_VIEW_FRAMES];
	size_t frames;
};

struct processor_view {
	bool taking_part;
	unsigned id; /* of the thread that runs there */
	char name[THREAD_NAME];
	unsigned ready;  /* how many wait */
	uint64_t stolen; /* threads that came from other processors' queues */
	uint64_t idle;   /* nanoseconds without anything to do */
	uint64_t total;  /* nanoseconds since it takes part */
};

/*
 * sched_view_thread: the first thread whose id is higher; false if there is none. Takes the lock of
 * the list of threads, and in it a run queue's.
 */
bool sched_view_thread(unsigned above, struct thread_view *view);

/* sched_view_processor: cpu is below percpu_count. Takes its run queue's lock. */
void sched_view_processor(unsigned cpu, struct processor_view *view);
