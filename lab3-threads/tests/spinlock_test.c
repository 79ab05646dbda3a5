/*
 * Exercise 3.3 between processors, in many schedules. test_spinlock.py has random
 * programmes whose logs the host judges, and processors that really run together.
 */
#include "lab1-boot/cpu/cpu.h"
#include "lab1-boot/ktest/ktest.h"
#include "lab1-boot/lock/spinlock.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/lock/ticket.h"

#define SCHEDULES 120
#define ROUNDS    4
#define NEAR_WRAP 0xfffffffau /* a few tickets before the numbers wrap around */

static struct spinlock lock, second;
static unsigned counter; /* [lock] */

static uint32_t load(const uint32_t *number)
{
	return __atomic_load_n(number, __ATOMIC_RELAXED);
}

static void begin_at(uint32_t number)
{
	lock = (struct spinlock){ .name = "first", .next = number, .owner = number };
	second = (struct spinlock){ .name = "second", .next = number, .owner = number };
	counter = 0;
}

static void begin(void)
{
	begin_at(0);
}

/* --- exclusion ----------------------------------------------------------------------- */

static unsigned inside; /* [a] how many processors are between lock and unlock */

/* Whoever is here with another one has broken in. Atomic: the lock alone keeps others out. */
static void visit(void)
{
	KT_EQ(__atomic_fetch_add(&inside, 1, __ATOMIC_RELAXED), 0);
	CPU_PAUSE();
	__atomic_fetch_sub(&inside, 1, __ATOMIC_RELAXED);
}

static void lock_and_visit(unsigned cpu)
{
	(void)cpu;
	for (int i = 0; i < ROUNDS; i++) {
		spin_lock(&lock);
		visit();
		spin_unlock(&lock);
	}
}

KTEST(spin_excludes, "3.3", "no two processors are between lock and unlock together", .limit = 10)
{
	explore_bare(4, SCHEDULES, begin, lock_and_visit, NULL);
}

static void begin_near_wrap(void)
{
	begin_at(NEAR_WRAP);
}

static void ends_behind_wrap(void)
{
	KT_EQ(load(&lock.next), NEAR_WRAP + 4 * ROUNDS);
	KT_EQ(load(&lock.owner), NEAR_WRAP + 4 * ROUNDS);
}

KTEST(spin_wraps_around, "3.3", "a lock goes on when its numbers begin again at 0", .limit = 10)
{
	explore_bare(4, SCHEDULES, begin_near_wrap, lock_and_visit, ends_behind_wrap);
}

/* --- memory order -------------------------------------------------------------------- */

static void lock_and_count(unsigned cpu)
{
	(void)cpu;
	for (int i = 0; i < ROUNDS; i++) {
		spin_lock(&lock);
		counter++;
		spin_unlock(&lock);
	}
}

static void all_are_counted(void)
{
	KT_EQ(counter, 3 * ROUNDS);
}

KTEST(spin_orders_memory, "3.3",
	"what was written under the lock is there for the next holder, by the memory order alone",
	.limit = 10)
{
	explore_bare(3, SCHEDULES, begin, lock_and_count, all_are_counted);
}

static unsigned taken; /* [a] how often trylock has succeeded */

static void try_and_count(unsigned cpu)
{
	(void)cpu;
	for (int i = 0; i < 2 * ROUNDS; i++) {
		if (!spin_trylock(&lock))
			continue;
		counter++;
		spin_unlock(&lock);
		__atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
	}
}

static void taken_are_counted(void)
{
	KT_EQ(counter, __atomic_exchange_n(&taken, 0, __ATOMIC_RELAXED));
	KT_TRUE(counter > 0);
}

KTEST(spin_try_orders_memory, "3.3", "so it is for a holder that came by trylock", .limit = 10)
{
	explore_bare(3, SCHEDULES, begin, try_and_count, taken_are_counted);
}

/* --- order of entry ------------------------------------------------------------------ */

static unsigned arrival[4], entered[4], entries; /* processors; the latter two [lock] */
static unsigned may_come;                        /* [a] how many of arrival may ask by now */

/* Who comes when: processor 0 has the lock; the others in any order. */
static void hold_and_shuffle(void)
{
	begin_at(kt_random() & 1 ? 0 : NEAR_WRAP + 4);
	for (unsigned i = 0; i < 4; i++) {
		unsigned j = i ? 1 + (unsigned)(kt_random() % i) : 0;

		arrival[i] = arrival[j];
		arrival[j] = i;
	}
	entries = 0;
	may_come = 1;
	spin_lock(&lock);
}

/* Let one after the other draw its ticket, and then all in. */
static void admit(void)
{
	for (unsigned i = 1; i < 4; i++) {
		__atomic_store_n(&may_come, i + 1, __ATOMIC_RELEASE);
		while (load(&lock.next) - load(&lock.owner) != i + 1)
			CPU_PAUSE();
	}
	spin_unlock(&lock);
}

