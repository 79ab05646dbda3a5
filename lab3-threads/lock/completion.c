/* Completions: see completion.h. Who waits looks and leaves under the lock, so it cannot be gone
 * before whoever completes has let go of that. */
#include "lab3-threads/lock/completion.h"
#include "lab1-boot/debug/panic.h"
#include "lab3-threads/order/order.h"

void completion_init(struct completion *completion, const char *name)
{
	spin_init(&completion->lock, "completion");
	completion->done = 0;
	waitqueue_init(&completion->queue, name);
}

/* Caller holds completion->lock. */
static bool take(struct completion *completion)
{
	if (completion->done == 0)
		return false;
	if (completion->done != COMPLETION_ALL)
		completion->done--;
	return true;
}

int completion_wait(struct completion *completion, unsigned flags)
{
	uint64_t irq;
	int error = 0;

	order_may_sleep((uint64_t)__builtin_return_address(0));
	assert(may_sleep());
	irq = spin_lock_irqsave(&completion->lock);
	while (!error && !take(completion))
		error = waitqueue_sleep(&completion->queue, &completion->lock, flags);
	spin_unlock_irqrestore(&completion->lock, irq);
	return error;
}

bool completion_try(struct completion *completion)
{
	uint64_t irq;
	bool done;

	irq = spin_lock_irqsave(&completion->lock);
	done = take(completion);
	spin_unlock_irqrestore(&completion->lock, irq);
	return done;
}

void complete(struct completion *completion)
{
	uint64_t irq = spin_lock_irqsave(&completion->lock);

	if (completion->done < COMPLETION_ALL - 1)
		completion->done++;
	waitqueue_wake_one(&completion->queue);
	spin_unlock_irqrestore(&completion->lock, irq);
}

void complete_all(struct completion *completion)
{
	uint64_t irq = spin_lock_irqsave(&completion->lock);

	completion->done = COMPLETION_ALL;
	waitqueue_wake_all(&completion->queue);
	spin_unlock_irqrestore(&completion->lock, irq);
}
