/* Condition variables: see condvar.h. */
#include "lab3-threads/lock/condvar.h"
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"

void condvar_init(struct condvar *condvar, const char *name)
{
	waitqueue_init(&condvar->queue, name);
}

int condvar_wait(struct condvar *condvar, struct mutex *mutex, unsigned flags)
{
	assert(mutex_held(mutex));
	/* Exercise 3.5: what a wait queue's two steps are for. */
	// BEGIN SOLUTION 3.5
	struct waiter waiter;
	int error;

	waitqueue_prepare(&condvar->queue, &waiter, flags);
	mutex_unlock(mutex);
	error = waitqueue_wait(&condvar->queue, &waiter);
	mutex_lock(mutex);
	return error;
	// END SOLUTION 3.5 => (void)condvar; (void)flags; todo("3.5"); return 0;
}

void condvar_signal(struct condvar *condvar)
{
	/* Exercise 3.5 */
	// BEGIN SOLUTION 3.5
	waitqueue_wake_one(&condvar->queue);
	// END SOLUTION 3.5 => (void)condvar; todo("3.5");
}

void condvar_broadcast(struct condvar *condvar)
{
	/* Exercise 3.5 */
	// BEGIN SOLUTION 3.5
	waitqueue_wake_all(&condvar->queue);
	// END SOLUTION 3.5 => (void)condvar; todo("3.5");
}
