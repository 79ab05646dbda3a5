/*
 * Exercise 3.4 between processors, in many schedules: no wake-up is lost, none counts
 * twice, and nobody looks at a waiter that is gone. A wake-up that is lost leaves everybody
 * asleep, which is a deadlock.
 */
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/tests/crew.h"
#include <linux/errno.h>

#define SCHEDULES 50

static struct waitqueue queue = WAITQUEUE_INIT(queue, "test");
static struct spinlock guard = SPINLOCK_INIT("guard");
static unsigned tokens; /* [guard] */

static unsigned load(const unsigned *number)
{
	return __atomic_load_n(number, __ATOMIC_RELAXED);
}

static void add(unsigned *number)
{
	__atomic_fetch_add(number, 1, __ATOMIC_RELAXED);
}

/* Nobody may look at a waiter that has returned: it is other memory by then. */
static void spoil(struct waiter *waiter)
{
	waiter->link = (struct list){ NULL, NULL };
	waiter->wake = NULL;
	waiter->queued = true;
}

/* --- a condition under a lock -------------------------------------------------------- */

static void take_token(void *unused)
{
	(void)unused;
	spin_lock(&guard);
	while (!tokens)
		KT_EQ(waitqueue_sleep(&queue, &guard, 0), 0);
	tokens--;
	spin_unlock(&guard);
}

static void give_token(void *unused)
{
	(void)unused;
	spin_lock(&guard);
	tokens++;
	spin_unlock(&guard);
	waitqueue_wake_one(&queue);
}

static void tokens_for_all(void)
{
	crew_start(take_token, NULL);
	crew_start(take_token, NULL);
	if (explore_schedule() % 2) {
		explore_wait_idle();
		KT_EQ(waiting(&queue), 2);
	}
	crew_start(give_token, NULL);
	give_token(NULL);
	crew_join();
	KT_EQ(tokens, 0);
	KT_TRUE(waitqueue_empty(&queue));
}

KTEST(waitqueue_no_lost_token, "3.4",
	"what a thread waits for under a lock, and is told without it, it never misses",
	.limit = 10, .needs = "3.3")
{
	explore(3, SCHEDULES, tokens_for_all);
}

/* --- a condition without a lock ------------------------------------------------------ */

static unsigned flag; /* [a] */

/* Sleep until the flag is set; whoever has taken a wake-up passes it on. */
static void await_flag(void *unused)
{
	struct waiter waiter;
	bool woken = false;

	(void)unused;
	while (!woken) {
		waitqueue_prepare(&queue, &waiter, 0);
		if (load(&flag)) {
			woken = waitqueue_cancel(&queue, &waiter);
			break;
		}
		woken = waitqueue_wait(&queue, &waiter) == 0;
		KT_EQ(load(&flag), 1);
	}
	spoil(&waiter);
	if (woken)
		waitqueue_wake_one(&queue);
}

static void flag_for_all(void)
{
	flag = 0;
	crew_start(await_flag, NULL);
	crew_start(await_flag, NULL);
	crew_start(await_flag, NULL);
	__atomic_store_n(&flag, 1, __ATOMIC_RELAXED);
	waitqueue_wake_one(&queue);
	crew_join();
	KT_TRUE(waitqueue_empty(&queue));
}

KTEST(waitqueue_no_lost_flag, "3.4",
	"who looks between prepare and wait sleeps through no change of what it looks at",
	.limit = 10, .needs = "3.3")
{
	explore(3, SCHEDULES, flag_for_all);
}

/* --- each wake-up ends one sleep ----------------------------------------------------- */

static unsigned ended; /* [a] sleeps */

static void sleep_twice(void *unused)
{
	struct waiter waiter;

	(void)unused;
	for (int i = 0; i < 2; i++) {
		waitqueue_prepare(&queue, &waiter, 0);
		KT_EQ(waitqueue_wait(&queue, &waiter), 0);
		spoil(&waiter);
		add(&ended);
	}
}

/* Three wake-ups that have found somebody. */
static void wake_three(void *unused)
{
	(void)unused;
	for (int i = 0; i < 3; i++)
		UNTIL(waitqueue_wake_one(&queue));
}

static void wakes_and_sleeps(void)
{
	ended = 0;
	for (int i = 0; i < 3; i++)
		crew_start(sleep_twice, NULL);
	crew_start(wake_three, NULL);
	wake_three(NULL);
	crew_join();
	KT_EQ(ended, 6);
	KT_TRUE(!waitqueue_wake_one(&queue));
}

KTEST(waitqueue_wakes_one_each, "3.4",
	"each wake-up that has found somebody ends one sleep, and no more", .limit = 10,
	.needs = "3.3")
{
	explore(3, SCHEDULES, wakes_and_sleeps);
}

/* --- all ----------------------------------------------------------------------------- */

static void await_tokens(void *unused)
{
	(void)unused;
	spin_lock(&guard);
	while (!tokens)
		KT_EQ(waitqueue_sleep(&queue, &guard, 0), 0);
	spin_unlock(&guard);
	add(&ended);
}

