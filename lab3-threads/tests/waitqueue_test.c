/*
 * Exercise 3.4 on one processor: who sleeps, who is woken, who is interrupted, in every
 * order. waitqueue_race_test.c has the same between processors; test_waitqueue.py has random
 * sequences that the host judges.
 */
#include "lab3-threads/tests/naps.h"
#include <linux/errno.h>

static struct waitqueue queue = WAITQUEUE_INIT(queue, "test");
static struct waitqueue other = WAITQUEUE_INIT(other, "other test");

/* --- sleeping and waking ------------------------------------------------------------- */

KTEST(waitqueue_sleeps, "3.4", "a thread sleeps until it is woken, and the wake-up finds it")
{
	nap_start(&queue, 0, 1);
	KT_TRUE(!naps[0].over);
	KT_EQ(waiting(&queue), 1);
	KT_TRUE(waitqueue_wake_one(&queue));
	naps_settle();
	KT_TRUE(naps[0].over);
	KT_EQ(naps[0].result[0], 0);
	KT_TRUE(waitqueue_empty(&queue));
	crew_join();
}

KTEST(waitqueue_wakes_in_order, "3.4", "each wake-up is for the one that has slept the longest")
{
	nap_start(&queue, 0, 6);
	for (unsigned i = 0; i < 6; i++) {
		KT_TRUE(waitqueue_wake_one(&queue));
		naps_settle();
		KT_EQ(naps_over(), i + 1);
		KT_TRUE(naps[i].over);
	}
	KT_TRUE(!waitqueue_wake_one(&queue));
	crew_join();
}

KTEST(waitqueue_wakes_all, "3.4", "wake_all wakes all and tells how many")
{
	for (unsigned count = 0; count < 6; count++) {
		nap_start(&queue, 0, count);
		KT_EQ(waitqueue_wake_all(&queue), count);
		naps_settle();
		KT_EQ(naps_over(), count);
		KT_TRUE(waitqueue_empty(&queue));
		KT_EQ(waitqueue_wake_all(&queue), 0);
		crew_join();
	}
}

KTEST(waitqueue_wakes_nobody, "3.4", "a wake-up that finds nobody is not kept for who comes later")
{
	KT_TRUE(!waitqueue_wake_one(&queue));
	KT_EQ(waitqueue_wake_all(&queue), 0);
	nap_start(&queue, 0, 1);
	KT_TRUE(!naps[0].over);
	KT_TRUE(!waitqueue_wake_one(&other));
	KT_EQ(waitqueue_wake_all(&other), 0);
	naps_settle();
	KT_TRUE(!naps[0].over);
	KT_TRUE(waitqueue_wake_one(&queue));
	crew_join();
}

KTEST(waitqueue_wakes_again, "3.4", "who sleeps again is woken again, and waits behind the others")
{
	for (unsigned i = 0; i < 3; i++)
		naps[i].times = 3;
	nap_start(&queue, 0, 3);
	for (unsigned i = 0; i < 9; i++) {
		KT_EQ(naps[i % 3].taken, i / 3);
		KT_TRUE(waitqueue_wake_one(&queue));
		naps_settle();
		KT_EQ(naps[i % 3].taken, i / 3 + 1);
	}
	KT_EQ(naps_over(), 3);
	crew_join();
}

KTEST(waitqueue_woken_before_sleep, "3.4",
	"a wake-up between prepare and wait ends the sleep before it begins")
{
	struct waiter waiter;
	uint64_t switches = thread_self()->switches;

	waitqueue_prepare(&queue, &waiter, 0);
	KT_EQ(waiting(&queue), 1);
	KT_TRUE(waitqueue_wake_one(&queue));
	KT_TRUE(!waitqueue_wake_one(&queue));
	KT_EQ(waitqueue_wait(&queue, &waiter), 0);
	waitqueue_prepare(&queue, &waiter, WAIT_INTERRUPTIBLE);
	KT_EQ(waitqueue_wake_all(&queue), 1);
	KT_EQ(waitqueue_wait(&queue, &waiter), 0);
	KT_EQ(thread_self()->switches, switches);
	KT_TRUE(waitqueue_empty(&queue));
}

KTEST(waitqueue_cancelled, "3.4",
	"who has prepared to sleep and does not takes no wake-up afterwards")
{
	struct waiter waiter;

	waitqueue_prepare(&queue, &waiter, 0);
	KT_TRUE(!waitqueue_cancel(&queue, &waiter));
	KT_TRUE(waitqueue_empty(&queue));
	waitqueue_prepare(&queue, &waiter, 0);
	KT_TRUE(waitqueue_wake_one(&queue));
	KT_TRUE(waitqueue_cancel(&queue, &waiter));
	KT_TRUE(!waitqueue_wake_one(&queue));
	sched_yield();
}

