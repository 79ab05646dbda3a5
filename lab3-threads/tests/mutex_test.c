/*
 * Exercise 3.5, mutexes on one processor: to whom a mutex is handed over, and when.
 * mutex_race_test.c has the same between processors; test_mutex.py has random sequences that
 * the host judges.
 */
#include "lab1-boot/lock/mutex.h"
#include "lab3-threads/tests/workers.h"

#define ROUNDS 20

static struct mutex mutex = MUTEX_INIT(mutex, "test");
static unsigned got[32], got_count; /* workers, in the order in which it became theirs */

static void lock(unsigned self, unsigned unused)
{
	(void)unused;
	mutex_lock(&mutex);
	KT_TRUE(mutex_held(&mutex));
	got[got_count++ % 32] = self;
}

static void unlock(unsigned self, unsigned unused)
{
	(void)self, (void)unused;
	mutex_unlock(&mutex);
	KT_TRUE(!mutex_held(&mutex));
}

static void begin(unsigned workers)
{
	workers_begin(workers);
	got_count = 0;
}

/* Let number 0 take it, and the others wait for it in a random order, which is told. */
static void gather(unsigned workers, unsigned order[WORKERS])
{
	got_count = 0;
	for (unsigned i = 0; i < workers; i++) {
		unsigned j = i ? 1 + (unsigned)(kt_random() % i) : 0;

		order[i] = order[j];
		order[j] = i;
	}
	for (unsigned i = 0; i < workers; i++)
		worker_do(order[i], lock, 0);
	KT_EQ(got_count, 1);
}

/* From one to the next: they get it as order says. */
static void hand_down(unsigned workers, const unsigned order[WORKERS])
{
	for (unsigned i = 0; i < workers; i++) {
		KT_EQ(got_count, i + 1);
		KT_REQUIRE(got[i] == order[i]);
		worker_do(order[i], unlock, 0);
	}
	KT_REQUIRE(mutex_trylock(&mutex));
	mutex_unlock(&mutex);
}

KTEST(mutex_first_come, "3.5", "who waits for a mutex gets it in the order of coming", .limit = 5)
{
	unsigned order[WORKERS] = { 0 };

	begin(6);
	for (int i = 0; i < ROUNDS; i++) {
		gather(6, order);
		hand_down(6, order);
	}
	workers_end();
}

/* The most urgent first, among equals in the order that there was. */
static void sort(unsigned workers, unsigned order[WORKERS], const unsigned priority[WORKERS])
{
	for (unsigned i = 2; i < workers; i++)
		for (unsigned j = i; j > 1 && priority[order[j]] > priority[order[j - 1]]; j--) {
			unsigned other = order[j];

			order[j] = order[j - 1];
			order[j - 1] = other;
		}
}

/* Few priorities, so that some are equal. */
static void set_priority(unsigned number, unsigned priority[WORKERS])
{
	priority[number] = 8 + (unsigned)(kt_random() % 3);
	thread_set_priority(worker[number].thread, priority[number]);
}

KTEST(mutex_most_urgent_first, "3.5",
	"a mutex goes to the most urgent of those that wait, among equals to the first", .limit = 5)
{
	unsigned order[WORKERS] = { 0 }, priority[WORKERS];

	begin(7);
	for (int i = 0; i < ROUNDS; i++) {
		for (unsigned number = 0; number < 7; number++)
			set_priority(number, priority);
		gather(7, order);
		sort(7, order, priority);
		hand_down(7, order);
	}
	workers_end();
}

KTEST(mutex_urgent_by_now, "3.5",
	"what counts is how urgent they are when it is handed over, not when they came", .limit = 5)
{
	unsigned order[WORKERS] = { 0 }, priority[WORKERS];

	begin(7);
	for (int i = 0; i < ROUNDS; i++) {
		gather(7, order);
		for (unsigned number = 0; number < 7; number++)
			set_priority(number, priority);
		sort(7, order, priority);
		hand_down(7, order);
	}
	workers_end();
}

