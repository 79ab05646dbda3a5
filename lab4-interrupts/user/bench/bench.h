/* The parts of the program bench: see ../bench.c. */
#pragma once
#include <stdint.h>
#include <unistd.h>

#define KNOWN   "a_known_loop" /* grader/bench.py knows what it must cost */
#define NOTHING "nothing"      /* the argument with which the program ends at once */

struct operation {
	const char *name;
	const char *title;
	void (*run)(uint64_t count); /* does so many between start and stop */
	uint64_t count;
};

/* The last one has no name. */
extern const struct operation calls[], processes[], memory[], rounds[];

/* One that does nothing: what starting and stopping cost. */
extern const struct operation empty;

/* start, stop: what lies between is measured. There may be several such pieces in a run, which
 * are added. */
void start(void);
void stop(void);

/* fail: says what could not be done, and why (errno); ends the process. */
_Noreturn void fail(const char *what);

/* NEED(call that returns -1 on an error): its result. */
#define NEED(call)                                                                                 \
	({                                                                                         \
		long its_result = (long)(call);                                                    \
		if (its_result == -1)                                                              \
			fail(#call);                                                               \
		its_result;                                                                        \
	})

/* This program's name, for exec. */
extern const char *own_path;
