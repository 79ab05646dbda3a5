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
#include "lab3-threads/lock/sleeper.h"
#include "lab3-threads/order/order.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

struct thread *thread_create(const char *name, void (*run)(void *argument), void *argument)
{
	/* Exercise 3.2: thread_alloc makes the structure, with its stack and a reference for the
	 * caller. What is missing is what the thread will run. */
	// BEGIN SOLUTION 3.2
	struct thread *thread = thread_alloc(name);

	if (!thread)
		return NULL;
	thread->run = run;
	thread->argument = argument;
	return thread;
	// END SOLUTION 3.2 => (void)name; (void)run; (void)argument; todo("3.2"); return NULL;
}

void thread_start(struct thread *thread)
{
	/* Exercise 3.2: hand it to the scheduler (sched_start). It may run, and end, on another
	 * processor before that even returns; by then it refers to itself. */
	// BEGIN SOLUTION 3.2
	thread_get(thread);
	sched_start(thread);
	// END SOLUTION 3.2 => (void)thread; todo("3.2");
}

_Noreturn void thread_exit(uint64_t result)
{
	struct thread *self = thread_self();

	order_thread_exit();
	assert(may_sleep() && list_empty(&self->held));
	sched_ending();
	/* Exercise 3.2: leave the result where thread_join finds it, say that there is one, and
	 * let go all that sleep in `joins` (sleeper.h); none may look before that and sleep
	 * after it. What follows never returns, and brings about thread_left later. */
	// BEGIN SOLUTION 3.2
	struct sleeper *sleeper;

	spin_lock(&self->lock);
	self->result = result;
	self->exited = true;
	while ((sleeper = sleeper_first(&self->joins)))
		sleeper_give(sleeper);
	spin_unlock(&self->lock);
	// END SOLUTION 3.2 => (void)result; todo("3.2");
	sched_exit();
}

uint64_t thread_join(struct thread *thread)
{
	order_may_sleep((uint64_t)__builtin_return_address(0));
	assert(thread != thread_self());
	assert(may_sleep());
	/* Exercise 3.2: unless the thread has ended, sleep in `joins` until it lets go (sleeper.h,
	 * with the thread's lock as guard); take its result, and give up the caller's
	 * reference. */
	// BEGIN SOLUTION 3.2
	struct sleeper self;
	uint64_t result;

	spin_lock(&thread->lock);
	if (!thread->exited) {
		sleeper_join(&thread->joins, &self, false);
		sleeper_wait(&self, &thread->lock);
	}
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
