/*
 * Barriers: nobody goes on before all have come. One can be used again at once, also by
 * who is faster than those that still leave it.
 *
 * Read more: Mellor-Crummey and Scott, "Algorithms for scalable synchronization on
 * shared-memory multiprocessors", ACM TOCS 9(1), 1991, section 3.
 */
#pragma once
#include "lab3-threads/lock/waitqueue.h"

/* Key: [I] after barrier_init, [lock]. */
struct barrier {
	struct spinlock lock;
	unsigned threads; /* [I] that have to come */
	unsigned here;    /* [lock] that have come this time */
	unsigned round;   /* [lock] how often all have come: it changes, and that ends the wait */
	struct waitqueue queue;
};

/* barrier_init: for so many threads (> 0). The name stays the caller's; it is not copied. */
void barrier_init(struct barrier *barrier, const char *name, unsigned threads);

/*
 * barrier_wait: wait until all have come; true for one of them, whichever. The barrier may be freed
 * when all have returned. May sleep.
 */
bool barrier_wait(struct barrier *barrier);
