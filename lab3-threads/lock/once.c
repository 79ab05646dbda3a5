/* Once: see once.h. */
#include "lab3-threads/lock/once.h"
#include "lab1-boot/debug/panic.h"
#include "lab3-threads/order/order.h"

void once_init(struct once *once)
{
	once->state = ONCE_NOT_YET;
	spin_init(&once->lock, "once");
	waitqueue_init(&once->queue, "once queue");
}

static void set_state(struct once *once, enum once_state state)
{
	__atomic_store_n(&once->state, state, __ATOMIC_RELEASE);
}

/* Whether the caller is the first, who has to do it; otherwise it is done. */
static bool begin(struct once *once)
{
	bool first;

	spin_lock(&once->lock);
	first = once->state == ONCE_NOT_YET;
	if (first)
		set_state(once, ONCE_RUNNING);
	while (!first && once->state != ONCE_DONE)
		waitqueue_sleep(&once->queue, &once->lock, 0);
	spin_unlock(&once->lock);
	return first;
}

void once_run(struct once *once, void (*run)(void *argument), void *argument)
{
	order_may_sleep((uint64_t)__builtin_return_address(0));
	assert(may_sleep());
	if (__atomic_load_n(&once->state, __ATOMIC_ACQUIRE) == ONCE_DONE || !begin(once))
		return;
	run(argument);
	spin_lock(&once->lock);
	set_state(once, ONCE_DONE);
	waitqueue_wake_all(&once->queue);
	spin_unlock(&once->lock);
}
