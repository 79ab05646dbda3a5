/*
 * Completions: something has been done, and who waits for it may go on. It does not
 * matter whether it is done before or after they come.
 *
 * One may lie on the stack of the thread that waits: whoever completes it does not touch
 * it any more once that thread has returned.
 */
#pragma once
#include "lab3-threads/lock/waitqueue.h"

/* Key: [lock]. */
struct completion {
	struct spinlock lock;
	unsigned done; /* [lock] how many may still go on; COMPLETION_ALL: everybody */
	struct waitqueue queue;
};

#define COMPLETION_ALL (~0u)
#define COMPLETION_INIT(completion, its_name)                                                      \
	{                                                                                          \
		.lock = SPINLOCK_INIT("completion"),                                               \
		.queue = WAITQUEUE_INIT((completion).queue, its_name)                              \
	}

/* completion_init: nothing is done. The name stays the caller's; it is not copied. */
void completion_init(struct completion *completion, const char *name);

/* completion_wait: wait until it is done. flags as for waitqueue_prepare; 0 or -EINTR. May sleep.
 */
int completion_wait(struct completion *completion, unsigned flags);

/* completion_try: as completion_wait, but false instead of waiting. Never sleeps. */
bool completion_try(struct completion *completion);

/* complete: one thread, that waits or will, goes on. complete_all: everybody does, from now on.
 * Never sleep. */
void complete(struct completion *completion);
void complete_all(struct completion *completion);
