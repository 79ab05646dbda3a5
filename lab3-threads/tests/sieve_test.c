/*
 * The sieve: right primes, and a clean end, also where memory ends it. test_channel.py
 * sees it in the monitor.
 */
#include "lab2-memory/page/inject.h"
#include "lab2-memory/page/page.h"
#include "lab3-threads/channel/sieve.h"
#include "lab3-threads/explore/explore.h"
#include "lab3-threads/tests/crew.h"
#include "lab3-threads/thread/thread.h"
#include <linux/errno.h>

static uint64_t last;    /* the latest prime */
static unsigned found;   /* how many there were */
static unsigned skipped; /* numbers that are primes, and were not found, or the other way round */

static bool is_prime(uint64_t number)
{
	for (uint64_t divisor = 2; divisor * divisor <= number; divisor++)
		if (number % divisor == 0)
			return false;
	return number >= 2;
}

static void note(uint64_t prime, void *context)
{
	KT_EQ(context, &found);
	for (uint64_t number = last + 1; number < prime; number++)
		skipped += is_prime(number);
	skipped += !is_prime(prime) || prime <= last;
	last = prime;
	found++;
}

static int run(unsigned count)
{
	int error;

	last = found = skipped = 0;
	error = sieve_run(count, note, &found);
	KT_EQ(skipped, 0);
	return error;
}

KTEST(sieve_finds_primes, "3.7", "a chain of threads and channels finds the first 50 primes",
	.limit = 10)
{
	KT_EQ(run(50), 0);
	KT_EQ(found, 50);
	KT_EQ(last, 229);
}

static void three_primes(void)
{
	KT_EQ(run(3), 0);
	KT_EQ(found, 3);
	KT_EQ(last, 5);
}

KTEST(sieve_explored, "3.7", "and three of them, and then ends, in whatever order its threads run",
	.limit = 20)
{
	explore(2, 12, three_primes);
}

KTEST(sieve_small, "", "none or one prime is no special case", .needs = "3.7")
{
	KT_EQ(run(0), 0);
	KT_EQ(found, 0);
	KT_EQ(run(1), 0);
	KT_EQ(last, 2);
}

/* Whatever is missing, the threads that there are come to an end. */
KTEST(sieve_fails_in_turn, "", "whichever allocation fails, the sieve ends, and nothing is lost",
	.needs = "3.7", .limit = 10)
{
	uint64_t count = 0, threads = thread_count();
	int error;

	do {
		inject_failure(++count);
		error = run(4);
		if (inject_pending())
			KT_EQ(error, 0);
		else
			KT_EQ(error, -ENOMEM);
		KT_EQ(thread_count(), threads);
	} while (!inject_pending());
	inject_failure(0);
	KT_TRUE(count > 12);
}

KTEST(sieve_uses_all_memory, "", "where memory is short the sieve finds what it can, and ends",
	.needs = "3.7", .limit = 20)
{
	struct list taken = LIST_INIT(taken);
	struct page *page;

	while (page_free_count() > 200 && (page = page_alloc(0, PAGE_NOWAIT)))
		list_push_back(&taken, &page->link);
	KT_EQ(run(1000), -ENOMEM);
	KT_TRUE(found > 10 && found < 200);
	while (!list_empty(&taken)) {
		page = list_entry(taken.next, struct page, link);
		list_remove(&page->link);
		page_free(page);
	}
	KT_EQ(run(5), 0);
	KT_EQ(last, 11);
}
