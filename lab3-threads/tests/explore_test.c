/*
 * The explorer itself: it finds what is wrong, whichever of its kinds, and finds nothing
 * where nothing is.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/lock/waitqueue.h"
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

/* --- what is wrong: test_explore.py sees how each of these fails ----------------------- */

static void count_plainly(unsigned cpu)
{
	(void)cpu;
	shared++;
}

KPROBE(explore_race)
{
	explore_bare(2, SCHEDULES, shared_is_0, count_plainly, NULL);
}

static struct spinlock other = SPINLOCK_INIT("explored, too");

static void two_locks(unsigned cpu)
{
	struct spinlock *first = cpu ? &lock : &other, *second = cpu ? &other : &lock;

	while (!spin_trylock(first))
		CPU_PAUSE();
	while (!spin_trylock(second))
		CPU_PAUSE();
	spin_unlock(second);
	spin_unlock(first);
}

KPROBE(explore_spin_deadlock)
{
	explore_bare(2, SCHEDULES, NULL, two_locks, NULL);
}

static unsigned flag;

static void wait_for_ever(unsigned cpu)
{
	while (cpu && !__atomic_load_n(&flag, __ATOMIC_ACQUIRE))
		__atomic_fetch_add(&shared, 1, __ATOMIC_RELAXED);
}

KPROBE(explore_endless)
{
	explore_bare(2, SCHEDULES, NULL, wait_for_ever, NULL);
}

static unsigned go;
static struct waitqueue sleepers = WAITQUEUE_INIT(sleepers, "explored");

/* It looks, and then goes to sleep: a wake-up between the two is lost. */
static void sleep_if_unset(void *unused)
{
	struct waiter waiter;

	(void)unused;
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		CPU_PAUSE();
	if (__atomic_load_n(&flag, __ATOMIC_ACQUIRE))
		return;
	waitqueue_prepare(&sleepers, &waiter, 0);
	waitqueue_wait(&sleepers, &waiter);
}

static void lose_a_wake_up(void)
{
	struct thread *thread = thread_create("sleeper", sleep_if_unset, NULL);

	KT_REQUIRE(thread);
	flag = go = 0;
	thread_start(thread);
	explore_here();
	__atomic_store_n(&go, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&flag, 1, __ATOMIC_RELEASE);
	waitqueue_wake_all(&sleepers);
	thread_join(thread);
}

/* Several chances in one schedule cost less than more schedules. */
static void lose_wake_ups(void)
{
	for (int i = 0; i < 10; i++)
		lose_a_wake_up();
}

KPROBE(explore_lost_wake_up)
{
	explore(2, SCHEDULES, lose_wake_ups);
}

static uint64_t told;

static void tell_order(unsigned cpu)
{
	uint64_t old = __atomic_load_n(&told, __ATOMIC_RELAXED);

	for (int i = 0; i < 4; i++)
		while (!__atomic_compare_exchange_n(
			&told, &old, old * 31 + cpu, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			;
}

static void reply_order(void)
{
	kt_reply_hex(&told, sizeof(told));
}

/* Which interleavings there were, a line a schedule: the same for the same seed. */
KPROBE(explore_order)
{
	explore_bare(3, 40, NULL, tell_order, reply_order);
}

/* --- a schedule that touches more memory than the clocks have room for ------------------ */

#define ROOM 6144 /* words: three quarters of CELLS in clocks.c */

static uint64_t words[ROOM + 10];

static unsigned turn;

static void nobody_s_turn(void)
{
	turn = 0;
}

/* In one of the schedules the tables are full just at the release, which is not to be lost: what is
 * read plainly after the acquire was written before it. */
static void fill_and_release(unsigned cpu)
{
	unsigned fill = cpu ? 0 : ROOM - 10 + explore_schedule();

	for (unsigned i = 0; i < fill && i < ROOM + 10; i++)
		words[i] = i;
	if (cpu == 0)
		__atomic_store_n(&turn, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&turn, __ATOMIC_ACQUIRE))
		CPU_PAUSE();
	KT_EQ(turn, 1);
}

KTEST(explore_forgets_as_a_whole, "",
	"when the clocks' tables are full, no order is forgotten alone", .limit = 20)
{
	explore_bare(2, 20, nobody_s_turn, fill_and_release, NULL);
}
