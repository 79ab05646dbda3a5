/*
 * A thread's life: from its creation to the moment when nobody refers to it any more.
 *
 * Two hold a reference: the handle, which thread_create returns and thread_join or
 * thread_detach gives up, and the thread itself from its start to its end. A thread
 * cannot give up its own: it still stands on its stack. The scheduler calls thread_left
 * for it, when another one runs on that processor.
 */
#include "lab1-boot/debug/panic.h"
#include "lab1-boot/ktest/todo.h"
#include "lab3-threads/order/order.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

struct thread *thread_create(const char *name, void (*run)(void *argument), void *argument)
{
	/* Exercise 3.2: thread_alloc makes the structure, with its stack and a reference for the
	 * caller. What is missing is what the thread will run, and that it is a thread that
	 * refers to itself. */
	// BEGIN SOLUTION 3.2
	struct thread *thread = thread_alloc(name);

	if (!thread)
		return NULL;
	thread->run = run;
	thread->argument = argument;
	thread_get(thread);
	return thread;
	// END SOLUTION 3.2 => (void)name; (void)run; (void)argument; todo("3.2"); return NULL;
}

_Noreturn void thread_exit(uint64_t result)
{
	struct thread *self = thread_self();

	order_thread_exit();
	assert(may_sleep() && list_empty(&self->held));
	/* Exercise 3.2: leave the result where thread_join finds it, say that there is one, and
	 * wake all who wait for it, so that none can look before and sleep after. What
	 * follows never returns, and calls thread_left later. */
	// BEGIN SOLUTION 3.2
	spin_lock(&self->lock);
	self->result = result;
	self->exited = true;
	waitqueue_wake_all(&self->joins);
	spin_unlock(&self->lock);
	// END SOLUTION 3.2 => (void)result; todo("3.2");
	sched_exit();
}

uint64_t thread_join(struct thread *thread)
{
	assert(thread != thread_self());
	/* Exercise 3.2: wait in `joins` until the thread has ended, take its result, and give up
	 * the caller's reference. */
	// BEGIN SOLUTION 3.2
	uint64_t result;

	spin_lock(&thread->lock);
	while (!thread->exited)
		waitqueue_sleep(&thread->joins, &thread->lock, 0);
	result = thread->result;
	spin_unlock(&thread->lock);
	thread_put(thread);
	return result;
	// END SOLUTION 3.2 => todo("3.2"); return 0;
}

void thread_detach(struct thread *thread)
{
	/* Exercise 3.2: the caller's reference is given up; the thread goes on. */
	// BEGIN SOLUTION 3.2
	thread_put(thread);
	// END SOLUTION 3.2 => (void)thread; todo("3.2");
}

void thread_left(struct thread *thread)
{
	assert(thread != thread_self());
	/* Exercise 3.2: the thread is dead, and its stack is left: give up its own reference. */
	// BEGIN SOLUTION 3.2
	thread_put(thread);
	// END SOLUTION 3.2 => (void)thread; todo("3.2");
}
