/*
 * The multi-level feedback policy: its rules, for exercise 3.8.
 *
 * Every processor has THREAD_PRIORITIES levels, each a list of threads that are ready. What
 * a thread is like shows in what it does: one that computes sinks, one that mostly
 * waits stays high and has the processor soon when it comes back.
 *
 *   Rule 1  A thread of the highest level that has any runs next, of that level the one
 *           that stands first. Who comes goes to the end of its level; only one that was
 *           preempted goes to the front, since its turn is not over.
 *   Rule 2  A thread that is new or has slept enters the level of its priority, with a
 *           whole slice to use up. So does one whose priority is another than when its
 *           level was decided: queued or running, whichever function sees it first.
 *           (Priority donation changes it so: a loan counts at once, and as long.)
 *   Rule 3  A thread that yields, is preempted or comes from another processor keeps its
 *           level, and what it has used of its slice. The time that a thread has run
 *           counts until its slice is used up, in however many parts.
 *   Rule 4  One that has used its slice up falls one level, but not below 0, and has a
 *           whole slice again. From above its priority it falls to its priority. A
 *           slice is MLFQ_SLICE on the highest level, and longer by as much on each one below.
 *   Rule 5  When the threads of a processor have run for MLFQ_BOOST since the last time, all
 *           of them, the running one included, rise to the highest level with a whole
 *           slice: those from higher levels before those from lower ones, and in
 *           the order in which they stood. So nobody starves: at the latest then, each has a
 *           slice of the highest level before others have their second.
 *
 * Read more: Corbató, Merwin-Daggett and Daley, "An experimental time-sharing system", AFIPS
 * 1962 (its first); Arpaci-Dusseau and Arpaci-Dusseau, "Operating Systems: Three Easy
 * Pieces", chapter 8.
 */
#pragma once
#include "lab3-threads/thread/thread.h"

#define MLFQ_TOP   (THREAD_PRIORITIES - 1)
#define MLFQ_SLICE 500000ul    /* nanoseconds */
#define MLFQ_BOOST 200000000ul /* nanoseconds */

/* mlfq_slice: how many nanoseconds a thread may run on that level. */
static inline uint64_t mlfq_slice(unsigned level)
{
	return MLFQ_SLICE * (THREAD_PRIORITIES - level);
}
