/*
 * Exercise 3.5, mutexes between processors, in many schedules. A thread that nobody wakes
 * is a deadlock; what was not seen of the holders before is a data race.
 */
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/tests/crew.h"

#define SCHEDULES 50

static struct mutex mutex = MUTEX_INIT(mutex, "test");
static unsigned counter; /* [mutex] */
static unsigned inside;  /* [a] */

static bool asleep(const struct thread *thread)
{
	return __atomic_load_n(&thread->state, __ATOMIC_RELAXED) == THREAD_SLEEPING;
}

/* How often the mutex has been looked at: each takes the guard. */
static uint32_t looks(void)
{
	return __atomic_load_n(&mutex.guard.next, __ATOMIC_RELAXED);
}

static void visit(void)
{
	KT_EQ(__atomic_fetch_add(&inside, 1, __ATOMIC_RELAXED), 0);
	counter++;
	CPU_PAUSE();
	__atomic_fetch_sub(&inside, 1, __ATOMIC_RELAXED);
}

/* --- exclusion ----------------------------------------------------------------------- */

static void lock_and_visit(void *unused)
{
	(void)unused;
	for (int i = 0; i < 3; i++) {
		mutex_lock(&mutex);
		visit();
		mutex_unlock(&mutex);
	}
}

static void visits(void)
{
	counter = 0;
	for (int i = 0; i < 3; i++)
		crew_start(lock_and_visit, NULL);
	crew_join();
	KT_EQ(counter, 9);
	KT_REQUIRE(mutex_trylock(&mutex));
	mutex_unlock(&mutex);
}

KTEST(mutex_excludes, "3.5", "no two threads have the mutex together, and none waits for ever",
	.limit = 10, .needs = "3.3")
{
	explore(3, SCHEDULES, visits);
}

/* The owner lets others run meanwhile: they find that it does not, and sleep. */
static void lock_and_yield(void *unused)
{
	(void)unused;
	for (int i = 0; i < 3; i++) {
		mutex_lock(&mutex);
		visit();
		sched_yield();
		visit();
		mutex_unlock(&mutex);
	}
}

static void yielding_visits(void)
{
	counter = 0;
	for (int i = 0; i < 4; i++)
		crew_start(i % 2 ? lock_and_yield : lock_and_visit, NULL);
	crew_join();
	KT_EQ(counter, 2 * 3 + 2 * 6);
}

KTEST(mutex_excludes_for_sleeper, "3.5",
	"so it is for owners that give their processor away meanwhile", .limit = 10, .needs = "3.3")
{
	explore(2, SCHEDULES, yielding_visits);
}

/* Some only try. */
static void try_and_visit(void *unused)
{
	(void)unused;
	for (int i = 0; i < 4; i++)
		if (mutex_trylock(&mutex)) {
			visit();
			mutex_unlock(&mutex);
		}
}

static void tried_visits(void)
{
	counter = 0;
	for (int i = 0; i < 4; i++)
		crew_start(i % 2 ? lock_and_visit : try_and_visit, NULL);
	crew_join();
	KT_TRUE(counter >= 6);
}

KTEST(mutex_excludes_trying, "3.5", "threads that only try come in between, but to nobody",
	.limit = 10, .needs = "3.3")
{
	explore(3, SCHEDULES, tried_visits);
}

/* --- spinning and sleeping ----------------------------------------------------------- */

static unsigned slept; /* [a] times, while it waited */

static void lock_once(void *unused)
{
	uint64_t switches = thread_self()->switches;

	(void)unused;
	mutex_lock(&mutex);
	__atomic_store_n(&slept, (unsigned)(thread_self()->switches - switches), __ATOMIC_RELAXED);
	counter++;
	mutex_unlock(&mutex);
}

/* We own it and run on; the other one has a processor of its own, and looks again and again. */
static void run_on(void)
{
	struct thread *other;
	uint32_t before;

	mutex_lock(&mutex);
	before = looks();
	other = crew_start(lock_once, NULL);
	while (looks() - before < 4 && !asleep(other))
		CPU_PAUSE();
	KT_TRUE(!asleep(other));
	mutex_unlock(&mutex);
	crew_join();
	KT_EQ(slept, 0);
}

KTEST(mutex_spins_for_runner, "3.5",
	"who waits for an owner that runs looks again, and does not sleep", .limit = 10,
	.needs = "3.3")
{
	explore(2, SCHEDULES, run_on);
}

static struct thread *owner, *waiter; /* before the last one starts */

/* Wakes the owner when the other one sleeps, too. */
static void wake_owner(void *unused)
{
	uint32_t before = looks();

	(void)unused;
	UNTIL(asleep(owner) && asleep(waiter));
	KT_TRUE(looks() - before < 20);
	sched_wake(owner);
}

/* We own it, and go to sleep while the other one looks. */
static void fall_asleep(void)
{
	struct thread *waker = thread_create("waker", wake_owner, NULL);
	uint32_t before;

	KT_REQUIRE(waker);
	owner = thread_self();
	mutex_lock(&mutex);
	before = looks();
	waiter = crew_start(lock_once, NULL);
	while (looks() - before < 2 && !asleep(waiter))
		CPU_PAUSE();
	sched_prepare_sleep(0);
	thread_start(waker);
	sched_sleep();
	mutex_unlock(&mutex);
	crew_join();
	thread_join(waker);
}

KTEST(mutex_spins_no_longer, "3.5", "who looks again sleeps as soon as the owner does", .limit = 10,
	.needs = "3.3")
{
	explore(3, SCHEDULES, fall_asleep);
}

static unsigned first_counter; /* [mutex] */

static void lock_first(void *unused)
{
	(void)unused;
	mutex_lock(&mutex);
	first_counter = counter++;
	mutex_unlock(&mutex);
}

/* We run on for ever. The first one has looked long enough, and sleeps; the second one comes. */
static void come_behind(void)
{
	struct thread *first, *second;

	counter = 0;
	mutex_lock(&mutex);
	first = crew_start(lock_first, NULL);
	while (!asleep(first))
		CPU_PAUSE();
	second = crew_start(lock_once, NULL);
	while (!asleep(second))
		CPU_PAUSE();
	mutex_unlock(&mutex);
	crew_join();
	KT_EQ(first_counter, 0);
	KT_EQ(counter, 2);
}

KTEST(mutex_spins_not_past_sleepers, "3.5",
	"nobody looks for ever, and whoever sleeps already comes before one that looks",
	.limit = 20, .needs = "3.3")
{
	explore(3, 4, come_behind); /* the first one looks a thousand times */
}
