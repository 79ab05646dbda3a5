/*
 * What the explorer's files share: the virtual processors, and points where another
 * one may go on. All of it runs on one real processor without interrupts.
 */
#pragma once
#include "lab3-threads/explore/explore.h"

/* What a virtual processor is about to do. */
enum explore_point {
	POINT_LOOK,        /* read memory plainly */
	POINT_CHANGE,      /* write memory plainly */
	POINT_ATOMIC_LOOK, /* the same, atomically */
	POINT_ATOMIC_CHANGE,
	POINT_PAUSE, /* wait for somebody else */
};

/*
 * One that waits (done apart) looks at some words again and again, with a pause after each round.
 * It need not run before one of them is written to.
 */
struct virtual_cpu {
	uint64_t rsp;   /* while another one runs */
	bool done;      /* bare: it has returned */
	bool paused;    /* it waits, and none of its words has been written to since */
	uint64_t wrote; /* the word that it was about to write at its last point; 0: none */
	uint64_t read;  /* the words that it has read since its last pause: a bit for some each */
	bool outdated;  /* one of these has been written to meanwhile, by another one */
	unsigned looks; /* points in a row at which it wrote nothing */
	unsigned priority; /* PCT: of the processor; POS: of what it is about to do */
	uint64_t word;     /* POS: what that is about */
	bool changes;      /* POS: and whether it writes to it */
};

extern struct virtual_cpu virtual_cpu[EXPLORE_CPUS];
extern unsigned virtual_cpus;    /* how many; 0: nothing is explored now */
extern unsigned virtual_current; /* the one that runs */

/* explore_at: a point, about the word (address / 8); returns when it is this processor's turn
 * again. */
void explore_at(enum explore_point point, uint64_t word);

/* explore_changed: that word has been written to: who waits for it may look again. */
void explore_changed(uint64_t word);

/* explore_on: whether a schedule is running; otherwise others run only when somebody waits. */
extern bool explore_on;

/* explore_watching: whether accesses are to be judged: in a schedule that has not failed. */
bool explore_watching(void);

/* explore_choose: who runs next, of those that are neither done nor paused; there is one. */
unsigned explore_choose(enum explore_point point, uint64_t word);

/* explore_draw: begin a schedule: draw its policy from the seed. */
void explore_draw(uint64_t seed, unsigned schedule);

/* explore_policy: the policy in words, for reports. */
const char *explore_policy(void);

/* explore_random: the next number of the schedule's own sequence. */
uint64_t explore_random(void);
