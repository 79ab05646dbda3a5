/*
 * The explorer itself: it finds what is wrong, whichever of its kinds, and finds nothing
 * where nothing is.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/sched/sched.h"
#include "lab3-threads/thread/thread.h"

#define SCHEDULES 100

static struct spinlock lock = SPINLOCK_INIT("explored");
static unsigned shared;

static void count_with_lock(unsigned cpu)
{
	(void)cpu;
	for (int i = 0; i < 5; i++) {
		spin_lock(&lock);
		shared++;
		spin_unlock(&lock);
	}
}

static void shared_is_0(void)
{
	shared = 0;
}

static void shared_is_15(void)
{
	KT_EQ(shared, 15);
}

KTEST(explore_right_lock, "", "counting under a spin lock is right in every schedule")
{
	explore_bare(3, SCHEDULES, shared_is_0, count_with_lock, shared_is_15);
}

static void count_atomically(unsigned cpu)
{
	(void)cpu;
	for (int i = 0; i < 5; i++) {
		unsigned old = __atomic_load_n(&shared, __ATOMIC_RELAXED);

		__atomic_store_n(&shared, old + 1, __ATOMIC_RELAXED);
	}
}

static unsigned lost;

static void was_any_lost(void)
{
	lost += shared != 15;
}

KTEST(explore_lost_update, "", "counting by a load and a store loses some, in many schedules")
{
	explore_bare(3, SCHEDULES, shared_is_0, count_atomically, was_any_lost);
	KT_TRUE(lost > SCHEDULES / 8);
}

static struct mutex mutex = MUTEX_INIT(mutex, "explored");

static void count_with_mutex(void *unused)
{
	(void)unused;
	for (int i = 0; i < 3; i++) {
		mutex_lock(&mutex);
		shared++;
		mutex_unlock(&mutex);
	}
}

static void three_threads(void)
{
	struct thread *thread[3];

	shared = 0;
	for (int i = 0; i < 3; i++)
		KT_REQUIRE(thread[i] = thread_spawn("count", count_with_mutex, NULL));
	for (int i = 0; i < 3; i++)
		thread_join(thread[i]);
	KT_EQ(shared, 9);
}

KTEST(explore_threads, "", "threads that count under a mutex are right in every schedule",
	.limit = 10)
{
	explore(3, SCHEDULES, three_threads);
}
