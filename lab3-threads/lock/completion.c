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
	int error = 0;

	order_may_sleep((uint64_t)__builtin_return_address(0));
	assert(may_sleep());
	spin_lock(&completion->lock);
	while (!error && !take(completion))
		error = waitqueue_sleep(&completion->queue, &completion->lock, flags);
	spin_unlock(&completion->lock);
	return error;
}

bool completion_try(struct completion *completion)
{
	bool done;

	spin_lock(&completion->lock);
	done = take(completion);
	spin_unlock(&completion->lock);
	return done;
}

void complete(struct completion *completion)
{
	spin_lock(&completion->lock);
	if (completion->done < COMPLETION_ALL - 1)
		completion->done++;
	waitqueue_wake_one(&completion->queue);
	spin_unlock(&completion->lock);
}

void complete_all(struct completion *completion)
{
	spin_lock(&completion->lock);
	completion->done = COMPLETION_ALL;
	waitqueue_wake_all(&completion->queue);
	spin_unlock(&completion->lock);
}