/* --- wake functions ------------------------------------------------------------------ */

#define ASKED 6

/* One with a wake function of its own. */
struct taker {
	struct waiter waiter;
	bool takes;
	bool interrupts; /* were on when it was asked */
};

static struct taker taker[ASKED];
static unsigned asked[4 * ASKED], asked_count; /* who was asked, in that order */

static bool ask(struct waiter *waiter)
{
	struct taker *self = list_entry(waiter, struct taker, waiter);

	asked[asked_count++ % (4 * ASKED)] = (unsigned)(self - taker);
	self->interrupts = irq_enabled();
	KT_TRUE(spin_held(&queue.lock));
	return self->takes;
}

static void join_all(unsigned takes)
{
	asked_count = 0;
	for (unsigned i = 0; i < ASKED; i++) {
		taker[i] = (struct taker){ .waiter.wake = ask, .takes = takes >> i & 1 };
		waitqueue_join(&queue, &taker[i].waiter);
	}
}

/* All that are still in the queue leave it. */
static unsigned leave_all(void)
{
	unsigned left = 0;

	for (unsigned i = 0; i < ASKED; i++)
		left |= (unsigned)waitqueue_leave(&queue, &taker[i].waiter) << i;
	KT_TRUE(waitqueue_empty(&queue));
	return left;
}

KTEST(waitqueue_refused, "3.4",
	"a wake-up that is refused goes to the next one; who refuses stays where it is")
{
	join_all(1 << 2 | 1 << 4);
	KT_TRUE(waitqueue_wake_one(&queue));
	KT_EQ(asked_count, 3);
	for (unsigned i = 0; i < 3; i++)
		KT_EQ(asked[i], i);
	KT_TRUE(waitqueue_wake_one(&queue)); /* 0, 1, 3, 4 */
	KT_EQ(asked_count, 7);
	KT_EQ(asked[5], 3);
	KT_EQ(asked[6], 4);
	KT_TRUE(!waitqueue_wake_one(&queue)); /* 0, 1, 3, 5 */
	KT_EQ(asked_count, 11);
	KT_EQ(leave_all(), 1 << 0 | 1 << 1 | 1 << 3 | 1 << 5);
}

KTEST(waitqueue_all_refused, "3.4",
	"wake_all asks each once, in order, and counts those that take it")
{
	for (unsigned takes = 0; takes < 1 << ASKED; takes++) {
		unsigned count = 0;

		for (unsigned i = 0; i < ASKED; i++)
			count += takes >> i & 1;
		join_all(takes);
		KT_EQ(waitqueue_wake_all(&queue), count);
		KT_EQ(asked_count, ASKED);
		for (unsigned i = 0; i < ASKED; i++)
			KT_EQ(asked[i], i);
		KT_EQ(leave_all(), ~takes & ((1 << ASKED) - 1));
	}
}

KTEST(waitqueue_leave_any, "3.4",
	"a waiter leaves from wherever it is in the queue, and a woken one has left")
{
	join_all(~0u);
	KT_TRUE(waitqueue_leave(&queue, &taker[3].waiter));
	KT_TRUE(waitqueue_leave(&queue, &taker[0].waiter));
	KT_TRUE(!waitqueue_leave(&queue, &taker[0].waiter));
	KT_EQ(waiting(&queue), ASKED - 2);
	KT_TRUE(waitqueue_wake_one(&queue));
	KT_EQ(asked[0], 1);
	KT_EQ(leave_all(), 1 << 2 | 1 << 4 | 1 << 5);
}

/* No interrupt will come: both 8259s are masked. */
KTEST(waitqueue_wakes_from_handlers, "3.4",
	"the queue's lock is held with interrupts off, and afterwards they are as before")
{
	join_all(1 << 1);
	asm volatile("sti");
	waitqueue_wake_one(&queue);
	KT_TRUE(irq_enabled());
	waitqueue_wake_all(&queue);
	KT_TRUE(irq_enabled());
	waitqueue_join(&queue, &taker[1].waiter);
	KT_TRUE(irq_enabled());
	leave_all();
	KT_TRUE(irq_enabled());
	asm volatile("cli");
	KT_TRUE(asked_count > ASKED);
	for (unsigned i = 0; i < ASKED; i++)
		KT_TRUE(!taker[i].interrupts);
	join_all(~0u);
	waitqueue_wake_one(&queue);
	leave_all();
	KT_TRUE(!irq_enabled());
}
