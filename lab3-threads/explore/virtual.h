/*
 * What the explorer's files share: the virtual processors, and points where another
 * one may go on. All of it runs on one real processor without interrupts.
 */
#pragma once
#include "lab3-threads/explore/explore.h"

/* What a virtual processor is about to do. */
enum explore_point {
	POINT_LOOK,   /* read memory */
	POINT_CHANGE, /* write memory, in whatever way */
	POINT_PAUSE,  /* wait for somebody else */
};

struct virtual_cpu {
	uint64_t rsp;      /* while another one runs */
	bool done;         /* bare: it has returned */
	bool paused;       /* it waits, and nobody has changed anything since */
	bool changed;      /* it has written to memory at its last point */
	unsigned looks;    /* in a row, without changing anything */
	unsigned priority; /* pct.c: the highest one runs */
};

extern struct virtual_cpu virtual_cpu[EXPLORE_CPUS];
extern unsigned virtual_cpus;    /* how many; 0: nothing is explored now */
extern unsigned virtual_current; /* the one that runs */

/* explore_at: a point; returns when it is this processor's turn again. */
void explore_at(enum explore_point point);

/* explore_changed: memory has been written to: who waits may look again. */
void explore_changed(void);

/* explore_on: whether a schedule is running; otherwise others run only when somebody waits. */
extern bool explore_on;

/* explore_watching: whether accesses are to be judged: in a schedule that has not failed. */
bool explore_watching(void);

/* explore_choose: who runs next, of those that are neither done nor paused; there is one. */
unsigned explore_choose(void);

/* explore_draw: begin a schedule: draw its policy from the seed. before: how many points the one
 * before had. */
void explore_draw(uint64_t seed, unsigned schedule, unsigned before);

/* explore_policy: the policy in words, for reports. */
const char *explore_policy(void);

/* explore_switch: switch.S. As thread_switch, which is an exercise. */
void explore_switch(uint64_t *save, uint64_t load);

/* explore_random: the next number of the schedule's own sequence. */
uint64_t explore_random(void);
