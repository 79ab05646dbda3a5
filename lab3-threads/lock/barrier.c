/* Barriers: see barrier.h. */
#include "lab3-threads/lock/barrier.h"
#include "lab1-boot/debug/panic.h"
#include "lab3-threads/order/order.h"

void barrier_init(struct barrier *barrier, const char *name, unsigned threads)
{
	assert(threads > 0);
	*barrier = (struct barrier){ .threads = threads };
	spin_init(&barrier->lock, "barrier");
	waitqueue_init(&barrier->queue, name);
}

bool barrier_wait(struct barrier *barrier)
{
	unsigned round;
	bool last;

	order_may_sleep((uint64_t)__builtin_return_address(0));
	assert(may_sleep());
	spin_lock(&barrier->lock);
	round = barrier->round;
	last = ++barrier->here == barrier->threads;
	if (last) {
		barrier->here = 0;
		barrier->round++;
		waitqueue_wake_all(&barrier->queue);
	}
	while (barrier->round == round)
		waitqueue_sleep(&barrier->queue, &barrier->lock, 0);
	spin_unlock(&barrier->lock);
	return last;
}