/* Give it up, and want it back at once. */
static void unlock_and_try(unsigned self, unsigned unused)
{
	uint64_t switches = thread_self()->switches;

	unlock(self, unused);
	KT_TRUE(!mutex_trylock(&mutex));
	KT_TRUE(!mutex_held(&mutex));
	KT_EQ(thread_self()->switches, switches); /* nobody else has run yet */
	lock(self, unused);
}

KTEST(mutex_is_handed_over, "3.5",
	"a mutex that is handed over is the next one's at once, and who comes waits behind")
{
	begin(3);
	for (unsigned i = 0; i < 3; i++)
		worker_do(i, lock, 0);
	for (unsigned i = 0; i < 12; i++) {
		KT_EQ(got_count, i + 1);
		KT_REQUIRE(got[i] == i % 3);
		worker_do(i % 3, unlock_and_try, 0);
	}
	for (unsigned i = 0; i < 3; i++)
		worker_do(i, unlock, 0);
	KT_EQ(got_count, 15);
	workers_end();
}

static void try(unsigned self, unsigned expected)
{
	uint64_t switches = thread_self()->switches;

	(void)self;
	KT_EQ(mutex_trylock(&mutex), expected);
	KT_EQ(mutex_held(&mutex), expected);
	KT_EQ(thread_self()->switches, switches);
}

KTEST(mutex_try, "3.5", "trylock takes a mutex that is free, and never one that somebody waits for")
{
	begin(4);
	worker_do(0, try, 1);
	worker_do(1, try, 0);
	worker_do(2, lock, 0);
	worker_do(1, try, 0);
	worker_do(0, unlock, 0);
	KT_EQ(got_count, 1); /* number 2 has it */
	worker_do(1, try, 0);
	worker_do(3, lock, 0);
	worker_do(2, unlock, 0);
	worker_do(1, try, 0);
	worker_do(3, unlock, 0);
	worker_do(1, try, 1);
	worker_do(1, unlock, 0);
	workers_end();
}

static uint32_t looks; /* at the mutex, while one waited */

static void lock_counting(unsigned self, unsigned unused)
{
	looks = mutex.guard.next;
	lock(self, unused);
	looks = mutex.guard.next - looks;
}

KTEST(mutex_sleeps_for_sleeper, "3.5",
	"nobody spins for a mutex whose owner sleeps, or does not run: it sleeps at once")
{
	begin(2);
	for (int i = 0; i < ROUNDS; i++) {
		worker_do(0, lock, 0);
		worker_do(1, lock_counting, 0);
		KT_TRUE(worker[1].busy);
		worker_do(0, unlock, 0);
		KT_TRUE(!worker[1].busy);
		KT_TRUE(looks < 20); /* each takes the guard */
		worker_do(1, unlock, 0);
	}
	workers_end();
}

static struct mutex other = MUTEX_INIT(other, "other test");

/* Both, in the same order. */
static void lock_both(unsigned self, unsigned unused)
{
	lock(self, unused);
	mutex_lock(&other);
	mutex_unlock(&mutex);
}

static void unlock_other(unsigned self, unsigned unused)
{
	(void)self, (void)unused;
	mutex_unlock(&other);
}

KTEST(mutex_pair, "3.5", "a mutex may be waited for while another one is held")
{
	begin(4);
	for (unsigned i = 0; i < 4; i++)
		worker_do(i, lock_both, 0);
	for (unsigned i = 0; i < 4; i++) {
		KT_EQ(got_count, i < 3 ? i + 2 : 4); /* the next one has the first, and waits */
		KT_TRUE(!worker[i].busy);
		worker_do(i, unlock_other, 0);
	}
	KT_REQUIRE(mutex_trylock(&mutex) && mutex_trylock(&other));
	mutex_unlock(&other);
	mutex_unlock(&mutex);
	workers_end();
}
