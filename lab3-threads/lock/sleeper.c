/* Handing locks over: see sleeper.h. */
#include "lab3-threads/lock/sleeper.h"
#include "lab1-boot/debug/panic.h"
#include "lab3-threads/sched/sched.h"

void sleeper_join(struct list *queue, struct sleeper *sleeper, bool writes)
{
	*sleeper = (struct sleeper){ .thread = thread_self(), .writes = writes };
	list_push_back(queue, &sleeper->link);
}

/* It is woken under the guard, and takes the guard before it goes: so nobody looks at a sleeper
 * that is gone. */
void sleeper_wait(struct sleeper *sleeper, struct spinlock *guard)
{
	assert(spin_held(guard));
	while (!sleeper->given) {
		sched_prepare_sleep(0);
		spin_unlock(guard);
		sched_sleep();
		spin_lock(guard);
	}
}

void sleeper_give(struct sleeper *sleeper)
{
	list_remove(&sleeper->link);
	sleeper->given = true;
	sched_wake(sleeper->thread);
}

struct sleeper *sleeper_first(struct list *queue)
{
	return list_empty(queue) ? NULL : list_entry(queue->next, struct sleeper, link);
}
