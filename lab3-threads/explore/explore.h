/*
 * Schedule exploration: finding races on purpose.
 *
 * A test kernel runs on one real processor, and the explorer makes several of it: each
 * virtual processor has its own per-processor data and its own stack, and runs the
 * kernel's code as a real one would. The compiler puts a call in front of every access
 * to memory in the code of lab 3 and above (-fsanitize=thread; hooks.c): each is a point
 * at which another virtual processor may go on. Who does is decided by a policy that
 * is drawn from the seed, so the same seed gives the same run, and a few hundred runs
 * with different ones find the interleavings that would come up once in a year.
 *
 * Meanwhile vector clocks (clocks.h) watch whether any two accesses to the same memory
 * are ordered by locks or by atomic accesses with the right memory order; if not, that is
 * a data race, whatever the interleaving was.
 *
 * Read more: policy.c names the papers.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define EXPLORE_CPUS 4 /* virtual processors at most */

/*
 * explore: run `once` under so many schedules on so many virtual processors (2 to EXPLORE_CPUS).
 * It runs as the boot thread on processor 0; the others take part in scheduling. It may create
 * threads, and returns when they have ended. Ends after the first schedule in which a check fails.
 * Needs threads that work: .needs = "3.1".
 */
void explore(unsigned cpus, unsigned schedules, void (*once)(void));

/*
 * explore_bare: the same without threads: every processor runs run(its number) on its own, between
 * before() and after(), which processor 0 runs alone (NULL: nothing). What they run may not sleep.
 * One test uses one of the two forms only (asserted).
 */
void explore_bare(unsigned cpus, unsigned schedules, void (*before)(void),
	void (*run)(unsigned cpu), void (*after)(void));

/*
 * explore_here: what `once` has done until now was preparation, the same in every schedule; what
 * comes is to be explored. Rare interleavings are then found sooner, since there are fewer points.
 * Only once() itself calls it (from the second schedule on, it runs alone until then).
 */
void explore_here(void);

/* explore_cpus: how many virtual processors there are in this schedule; 0: nothing is explored. */
unsigned explore_cpus(void);

/* explore_schedule: the number of the schedule, from 0. */
unsigned explore_schedule(void);

/*
 * explore_wait_idle: let the others run until nothing is left to do for them: for who wants to look
 * at what "everybody sleeps" looks like.
 */
void explore_wait_idle(void);

/* explore_pause: CPU_PAUSE in explored code: we wait for another processor. */
void explore_pause(void);

/* explore_reached: where GDB stops when the schedule that was asked for ("schedule=N" on the
 * command line) begins. */
void explore_reached(unsigned schedule);
