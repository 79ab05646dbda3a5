/*
 * Exercise 4.10: who waits for a word and who changes it, in many interleavings: nobody sleeps
 * through the change, and no wake-up ends more than one sleep.
 *
 * The words are the kernel's own here: futexes do not care where a look looks.
 */
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/tests/crew.h"
#include "lab4-interrupts/futex/queue.h"
#include "lab4-interrupts/time/timer.h"
#include <linux/errno.h>

#define SCHEDULES 60

static unsigned words[4]; /* [a] */
static unsigned woken;    /* [a] sleeps that have ended with 0 */

static struct futex_key key_of(const unsigned *word)
{
	return (struct futex_key){ words, (uint64_t)word };
}

struct expect {
	const unsigned *word;
	unsigned value;
};

static int still(void *argument)
{
	const struct expect *expect = argument;

	return __atomic_load_n(expect->word, __ATOMIC_RELAXED) == expect->value ? 0 : -EAGAIN;
}

static int sleep_on(const unsigned *word, unsigned value, uint32_t bits)
{
	struct futex_key key = key_of(word);
	struct expect expect = { word, value };

	return futex_sleep(&key, bits, TIMER_NEVER, still, &expect);
}

static unsigned wake(const unsigned *word, unsigned count, uint32_t bits)
{
	struct futex_key key = key_of(word);

	return futex_wake(&key, count, bits);
}

