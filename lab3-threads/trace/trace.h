/*
 * The trace: what the scheduler did, and when.
 *
 * With `trace` on the command line every processor writes events into a ring of its
 * own: which thread it goes on with, who wakes whom, who waits for which lock. When a
 * test ends, or the kernel panics, all rings are printed on COM2, and grader/trace.py
 * makes a picture of them (make trace LAB=3 TEST=name).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* thread: its id. */
enum trace_kind {
	TRACE_SWITCH, /* the processor goes on with thread; other: the id of who leaves */
	TRACE_WAKE,   /* thread can run again; other: the id of who woke it */
	TRACE_START,  /* thread can run for the first time; other: the id of who started it */
	TRACE_EXIT,   /* thread ends */
	TRACE_WAIT,   /* thread waits; other: the address of a lock, which begins with its name */
	TRACE_WAITED, /* thread waits no more for that lock */
	TRACE_MARK,   /* other: the address of a string that lives for ever, to be shown */
};

/*
 * trace_init: start, if the command line has the word "trace". Once, when pages and threads work
 * and before further processors start. May sleep.
 */
void trace_init(void);

/* trace_mark: show a text in the picture, at this moment on this processor. The string is kept.
 * Behind the last TRACE_BEGINS begins what a picture of a test shows. */
void trace_mark(const char *text);
#define TRACE_BEGINS "here it begins"

/* trace_stop: write no more; what the rings hold stays for trace_dump. */
void trace_stop(void);

/* trace_dump: stop, and print what the rings hold on COM2; once, and nothing if the trace is off.
 * Takes no lock. */
void trace_dump(void);

/* trace_write: what trace_event does if the trace is on. */
void trace_write(enum trace_kind kind, unsigned thread, uint64_t other);

extern bool trace_on; /* [I] after trace_init, until trace_dump */

/* trace_event: note it with the time. Takes no lock, never sleeps. */
static inline void trace_event(enum trace_kind kind, unsigned thread, uint64_t other)
{
	if (__builtin_expect(trace_on, false))
		trace_write(kind, thread, other);
}
