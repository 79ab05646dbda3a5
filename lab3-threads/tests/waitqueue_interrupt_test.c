/*
 * Exercise 3.4: interrupts of sleeps, on one processor, at every moment of a sleep.
 */
#include "lab3-threads/tests/naps.h"
#include <linux/errno.h>

static struct waitqueue queue = WAITQUEUE_INIT(queue, "test");

KTEST(waitqueue_interrupted, "3.4",
	"an interrupt ends an interruptible sleep with -EINTR, and no waiter stays behind")
{
	nap_start(&queue, WAIT_INTERRUPTIBLE, 3);
	thread_interrupt(napper[1]);
	naps_settle();
	KT_EQ(naps_over(), 1);
	KT_TRUE(naps[1].over);
	KT_EQ(naps[1].result[0], -EINTR);
	KT_EQ(waiting(&queue), 2);
	KT_TRUE(waitqueue_wake_one(&queue));
	KT_TRUE(waitqueue_wake_one(&queue));
	KT_TRUE(!waitqueue_wake_one(&queue));
	crew_join();
	KT_EQ(naps[0].result[0], 0);
	KT_EQ(naps[2].result[0], 0);
}

KTEST(waitqueue_not_interrupted, "3.4",
	"an interrupt does not end a sleep that is not interruptible, but the next one that is")
{
	nap_start(&queue, 0, 1);
	thread_interrupt(napper[0]);
	naps_settle();
	KT_TRUE(!naps[0].over);
	KT_TRUE(waitqueue_wake_one(&queue));
	crew_join();
	KT_EQ(naps[0].result[0], 0);
	thread_interrupt(thread_self());
	for (int i = 0; i < 2; i++) {
		struct waiter waiter;

		waitqueue_prepare(&queue, &waiter, 0);
		KT_TRUE(waitqueue_wake_one(&queue));
		KT_EQ(waitqueue_wait(&queue, &waiter), 0);
	}
	KT_EQ(nap_once(&queue, WAIT_INTERRUPTIBLE), -EINTR);
}

KTEST(waitqueue_interrupted_before, "3.4",
	"an interrupt before a sleep, or between prepare and wait, ends it before it begins")
{
	struct waiter waiter;
	uint64_t switches = thread_self()->switches;

	thread_interrupt(thread_self());
	KT_EQ(nap_once(&queue, WAIT_INTERRUPTIBLE), -EINTR);
	waitqueue_prepare(&queue, &waiter, WAIT_INTERRUPTIBLE);
	thread_interrupt(thread_self());
	KT_EQ(waitqueue_wait(&queue, &waiter), -EINTR);
	KT_TRUE(waitqueue_empty(&queue));
	KT_EQ(thread_self()->switches, switches);
}

KTEST(waitqueue_interrupted_once, "3.4", "an interrupt ends one sleep, and two before it end one")
{
	naps[0].times = 2;
	nap_start(&queue, WAIT_INTERRUPTIBLE, 1);
	thread_interrupt(napper[0]);
	thread_interrupt(napper[0]);
	naps_settle();
	KT_EQ(naps[0].taken, 1);
	KT_EQ(naps[0].result[0], -EINTR);
	KT_TRUE(waitqueue_wake_one(&queue));
	crew_join();
	KT_EQ(naps[0].result[1], 0);
}

KTEST(waitqueue_woken_then_interrupted, "3.4",
	"a wake-up that comes before an interrupt counts; the interrupt is the next sleep's")
{
	naps[0].times = 2;
	nap_start(&queue, WAIT_INTERRUPTIBLE, 1);
	KT_TRUE(waitqueue_wake_one(&queue));
	thread_interrupt(napper[0]);
	crew_join();
	KT_EQ(naps[0].result[0], 0);
	KT_EQ(naps[0].result[1], -EINTR);
	KT_TRUE(waitqueue_empty(&queue));
}

KTEST(waitqueue_interrupted_then_woken, "3.4",
	"a wake-up that comes after an interrupt is not lost: it goes to the next one")
{
	nap_start(&queue, WAIT_INTERRUPTIBLE, 3);
	thread_interrupt(napper[0]);
	KT_TRUE(waitqueue_wake_one(&queue)); /* napper[0] has not run yet */
	naps_settle();
	KT_EQ(naps_over(), 2);
	KT_EQ(naps[0].result[0], -EINTR);
	KT_EQ(naps[1].result[0], 0);
	thread_interrupt(napper[2]);
	KT_TRUE(!waitqueue_wake_one(&queue));
	KT_EQ(waitqueue_wake_all(&queue), 0);
	crew_join();
	KT_EQ(naps[2].result[0], -EINTR);
}

KTEST(waitqueue_both_before_sleep, "3.4",
	"a wake-up and an interrupt between prepare and wait: the first of them counts")
{
	struct waiter waiter;

	waitqueue_prepare(&queue, &waiter, WAIT_INTERRUPTIBLE);
	KT_TRUE(waitqueue_wake_one(&queue));
	thread_interrupt(thread_self());
	KT_EQ(waitqueue_wait(&queue, &waiter), 0);
	waitqueue_prepare(&queue, &waiter, WAIT_INTERRUPTIBLE);
	KT_EQ(waitqueue_wait(&queue, &waiter), -EINTR);
	waitqueue_prepare(&queue, &waiter, WAIT_INTERRUPTIBLE);
	thread_interrupt(thread_self());
	KT_TRUE(!waitqueue_wake_one(&queue));
	KT_EQ(waitqueue_wait(&queue, &waiter), -EINTR);
	KT_TRUE(waitqueue_empty(&queue));
}