static void set(unsigned *word, unsigned value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static unsigned get(const unsigned *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* --- a flag -------------------------------------------------------------------------- */

static void await_flag(void *unused)
{
	(void)unused;
	while (!get(&words[0])) {
		int error = sleep_on(&words[0], 0, ~0u);

		KT_TRUE(error == 0 || error == -EAGAIN);
	}
}

static void flag_once(void)
{
	set(&words[0], 0);
	for (int i = 0; i < 3; i++)
		crew_start(await_flag, NULL);
	set(&words[0], 1);
	wake(&words[0], ~0u, ~0u);
	crew_join();
	KT_EQ(wake(&words[0], ~0u, ~0u), 0);
}

KTEST(futex_no_lost_flag, "4.10",
	"who has found the old value does not sleep through the change of it", .limit = 20,
	.needs = "3.1 3.3 3.4 3.5")
{
	explore(3, SCHEDULES, flag_once);
}

/* The same for one alone, from the moment at which both begin. */
static void flag_pair(void)
{
	set(&words[0], 0);
	crew_start(await_flag, NULL);
	explore_here();
	set(&words[0], 1);
	wake(&words[0], ~0u, ~0u);
	crew_join();
}

KTEST(futex_no_lost_flag_pair, "4.10", "one waiter and one waker: neither comes too late",
	.limit = 20, .needs = "3.1 3.3 3.4 3.5")
{
	explore(2, 400, flag_pair);
}

/* --- a mutex of three states (Drepper, "Futexes are tricky", section 6) ----------------- */

static unsigned inside, total;

static void lock(unsigned *word)
{
	unsigned free = 0;

	if (__atomic_compare_exchange_n(word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE) != 0) {
		int error = sleep_on(word, 2, ~0u);

		KT_TRUE(error == 0 || error == -EAGAIN);
	}
}

static void unlock(unsigned *word)
{
	if (__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) == 2)
		wake(word, 1, ~0u);
}

static void take_turns(void *unused)
{
	(void)unused;
	for (int i = 0; i < 3; i++) {
		lock(&words[1]);
		KT_EQ(inside++, 0);
		total++;
		inside--;
		unlock(&words[1]);
	}
}

static void mutex_once(void)
{
	total = 0;
	set(&words[1], 0);
	for (int i = 0; i < 3; i++)
		crew_start(take_turns, NULL);
	take_turns(NULL);
	crew_join();
	KT_EQ(total, 12);
}

KTEST(futex_mutex, "4.10", "a mutex made of a futex lets one thread in at a time, and each once",
	.limit = 20, .needs = "3.1 3.3 3.4 3.5")
{
	explore(3, SCHEDULES, mutex_once);
}

/* --- each wake-up ends one sleep ----------------------------------------------------- */

static void sleep_once(void *word)
{
	if (sleep_on(word, 7, ~0u) == 0)
		__atomic_fetch_add(&woken, 1, __ATOMIC_RELAXED);
}

/* Wakers wake one each, and are told how many; who has come too late is told that. */
static unsigned woke; /* [a] */

static void wake_once(void *word)
{
	__atomic_fetch_add(&woke, wake(word, 1, ~0u), __ATOMIC_RELAXED);
}

static void wake_rest(void *word)
{
	__atomic_fetch_add(&woke, wake(word, ~0u, ~0u), __ATOMIC_RELAXED);
}

static void counted(void)
{
	set(&words[2], 7);
	woken = woke = 0;
	for (int i = 0; i < 3; i++)
		crew_start(sleep_once, &words[2]);
	for (int i = 0; i < 2; i++)
		crew_start(wake_once, &words[2]);
	wake_once(&words[2]);
	explore_wait_idle();
	set(&words[2], 0);
	wake_rest(&words[2]);
	crew_join();
	KT_EQ(woken, 3);
	KT_EQ(woke, 3);
}

KTEST(futex_wakes_one_each, "4.10", "a wake-up of one ends one sleep, and its waker knows",
	.limit = 20, .needs = "3.1 3.3 3.4 3.5")
{
	explore(3, SCHEDULES, counted);
}

/* --- interrupted --------------------------------------------------------------------- */

static int interrupted_with; /* [a] */

static void sleep_until_interrupted(void *unused)
{
	(void)unused;
	interrupted_with = sleep_on(&words[3], 7, ~0u);
	if (interrupted_with == 0)
		__atomic_fetch_add(&woken, 1, __ATOMIC_RELAXED);
}

/* The interrupt and the wake-up meet: if it was not woken, the other one is, or nobody. */
static void interrupt_once(void)
{
	struct thread *first;
	unsigned told;

	set(&words[3], 7);
	woken = 0;
	interrupted_with = 1;
	first = crew_start(sleep_until_interrupted, NULL);
	crew_start(sleep_once, &words[3]);
	if (explore_schedule() % 2)
		explore_wait_idle();
	thread_interrupt(first);
	told = wake(&words[3], 1, ~0u);
	explore_wait_idle();
	set(&words[3], 0);
	told += wake(&words[3], ~0u, ~0u);
	crew_join();
	KT_EQ(woken, told);
	KT_TRUE(interrupted_with == 0 || interrupted_with == -EINTR);
}

KTEST(futex_interrupted, "4.10", "an interrupted sleep has used up nobody's wake-up", .limit = 20,
	.needs = "3.1 3.3 3.4 3.5")
{
	explore(3, SCHEDULES, interrupt_once);
}

/* Nobody but the interrupt ends this sleep. */
static void interrupt_alone(void)
{
	struct thread *first;

	set(&words[3], 7);
	interrupted_with = 1;
	first = crew_start(sleep_until_interrupted, NULL);
	explore_wait_idle();
	thread_interrupt(first);
	crew_join();
	KT_EQ(interrupted_with, -EINTR);
	KT_EQ(wake(&words[3], 1, ~0u), 0);
}

KTEST(futex_interrupted_alone, "4.10", "an interrupt ends a sleep, and nobody is left to be woken",
	.limit = 20, .needs = "3.1 3.3 3.4 3.5")
{
	explore(2, SCHEDULES, interrupt_alone);
}

/* --- moved, and interrupted --------------------------------------------------------- */

/* A waiter that is moved while its sleep is interrupted leaves whichever bucket it is in. */
static void move_once(void)
{
	struct futex_key from = key_of(&words[0]), to = key_of(&words[1]);
	struct expect expect = { &words[0], 7 };
	struct thread *first;
	int64_t moved;
	unsigned told;

	set(&words[0], 7);
	woken = 0;
	first = crew_start(sleep_once, &words[0]);
	crew_start(sleep_once, &words[0]);
	explore_wait_idle();
	thread_interrupt(first);
	moved = futex_requeue(&from, &to, 0, ~0u, still, &expect);
	KT_TRUE(moved == 1 || moved == 2);
	told = wake(&words[1], 1, ~0u);
	explore_wait_idle();
	set(&words[0], 0);
	told += wake(&words[1], ~0u, ~0u);
	KT_EQ(wake(&words[0], ~0u, ~0u), 0);
	crew_join();
	KT_EQ(woken, told);
	KT_EQ(futex_waiters(&to), 0);
}

KTEST(futex_moved_and_interrupted, "4.10",
	"a waiter that is moved to another word while it is interrupted is in neither afterwards",
	.limit = 20, .needs = "3.1 3.3 3.4 3.5")
{
	explore(3, SCHEDULES, move_once);
}

/* --- other words -------------------------------------------------------------------- */

#define OTHERS 1500 /* some of them have to share a bucket with ours */

static void others_once(void)
{
	struct futex_key key = key_of(&words[0]), other = key;

	set(&words[0], 7);
	woken = 0;
	crew_start(sleep_once, &words[0]);
	UNTIL(futex_waiters(&key) == 1);
	for (unsigned i = 1; i <= OTHERS; i++) {
		other.where = key.where + 4 * i;
		if (futex_wake(&other, ~0u, ~0u))
			KT_EQ(i, 0);
	}
	KT_EQ(futex_waiters(&key), 1);
	KT_EQ(wake(&words[0], 1, 0), 0);
	KT_EQ(wake(&words[0], 1, ~0u), 1);
	crew_join();
	KT_EQ(woken, 1);
}

KTEST(futex_other_words, "4.10", "a wake-up for another word wakes nobody who waits for this one",
	.limit = 20, .needs = "3.1 3.3 3.4 3.5")
{
	others_once();
}

/* --- two buckets --------------------------------------------------------------------- */

/* Debug kernels watch the order in which buckets are locked. */
static void both_ways(const struct futex_key *one, const struct futex_key *other)
{
	struct expect expect = { &words[0], 7 };

	KT_EQ(futex_wake_both(one, 1, other, 1, still, &expect), 0);
	KT_EQ(futex_wake_both(other, 1, one, 1, still, &expect), 0);
	KT_EQ(futex_requeue(one, other, 1, 1, still, &expect), 0);
	KT_EQ(futex_requeue(other, one, 1, 1, still, &expect), 0);
	expect.value = 8;
	KT_EQ(futex_wake_both(one, 1, other, 1, still, &expect), -EAGAIN);
	KT_EQ(futex_requeue(one, other, 1, 1, still, &expect), -EAGAIN);
}

KTEST(futex_both_ways, "4.10",
	"two words are locked in an order that does not depend on which is named first",
	.limit = 20, .needs = "3.1 3.3 3.4 3.5")
{
	struct futex_key one = key_of(&words[0]), other = one;

	set(&words[0], 7);
	both_ways(&one, &one);
	for (unsigned i = 1; i < 40; i++) {
		other.where = one.where + 4 * i;
		both_ways(&one, &other);
	}
}
