/*
 * Once: something is done by the first who needs it. Whoever else comes meanwhile waits
 * until it is done; whoever comes later pays for one look.
 */
#pragma once
#include "lab3-threads/lock/waitqueue.h"

enum once_state { ONCE_NOT_YET, ONCE_RUNNING, ONCE_DONE };

/* Key: [a] atomic, changed under the lock. */
struct once {
	enum once_state state; /* [a] */
	struct spinlock lock;
	struct waitqueue queue;
};

#define ONCE_INIT(once)                                                                            \
	{                                                                                          \
		.lock = SPINLOCK_INIT("once"), .queue = WAITQUEUE_INIT((once).queue, "once queue") \
	}

/* once_init: not yet done. */
void once_init(struct once *once);

/*
 * once_run: call run(argument) if nobody has done so with this `once`; what it has done is seen
 * when once_run returns. It may not come back to the same one. May sleep.
 */
void once_run(struct once *once, void (*run)(void *argument), void *argument);