static bool may_i(unsigned cpu)
{
	unsigned come = __atomic_load_n(&may_come, __ATOMIC_ACQUIRE);

	for (unsigned i = 1; i < come; i++)
		if (arrival[i] == cpu)
			return true;
	return false;
}

static void enter(unsigned cpu)
{
	if (cpu == 0) {
		admit();
		return;
	}
	while (!may_i(cpu))
		CPU_PAUSE();
	spin_lock(&lock);
	entered[entries++] = cpu;
	spin_unlock(&lock);
}

static void entered_as_arrived(void)
{
	KT_EQ(entries, 3);
	for (unsigned i = 0; i < entries; i++)
		KT_EQ(entered[i], arrival[i + 1]);
}

KTEST(spin_is_fair, "3.3", "processors that wait come in the order in which they have asked",
	.limit = 10)
{
	explore_bare(4, SCHEDULES, hold_and_shuffle, enter, entered_as_arrived);
}

/* Nobody who asks after us comes before us: our number is at least what `next` was before. */
static void lock_in_turn(unsigned cpu)
{
	(void)cpu;
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t before = load(&lock.next), number, waiting;

		spin_lock(&lock);
		number = load(&lock.owner);
		waiting = load(&lock.next) - number;
		KT_EQ(number, NEAR_WRAP + counter);
		KT_TRUE((int32_t)(number - before) >= 0);
		KT_TRUE(waiting >= 1 && waiting <= 3);
		counter++;
		spin_unlock(&lock);
	}
}

KTEST(spin_is_not_overtaken, "3.3",
	"nobody is overtaken: each entry has the next number, drawn when it asked", .limit = 10)
{
	explore_bare(3, SCHEDULES, begin_near_wrap, lock_in_turn, NULL);
}

/* --- trylock among others ------------------------------------------------------------ */

static unsigned tried, winners; /* [a] */

/* Who has got the lock keeps it until all have tried. */
static void try_together(unsigned cpu)
{
	bool ours = spin_trylock(&lock);

	(void)cpu;
	if (ours)
		__atomic_fetch_add(&winners, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&tried, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&tried, __ATOMIC_RELAXED) < 4)
		CPU_PAUSE();
	if (ours)
		spin_unlock(&lock);
}

static void one_has_won(void)
{
	KT_EQ(__atomic_exchange_n(&winners, 0, __ATOMIC_RELAXED), 1);
	tried = 0;
	KT_EQ(load(&lock.next), 1);
	KT_EQ(load(&lock.owner), 1);
}

KTEST(spin_try_never_waits, "3.3",
	"of those that try a free lock together one gets it, and none waits for it", .limit = 10)
{
	explore_bare(4, SCHEDULES, begin, try_together, one_has_won);
}

/* Some wait for the lock, some only try it. */
static void try_among_waiters(unsigned cpu)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (cpu % 2 && !spin_trylock(&lock))
			continue;
		if (cpu % 2 == 0)
			spin_lock(&lock);
		visit();
		counter++;
		spin_unlock(&lock);
	}
}

static void none_is_left(void)
{
	KT_EQ(load(&lock.next), NEAR_WRAP + counter);
	KT_EQ(load(&lock.owner), NEAR_WRAP + counter);
	KT_TRUE(counter >= 2 * ROUNDS);
}

KTEST(spin_try_among_waiters, "3.3",
	"trylock lets nobody in who waits already, and stands in nobody's way", .limit = 10)
{
	explore_bare(4, SCHEDULES, begin_near_wrap, try_among_waiters, none_is_left);
}

/* --- looks, and two locks ------------------------------------------------------------ */

static void hold(void)
{
	begin();
	spin_lock(&lock);
}

/* Processor 1 has drawn its ticket, and then has time to look while the lock is held. */
static void look_again(unsigned cpu)
{
	if (cpu == 1) {
		KT_TRUE(ticket_lock(&lock) > 0);
		ticket_unlock(&lock);
		return;
	}
	while (load(&lock.next) != 2)
		CPU_PAUSE();
	for (int i = 0; i < 10; i++)
		CPU_PAUSE();
	spin_unlock(&lock);
}

KTEST(spin_counts_looks, "3.3", "ticket_lock tells that it had to look again", .limit = 10)
{
	explore_bare(2, SCHEDULES, hold, look_again, NULL);
}

static unsigned under_both; /* [lock] [second] */

/* One within the other, and the second by itself. */
static void nest(unsigned cpu)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (cpu != 1)
			spin_lock(&lock);
		spin_lock(&second);
		under_both++;
		spin_unlock(&second);
		if (cpu != 1)
			spin_unlock(&lock);
	}
}

static void nested_are_counted(void)
{
	KT_EQ(under_both, 3 * ROUNDS);
	under_both = 0;
}

KTEST(spin_nests, "3.3", "a lock within a lock: both keep others out", .limit = 10)
{
	explore_bare(3, SCHEDULES, begin, nest, nested_are_counted);
}