static void open_for_all(void)
{
	unsigned woken;

	tokens = ended = 0;
	for (int i = 0; i < 3; i++)
		crew_start(await_tokens, NULL);
	if (explore_schedule() % 2)
		explore_wait_idle();
	spin_lock(&guard);
	tokens = 1;
	spin_unlock(&guard);
	woken = waitqueue_wake_all(&queue);
	KT_TRUE(explore_schedule() % 2 ? woken == 3 : woken <= 3);
	crew_join();
	KT_EQ(ended, 3);
	KT_EQ(waitqueue_wake_all(&queue), 0);
	tokens = 0;
}

KTEST(waitqueue_wakes_all_once, "3.4", "wake_all leaves nobody asleep who was there before it",
	.limit = 10, .needs = "3.3")
{
	explore(3, SCHEDULES, open_for_all);
}

/* One that sleeps again and again is woken once by each. */
static void wake_who_returns(void)
{
	unsigned all = 0;

	ended = 0;
	crew_start(sleep_twice, NULL);
	crew_start(sleep_twice, NULL);
	while (load(&ended) < 4) {
		unsigned some = waitqueue_wake_all(&queue);

		KT_TRUE(some <= 2);
		all += some;
		sched_yield();
		CPU_PAUSE();
	}
	KT_EQ(all, 4);
	crew_join();
}

KTEST(waitqueue_wakes_present, "3.4", "wake_all wakes those that wait now, and not who comes back",
	.limit = 10, .needs = "3.3")
{
	explore(3, SCHEDULES, wake_who_returns);
}

/* --- a wake-up and an interrupt meet ------------------------------------------------- */

static int first_result; /* [a] of the one that is interrupted */
static unsigned second_over, woken;

static void sleep_first(void *unused)
{
	struct waiter waiter;

	(void)unused;
	waitqueue_prepare(&queue, &waiter, WAIT_INTERRUPTIBLE);
	__atomic_store_n(&first_result, waitqueue_wait(&queue, &waiter), __ATOMIC_RELAXED);
	spoil(&waiter);
}

static void sleep_second(void *unused)
{
	struct waiter waiter;

	(void)unused;
	waitqueue_prepare(&queue, &waiter, 0);
	KT_EQ(waitqueue_wait(&queue, &waiter), 0);
	spoil(&waiter);
	add(&second_over);
}

static void wake_either(void *unused)
{
	(void)unused;
	if (waitqueue_wake_one(&queue))
		add(&woken);
}

/* The one that is interrupted takes the wake-up, or the other one does. */
static void wake_and_interrupt(void)
{
	struct thread *first = crew_start(sleep_first, NULL);

	second_over = woken = 0;
	first_result = 1;
	crew_start(sleep_second, NULL);
	explore_wait_idle();
	crew_start(wake_either, NULL);
	thread_interrupt(first);
	explore_wait_idle();
	KT_EQ(load(&woken), 1);
	KT_EQ(load(&second_over), __atomic_load_n(&first_result, __ATOMIC_RELAXED) == -EINTR);
	KT_EQ(waitqueue_wake_one(&queue), !load(&second_over));
	crew_join();
	KT_TRUE(first_result == 0 || first_result == -EINTR);
}

KTEST(waitqueue_wake_meets_interrupt, "3.4",
	"a wake-up that meets an interrupt is taken by the one that sleeps, or by the next one",
	.limit = 10, .needs = "3.3")
{
	explore(3, SCHEDULES, wake_and_interrupt);
}

/* The same, while they still go to sleep: an interrupt alone may end the first one's. */
static void interrupt_any_time(void)
{
	struct thread *first;

	second_over = woken = 0;
	first_result = 1;
	first = crew_start(sleep_first, NULL);
	crew_start(sleep_second, NULL);
	crew_start(wake_either, NULL);
	thread_interrupt(first);
	explore_wait_idle();
	KT_EQ(load(&woken),
		load(&second_over) + (__atomic_load_n(&first_result, __ATOMIC_RELAXED) == 0));
	if (!load(&second_over))
		KT_TRUE(waitqueue_wake_one(&queue));
	crew_join();
	KT_TRUE(first_result == 0 || first_result == -EINTR);
	KT_TRUE(waitqueue_empty(&queue));
}

KTEST(waitqueue_interrupt_any_time, "3.4",
	"an interrupt at any moment ends the sleep, and takes nobody's wake-up", .limit = 10,
	.needs = "3.3")
{
	explore(3, SCHEDULES, interrupt_any_time);
}

/* --- two queues ---------------------------------------------------------------------- */

static struct waitqueue turns[2] = { WAITQUEUE_INIT(turns[0], "turn 0"),
	WAITQUEUE_INIT(turns[1], "turn 1") };
static unsigned turn; /* [guard] */

/* Player number 0 or 1. */
static void play(void *argument)
{
	unsigned me = (unsigned)(uint64_t)argument;

	for (int i = 0; i < 4; i++) {
		spin_lock(&guard);
		while (turn % 2 != me)
			waitqueue_sleep(&turns[me], &guard, 0);
		turn++;
		waitqueue_wake_one(&turns[!me]);
		spin_unlock(&guard);
	}
}

static void in_turns(void)
{
	turn = 0;
	crew_start(play, (void *)1);
	play(NULL);
	crew_join();
	KT_EQ(turn, 8);
}

KTEST(waitqueue_in_turns, "3.4", "two threads wake each other in turns, each from its own queue",
	.limit = 10, .needs = "3.3")
{
	explore(2, SCHEDULES, in_turns);
}
