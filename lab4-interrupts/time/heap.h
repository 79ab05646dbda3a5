/*
 * A heap of timers: the earliest is found at once, and any can be taken out.
 *
 * A pairing heap: a tree in which nobody is earlier than who stands above him. A node knows the
 * first of its children, and each child the next one, so that nodes have any number of children,
 * and a timer carries all that is needed: no memory has to be found in an interrupt's handler.
 *
 *         5                 5->child = 9, 9->next = 7, 7->next = 6
 *      /  |  \
 *     9   7   6             two heaps are made one by putting the later of the two on top below
 *        / \                the other, as its first child
 *      12   8
 *
 * Read more: Fredman, Sedgewick, Sleator and Tarjan, "The pairing heap: a new form of
 * self-adjusting heap", Algorithmica 1, 1986.
 */
#pragma once
#include "lab4-interrupts/time/timer.h"

/* Its lock is the caller's business. */
struct timer_heap {
	struct timer *first; /* the earliest; NULL: there is none */
};

/* heap_insert: the timer is in no heap (asserted), and its deadline set. Takes constant time. */
void heap_insert(struct timer_heap *heap, struct timer *timer);

/* heap_remove: it is in this heap (asserted that in some). Takes logarithmic time on average over
 * many calls. */
void heap_remove(struct timer_heap *heap, struct timer *timer);
