/*
 * Exercise 3.9 in many interleavings: mutexes are handed over while others come, and
 * priorities change meanwhile. Then all wait for a thread that sleeps, in one way or another,
 * and every priority has to be what a model makes of who waits for whom.
 */
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/lock/donation.h"
#include "lab3-threads/lock/sleeper.h"
#include "lab3-threads/tests/crew.h"

#define SCHEDULES 50
#define THREADS   4
#define MUTEXES   3

/* Taken in the order of their numbers. */
static struct mutex mutex[MUTEXES] = { MUTEX_INIT(mutex[0], "tested 0"),
	MUTEX_INIT(mutex[1], "tested 1"), MUTEX_INIT(mutex[2], "tested 2") };
static struct thread *thread[THREADS], *keeper; /* of the last mutex */

static void now_and_then(struct mutex *one, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		mutex_lock(one);
		mutex_unlock(one);
	}
}

/* Who owns nothing has its own priority. */
static void check_own(void)
{
	donation_lock();
	KT_EQ(thread_self()->priority, thread_self()->base);
	donation_unlock();
}

static void one_step(void *unused)
{
	(void)unused;
	now_and_then(&mutex[1], 2);
	mutex_lock(&mutex[1]);
	mutex_lock(&mutex[2]);
	mutex_unlock(&mutex[1]);
	mutex_unlock(&mutex[2]);
	check_own();
}

static void two_steps(void *unused)
{
	(void)unused;
	now_and_then(&mutex[0], 1);
	mutex_lock(&mutex[0]);
	mutex_lock(&mutex[1]);
	mutex_lock(&mutex[2]);
	mutex_unlock(&mutex[0]);
	mutex_unlock(&mutex[2]);
	mutex_unlock(&mutex[1]);
	check_own();
}

static void keep(void *unused)
{
	(void)unused;
	mutex_lock(&mutex[2]);
	sched_prepare_sleep(0);
	sched_sleep();
	mutex_unlock(&mutex[2]);
	check_own();
}

static bool sleeps(const struct thread *one)
{
	return __atomic_load_n(&one->state, __ATOMIC_RELAXED) == THREAD_SLEEPING;
}

/* Caller of the following holds the donation lock, and nobody is on his way to or from a mutex. */

static unsigned expected(const struct thread *one)
{
	unsigned highest = one->base;

	for (unsigned i = 0; i < MUTEXES; i++) {
		if (__atomic_load_n(&mutex[i].owner, __ATOMIC_RELAXED) != one)
			continue;
		list_each (link, &mutex[i].waiters) {
			unsigned lent = expected(list_entry(link, struct sleeper, link)->thread);

			highest = lent > highest ? lent : highest;
		}
	}
	return highest;
}

static void check_all(void)
{
	donation_lock();
	for (unsigned i = 0; i < THREADS; i++)
		KT_EQ(thread[i]->priority, expected(thread[i]));
	KT_EQ(keeper->priority, expected(keeper));
	KT_TRUE(expected(keeper) > keeper->base);
	donation_unlock();
}

static void set_all(unsigned first, unsigned step)
{
	for (unsigned i = 0; i < THREADS; i++)
		thread_set_priority(thread[i], 2 + (first + i * step) % 28);
}

static void once(void)
{
	for (unsigned i = 0; i < THREADS; i++) {
		thread[i] = thread_create("tested", i % 2 ? one_step : two_steps, NULL);
		KT_REQUIRE(thread[i]);
	}
	KT_REQUIRE(keeper = thread_spawn("keeper", keep, NULL));
	thread_set_priority(keeper, 1);
	UNTIL(sleeps(keeper));
	set_all(2, 7);
	explore_here();
	for (unsigned i = 0; i < THREADS; i++)
		thread_start(thread[i]);
	set_all(26, 20);
	explore_wait_idle();
	check_all();
	set_all(explore_schedule(), 5);
	check_all();
	sched_wake(keeper);
	thread_join(keeper);
	for (unsigned i = 0; i < THREADS; i++)
		thread_join(thread[i]);
}

KTEST(donation_explored, "3.9", "loans are right whatever comes between, in every schedule",
	.limit = 20)
{
	explore(3, SCHEDULES, once);
}

/* --- handed over while priorities change ------------------------------------------------- */

#define HOLDERS 3
#define TIMES   2 /* that each of them owns the mutex */

static void hold(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < TIMES; i++) {
		mutex_lock(&mutex[0]);
		sched_prepare_sleep(0);
		sched_sleep();
		mutex_unlock(&mutex[0]);
	}
	check_own();
}

static void check_holders(void)
{
	donation_lock();
	for (unsigned i = 0; i < HOLDERS; i++)
		KT_EQ(thread[i]->priority, expected(thread[i]));
	donation_unlock();
}

/* The one that owns the mutex gives it to another one, which may just become more urgent or less.
 */
static void change_while_handed_over(unsigned round)
{
	struct thread *owner = __atomic_load_n(&mutex[0].owner, __ATOMIC_RELAXED);

	KT_REQUIRE(owner);
	sched_wake(owner);
	for (unsigned i = 0; i < HOLDERS; i++)
		if (thread[i] != owner)
			thread_set_priority(thread[i], round % 2 ? 30 - i : 2 + i);
	explore_wait_idle();
	check_holders();
}

static void hold_in_turn(void)
{
	for (unsigned i = 0; i < HOLDERS; i++) {
		KT_REQUIRE(thread[i] = thread_spawn("holder", hold, NULL));
		thread_set_priority(thread[i], 10 + i);
	}
	explore_wait_idle();
	explore_here();
	for (unsigned round = 0; round < TIMES * HOLDERS; round++)
		change_while_handed_over(round);
	for (unsigned i = 0; i < HOLDERS; i++)
		thread_join(thread[i]);
}

KTEST(donation_changed_while_handed_over, "3.9",
	"a priority that changes while the mutex is handed over is not overlooked", .limit = 20)
{
	explore(3, SCHEDULES, hold_in_turn);
}

/* --- in parallel ------------------------------------------------------------------------- */

#define ROUNDS 100
#define CREW   6

/* Takes some of the mutexes, now and then changes its own priority, and gives them back in another
 * order. */
static void storms(void *argument)
{
	unsigned state = (unsigned)(uint64_t)argument;

	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned which = (state = state * 1664525 + 1013904223) >> 16;

		if (which % 5 == 0)
			thread_set_priority(thread_self(), which % THREAD_PRIORITIES);
		for (unsigned i = 0; i < MUTEXES; i++)
			if (which >> i & 1)
				mutex_lock(&mutex[i]);
		if (which >> MUTEXES & 1)
			sched_yield();
		for (unsigned i = 0; i < MUTEXES; i++)
			if (which >> i & 1)
				mutex_unlock(&mutex[i]);
		check_own();
	}
}

KPROBE(donation_storm)
{
	for (unsigned i = 0; i < CREW; i++)
		crew_start(storms, (void *)(kt_random() | 1));
	crew_join();
}
